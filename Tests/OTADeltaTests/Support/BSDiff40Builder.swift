import OTACore
import OTADelta
import OTADeltaBZip2

@testable import OTADeltaEncoder

/// Builds patches of the format `BSDIFF40` byte by byte, right and wrong ones.
struct BSDiff40Builder {
  var magic = Array("BSDIFF40".utf8)
  /// The declared size of the new image.
  var sizeWord: UInt64
  /// The declared lengths of the first two compressed streams; what they are, if nothing.
  var controlSizeWord: UInt64?
  var differenceSizeWord: UInt64?
  /// What is compressed.
  var control: [UInt8] = []
  var difference: [UInt8] = []
  var extra: [UInt8] = []
  /// Changes the compressed streams, before they are measured.
  var change: ((inout [UInt8], inout [UInt8], inout [UInt8]) -> Void)?

  init(size: Int64) {
    sizeWord = PatchBuilder.word(size)
  }

  /// Appends a control triple and as many bytes as it says, if that is not too many.
  mutating func add(difference: Int64, extra: Int64, seek: Int64 = 0, bytes: [UInt8]? = nil) {
    add(words: PatchBuilder.word(difference), PatchBuilder.word(extra), PatchBuilder.word(seek))
    if let bytes {
      self.difference += bytes.prefix(Int(max(0, difference)))
      self.extra += bytes.dropFirst(Int(max(0, difference)))
    } else {
      self.difference += [UInt8](repeating: 0, count: Int(max(0, min(difference, 2000))))
      self.extra += [UInt8](repeating: 7, count: Int(max(0, min(extra, 2000))))
    }
  }

  /// Appends a control triple as its three words say it.
  mutating func add(words first: UInt64, _ second: UInt64, _ third: UInt64) {
    control += PatchBuilder.littleEndian(first) + PatchBuilder.littleEndian(second)
    control += PatchBuilder.littleEndian(third)
  }

  static func compressed(_ bytes: [UInt8]) throws -> [UInt8] {
    var deflater = try BZip2Deflater()
    deflater.write(bytes.span)
    return deflater.finish()
  }

  /// The patch.
  func patch() throws -> [UInt8] {
    var first = try BSDiff40Builder.compressed(control)
    var second = try BSDiff40Builder.compressed(difference)
    var third = try BSDiff40Builder.compressed(extra)
    change?(&first, &second, &third)
    let header =
      magic + PatchBuilder.littleEndian(controlSizeWord ?? UInt64(first.count))
      + PatchBuilder.littleEndian(differenceSizeWord ?? UInt64(second.count))
      + PatchBuilder.littleEndian(sizeWord)
    return header + first + second + third
  }
}

/// Limits that have room for three decompressors of bzip2.
let bzip2Limits = Limits(decoderMemory: 16 << 20)

/// Applies a patch of the format `BSDIFF40` from memory to memory.
func apply40(
  _ patch: [UInt8], to old: [UInt8], imageSize: Int, limits: Limits = bzip2Limits,
  chunking: Chunking = .whole
) throws -> Outcome {
  var decoder = try BSDiff40Decoder<BZip2Inflater>(
    imageSize: UInt32(imageSize), sourceSize: UInt32(old.count), limits: limits)
  return try drive(&decoder, patch, old: old, chunking: chunking)
}
