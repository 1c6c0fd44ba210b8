public import OTACore
public import OTADelta

/// Makes chunk indexes.
///
/// Deterministic: the same image and parameters give the same bytes.
public enum ChunkIndexEncoder {
  /// Chunks of about 8 KiB, from 2 to 64 KiB.
  public static var defaultParameters: ChunkParameters {
    guard let parameters = ChunkParameters(minimumSize: 2 << 10, averageLogarithm: 13, maximumSize: 64 << 10)
    else {
      preconditionFailure("the defaults are allowed")
    }
    return parameters
  }

  /// Makes the index of an image.
  ///
  /// - Parameters:
  ///   - image: the new image, which devices fetch parts of.
  ///   - parameters: how to cut; smaller chunks find more, and make the index larger.
  ///   - sha256: the hash function SHA-256.
  /// - Returns: the index.
  /// - Throws: ``DeltaEncoderError/imageTooLarge`` over 2^32 - 1 bytes.
  public static func makeIndex(
    of image: [UInt8], parameters: ChunkParameters = defaultParameters, sha256: (Span<UInt8>) -> Digest
  ) throws(DeltaEncoderError) -> [UInt8] {
    guard let imageSize = UInt32(exactly: image.count) else { throw .imageTooLarge }
    var entries: [UInt8] = []
    var count: UInt32 = 0
    var chunker = Chunker(parameters)
    var position = 0
    while position < image.count {
      let (taken, _) = chunker.take(image.span.extracting(position..<image.count))
      let chunk = image.span.extracting(position..<position + taken)
      append(UInt32(taken), to: &entries)
      let digest = sha256(chunk)
      precondition(digest.algorithm == .sha256, "another hash function")
      for index in 0..<digest.bytes.count { entries.append(digest.bytes[index]) }
      count += 1
      position += taken
    }
    var index: [UInt8] = [0x4f, 0x54, 0x41, 0x58, 0x01, parameters.averageLogarithm, 0, 0]
    append(parameters.minimumSize, to: &index)
    append(parameters.maximumSize, to: &index)
    append(imageSize, to: &index)
    append(count, to: &index)
    return index + entries
  }

  private static func append(_ value: UInt32, to bytes: inout [UInt8]) {
    for index in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(8 * index))) }
  }
}
