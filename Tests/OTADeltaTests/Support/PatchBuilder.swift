import OTADelta

@testable import OTADeltaEncoder

/// Builds patches byte by byte, right and wrong ones.
struct PatchBuilder {
  /// The first 16 bytes.
  var magic = Array("ENDSLEY/BSDIFF43".utf8)
  /// The declared size of the new image, as the eight bytes say it.
  var sizeWord: UInt64
  /// What is compressed.
  var content: [UInt8] = []
  /// What stands behind the compressed stream.
  var trailer: [UInt8] = []

  init(size: Int64) {
    sizeWord = PatchBuilder.word(size)
  }

  /// Sign and magnitude, as the format wants it.
  static func word(_ value: Int64) -> UInt64 {
    value.magnitude | (value < 0 ? 1 << 63 : 0)
  }

  static func littleEndian(_ word: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
  }

  /// Appends a control triple, and what belongs to it.
  mutating func add(
    difference: Int64, extra: Int64, seek: Int64 = 0, bytes: [UInt8] = []
  ) {
    add(words: PatchBuilder.word(difference), PatchBuilder.word(extra), PatchBuilder.word(seek), bytes: bytes)
  }

  /// Appends a control triple as its three words say it.
  mutating func add(words first: UInt64, _ second: UInt64, _ third: UInt64, bytes: [UInt8] = []) {
    content += PatchBuilder.littleEndian(first) + PatchBuilder.littleEndian(second)
    content += PatchBuilder.littleEndian(third) + bytes
  }

  var header: [UInt8] { magic + PatchBuilder.littleEndian(sizeWord) }

  /// The patch.
  func patch() throws -> [UInt8] {
    var deflater = try ZlibDeflater(appendingTo: header)
    deflater.write(content.span)
    return deflater.finish() + trailer
  }

  /// The patch with another compressed stream in place of its own.
  func patch(stream: [UInt8]) -> [UInt8] { header + stream + trailer }

  /// The compressed stream alone.
  func stream() throws -> [UInt8] {
    var deflater = try ZlibDeflater()
    deflater.write(content.span)
    return deflater.finish()
  }
}
