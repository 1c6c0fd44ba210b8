import OTADeltaEncoder

/// Images and patches that several suites damage.
enum NativeSample {
  /// An image of Thumb code into which code was inserted, and its patch for a small and for a large decoder.
  static let old = Firmware.thumb.image(seed: 5, functionCount: 24, insertions: [])
  static let new: [UInt8] = {
    var image = Firmware.thumb.image(seed: 5, functionCount: 24, insertions: [3, 11, 12])
    var generator = SeededGenerator(seed: 9)
    image += generator.bytes(40)
    return image
  }()

  static func patch(memory: UInt32?) throws -> [UInt8] {
    try NativeEncoder.makePatch(
      old: old, new: new, options: NativeEncoder.Options(memory: memory, architecture: "thumb"))
  }

  /// Memory for the two kinds of decoder.
  static let memories: [UInt32] = [10 << 10, 200 << 10]
}
