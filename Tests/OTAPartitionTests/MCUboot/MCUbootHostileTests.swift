import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("MCUboot images from somebody hostile")
struct MCUbootHostileTests {
  private let bench: MCUbootBench

  init() throws { bench = try MCUbootBench() }

  @Test("noise behind the magic is refused, and never traps")
  func noise() throws {
    var random = SplitMix64(seed: TestSeed.value)
    print("seed \(TestSeed.value)")
    var errors: Set<UInt16> = []
    for round in 0..<5_000 {
      var bytes = (0..<Int.random(in: 32...400, using: &random)).map { _ in
        UInt8.random(in: .min ... .max, using: &random)
      }
      bytes.replaceSubrange(0..<4, with: RawImage.word(0x96f3_b83d))
      if round % 2 == 0 {
        // Sizes that let the reader come far.
        let header = UInt16.random(in: 30...40, using: &random)
        let image = UInt32.random(in: 0...60, using: &random)
        let protected = UInt16.random(in: 0...1, using: &random) * UInt16.random(in: 0...40, using: &random)
        bytes.replaceSubrange(8..<16, with: RawImage.pair(header, protected) + RawImage.word(image))
        let area = Int(header) + Int(image)
        let heads =
          protected > 0
          ? [(area, RawImage.pair(0x6908, protected)), (area + Int(protected), RawImage.pair(0x6907, 60))]
          : [(area, RawImage.pair(0x6907, UInt16.random(in: 0...80, using: &random)))]
        for (place, head) in heads where place + 4 <= bytes.count {
          bytes.replaceSubrange(place..<place + 4, with: head)
        }
      }
      let slot = 0..<UInt32.random(in: 0...16_384, using: &random)
      do throws(MCUbootError) {
        try bench.verify(bytes, slot: slot)
        Issue.record("noise was verified, seed \(TestSeed.value)")
      } catch {
        errors.insert(error.code.rawValue)
      }
    }
    // It is no test of the first check only.
    #expect(errors.count >= 3)
  }

  @Test("images of imgtool with some bytes changed are refused, and never trap")
  func mutations() throws {
    var random = SplitMix64(seed: TestSeed.value)
    print("seed \(TestSeed.value)")
    let vectors = try [MCUbootVectors.signed, MCUbootVectors.signedProtected, MCUbootVectors.encrypted]
      .map { try MCUbootVectors.bytes($0) }
    for _ in 0..<5_000 {
      let original = try #require(vectors.randomElement(using: &random))
      var bytes = original
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        bytes[place] =
          [0, 1, 4, 0x7f, 0x80, 0xff, UInt8.random(in: .min ... .max, using: &random)]
          .randomElement(using: &random) ?? 0
      }
      guard bytes != original else { continue }
      #expect(throws: MCUbootError.self, "seed \(TestSeed.value)") { try bench.verify(bytes) }
    }
  }

  @Test("flash that reads otherwise the second time: what comes out is what was signed")
  func turncoat() throws {
    let signed = try MCUbootVectors.bytes(MCUbootVectors.signedProtected)
    var forged = signed
    // The security counter, a dependency, the version, the size of the firmware, the size of the protected area.
    for place in [93, 199, 20, 12, 10, 87] { forged[place] ^= 0x21 }
    var accepted = 0
    for (before, after) in [(signed, forged), (forged, signed)] {
      for reads in 0..<80 {
        var flash = TurncoatFlash(
          before: try MCUbootBench.flash(before), after: try MCUbootBench.flash(after), reads: reads)
        if let contents = try? bench.verify(&flash, slot: 0..<16_384) {
          accepted += 1
          #expect(contents.securityCounter == 7 && contents.dependency(0).image == 1)
        }
      }
    }
    // The signed one before, with the change behind the last read.
    #expect(accepted > 0 && accepted < 160)
  }

  /// Reads from one device, and after so many reads from another.
  private struct TurncoatFlash: Flash {
    var before: SimulatedFlash
    var after: SimulatedFlash
    var reads: Int

    var geometry: FlashGeometry { before.geometry }

    mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError) {
      reads -= 1
      if reads >= 0 {
        try before.read(into: &destination, at: offset)
      } else {
        try after.read(into: &destination, at: offset)
      }
    }

    mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) { throw .deviceFailure }

    mutating func erase(_ range: Range<UInt32>) throws(FlashError) { throw .deviceFailure }
  }
}
