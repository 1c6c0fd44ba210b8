import Testing

@testable import OTADelta

/// Patches that were made once: as long as the version of the format is the same, they give the same image.
@Suite("Native patches of old")
struct GoldenTests {
  static let old: [UInt8] = {
    var generator = SeededGenerator(seed: 20)
    return generator.bytes(360)
  }()
  /// Bytes inserted, changed and left out.
  static let new: [UInt8] = {
    var image = Array(old[..<120]) + Array("inserted".utf8) + Array(old[120..<240]) + Array(old[244...])
    for index in stride(from: 90, to: image.count, by: 90) { image[index] &+= 2 }
    return image
  }()

  /// Random bytes are full of addresses that are none: every correction is in these.
  static let patches: [(name: String, hex: String)] = [
    (
      "none",
      "4f5441440100000d00e802ec021903004706dc44bb84d08e40e64ac74a628c0d43a2dff865441ef11a7dbf4353993d18a2f0"
        + "9cc784c65aa9af"
    ),
    (
      "pointers32",
      "4f5441440100010d00e802ec021b03004706dc44bb84d08e40e64ac74a628c0d2f68714c039cd4dd4733a7e23fd50d2b6298"
        + "bfadb5468ff5f49ec4"
    ),
    (
      "pointers64",
      "4f5441440100020d00e802ec021b03004706dc44bb84d08e40e64ac74a628c0d2f68714c039cd4dd4733a7e23fd50d2b6298"
        + "bfadb5468ff5f49ec4"
    ),
    (
      "thumb",
      "4f5441440100030d00e802ec022403004706dc44bb84d08e40e64ac74a628c0d2f68714c039cd4dd4733a808306e283874f0"
        + "b401cfb9ad0cabbf4b8b4870ae330dcdf50a"
    ),
    (
      "arm",
      "4f5441440100040d00e802ec021e03004706dc44bb84d08e40e64ac74a628c0d2f68714c039cd4dd4733a7e23fd30534b840"
        + "25db1ec297c817958a8b678f"
    ),
    (
      "arm64",
      "4f5441440100050d00e802ec022003004706dc44bb84d08e40e64ac74a628c0d2f68714c039cd4dd4733a8117bb4f6f85fd1"
        + "e429260fa01c0134c8d179660bb4"
    ),
    (
      "riscv32",
      "4f5441440100060d00e802ec022403004706dc44bb84d08e40e64ac74a628c0d2f68714c039cd4dd4732c185fff7da12c0fe"
        + "dd5ef029a30f67ac1117d888e31bef42de97"
    ),
    (
      "riscv64",
      "4f5441440100070d00e802ec022303004706dc44bb84d08e40e64ac74a628c0d2f68714c039cd4dd4732c185fff7d9952677"
        + "ba0f2655c2164c39700b89d737be834549"
    ),
    (
      "x86-64",
      "4f5441440100080d00e802ec021a03004706dc44bb84d08e40e64ac74a628c0d2f68714c039cd4dd4733a567efe1a50d27f9"
        + "fe56fe7fcf42a82d"
    ),
    (
      "xtensa",
      "4f5441440100090d00e802ec022a03004706dc44bb84d08e40e64ac74a628c0d2f68714c039cd4dd4735974a1cb355ca88b7"
        + "3b3abc012d1081e7a76edd7bedbbd283777d225739dc4720"
    ),
    (
      "thumb-large",
      "4f5441440100030e0ae802ec022303004706dc44bb84d08e40e64ac74a628c0d2f68714c03a37cdb9c6d8c5fd2de7a1bfcea"
        + "cec69ead0dd305399aeb62cee2e7bb11a9"
    ),
  ]

  @Test("Each gives the image that it was made for", arguments: patches.indices)
  func decode(_ index: Int) throws {
    let (name, hex) = GoldenTests.patches[index]
    let digits = Array(hex.utf8).map { $0 < 0x40 ? $0 - 0x30 : $0 - 0x57 }
    let patch = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    #expect(
      try applyNative(patch, to: GoldenTests.old, imageSize: GoldenTests.new.count)
        == Outcome(output: GoldenTests.new, error: nil), "\(name)")
  }
}
