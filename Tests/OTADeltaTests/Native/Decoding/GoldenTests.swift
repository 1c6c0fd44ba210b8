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
      "4f5441440100000a00e802ec021e03004706dc44bb84d08e40e64ac74a628c0d2f68714c03a37f28d7c40928a21f593f4a12"
        + "7c5c9f7630adf662dcafb42e"
    ),
    (
      "pointers32",
      "4f5441440100010a00e802ec021e03004706dc44bb84d08e40e64ac74a628c0d2f68714c03a37f28d7c40928a21f593f4a12"
        + "7c5c9f7630adf662dcafb42e"
    ),
    (
      "pointers64",
      "4f5441440100020a00e802ec021f03004706dc44bb84d08e40e64ac74a628c0d2f68714c03a37f28d7c40d0ec01016677488"
        + "d19c5ee7bda929f8a0d7a3f63b"
    ),
    (
      "thumb",
      "4f5441440100030a00e802ec022703004706dc44bb84d08e40e64ac74a628c0d2f68714c03a37f28d7c40dae577a9cd18c03"
        + "f4ab4fc2b851c64a5c6b0205effc30197653df5864"
    ),
    (
      "arm",
      "4f5441440100040a00e802ec022303004706dc44bb84d08e40e64ac74a628c0d2f68714c03a37f28d7c40928a21f593f4a12"
        + "7c5c9a70657e738955403b8dfcbe60f0e6"
    ),
    (
      "arm64",
      "4f5441440100050a00e802ec022303004706dc44bb84d08e40e64ac74a628c0d2f68714c03a37f28d7c40b237c870d0f72fe"
        + "05bff807934665dda5797385eabb389b89"
    ),
    (
      "riscv32",
      "4f5441440100060a00e802ec022903004706dc44bb84d08e40e64ac74a628c0d2f68714c03a37f28d7c2cbb7ffb162270473"
        + "09a735e517b2b30638b057444480064039249bd13d1612"
    ),
    (
      "riscv64",
      "4f5441440100070a00e802ec022703004706dc44bb84d08e40e64ac74a628c0d2f68714c03a37f28d7c2cbb7ffb16224e77a"
        + "bd665b4b1ff3fbb9fa38acff43c3b9e2e8aea9dd50"
    ),
    (
      "x86-64",
      "4f5441440100080a00e802ec021d03004706dc44bb84d08e40e64ac74a628c0d2f68714c03a37f28d7c3fd03483e08e4d6df"
        + "667d3ad7b3fa37aee46e9b"
    ),
    (
      "xtensa",
      "4f5441440100090a00e802ec023103004706dc44bb84d08e40e64ac74a628c0d2f68714c03a37f28d7c689da9edb15bc6230"
        + "91dc129bf962ebf803fa6f50edd32592c197751169d1b345c338ad8dfa8c5f"
    ),
    (
      "thumb-large",
      "4f5441440100030e0ae802ec023403024706dc44bb84d08e40e64ac74a628c0dffffffeee0000003fc441c68f1d636164d2a"
        + "d2cc3bfc22bc80dd0626b600884dcaf5cd1431235e1b731acf10d50e757a7f6a86ab"
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
