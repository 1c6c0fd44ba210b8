import Foundation
import OTADeltaEncoder
import Testing

@testable import OTADelta

@Suite("Native patches of real firmware")
struct NativeCorpusTests {
  /// Pairs with the most bytes that their patch may have.
  static let bounds: [(pair: String, size: Int)] = [
    ("m4-lua-insert", 500), ("m4-mpy-pyboard-patch", 950), ("m4-greatfet", 3600),
  ]

  @Test("Patches do not become larger than they were", arguments: 0..<3)
  func sizes(_ index: Int) throws {
    let (pair, bound) = NativeCorpusTests.bounds[index]
    guard SharedFolder.hasCorpus(pair) else {
      print("skipped: no ../shared/corpus/\(pair)")
      return
    }
    let old = try SharedFolder.bytes(pair, "old.bin")
    let new = try SharedFolder.bytes(pair, "new.bin")
    // The architecture is named to save the time of finding it; another test does that.
    let patch = try NativeEncoder.makePatch(
      old: old, new: new, options: NativeEncoder.Options(architecture: "thumb"))
    print("\(pair): \(patch.count) bytes")
    #expect(patch.count <= bound)
    #expect(try applyNative(patch, to: old, imageSize: new.count) == Outcome(output: new, error: nil))
  }
}
