import OTACore

/// What the fetch directive needs to know of the payload: the contents of suit-parameter-fetch-arguments.
///
/// - Note: Source: project decision, Docs/ManifestFormat.md; the draft leaves the contents to the implementation
///   (section 8.4.8.11).
struct FetchArguments {
  var digest: Digest
  var size: UInt32
  var encoding: PayloadEncoding
  var blocks: BlockDigests
  var imageBlocks: BlockDigests?
  var encryption: PayloadEncryption?

  init(parsing bytes: Span<UInt8>, image: ImageDescription, limits: Limits) throws(ManifestError) {
    var reader = CBORReader(bytes, limits: limits)
    let count = try readMapHeader(&reader)
    var digest: Digest?
    var size: UInt32?
    var blockSize: UInt32?
    var blocks: Range<Int>?
    var imageBlockSize: UInt32?
    var imageBlocks: Range<Int>?
    encoding = .identity
    var previous: Int64?
    for _ in 0..<count {
      let key = try readKey(&reader, after: &previous)
      switch key {
      case FetchArgumentKey.payloadDigest: digest = try readDigest(&reader)
      case FetchArgumentKey.payloadSize: size = try readUInt32(&reader)
      case FetchArgumentKey.blockSize: blockSize = try readUInt32(&reader)
      case FetchArgumentKey.blockDigests: blocks = try readByteStringRange(&reader)
      case FetchArgumentKey.imageBlockSize: imageBlockSize = try readUInt32(&reader)
      case FetchArgumentKey.imageBlockDigests: imageBlocks = try readByteStringRange(&reader)
      case FetchArgumentKey.container: encryption = try PayloadEncryption(parsing: &reader, of: bytes)
      case FetchArgumentKey.delta: encoding = .delta(try DeltaDescription(parsing: &reader))
      default: throw .unsupportedParameter(SUITParameterKey.fetchArguments)
      }
    }
    try requireEnd(reader)
    guard let digest, let size, let blockSize, let blocks else {
      throw .missingParameter(SUITParameterKey.fetchArguments)
    }
    self.digest = digest
    self.size = size
    self.blocks = try FetchArguments.blocks(bytes.extracting(blocks), blockSize: blockSize, size: size)
    switch (imageBlockSize, imageBlocks) {
    case (nil, nil):
      self.imageBlocks = nil
    case (let blockSize?, let blocks?):
      self.imageBlocks = try FetchArguments.blocks(
        bytes.extracting(blocks), blockSize: blockSize, size: image.size)
    case (nil, _?), (_?, nil):
      throw .missingParameter(SUITParameterKey.fetchArguments)
    }
  }

  /// Splits a string of digests; their number must be that of the blocks.
  private static func blocks(
    _ bytes: Span<UInt8>, blockSize: UInt32, size: UInt32
  ) throws(ManifestError) -> BlockDigests {
    let length = DigestAlgorithm.sha256.byteCount
    let count = BlockDigests.blockCount(size: size, blockSize: blockSize)
    // In 64 bits: on a small processor the product may not fit an Int.
    guard count > 0, UInt64(count) * UInt64(length) == UInt64(bytes.count) else { throw .invalid(.blocks) }
    var digests: [Digest] = []
    digests.reserveCapacity(bytes.count / length)
    for start in stride(from: 0, to: bytes.count, by: length) {
      do throws(ParseError) {
        digests.append(
          try Digest(algorithm: .sha256, bytes: bytes.extracting(start..<start + length)))
      } catch {
        throw .malformed(error)
      }
    }
    return BlockDigests(blockSize: blockSize, digests: digests)
  }
}

extension DeltaDescription {
  fileprivate init(parsing reader: inout CBORReader) throws(ManifestError) {
    let count = try readMapHeader(&reader)
    var format: DeltaFormat?
    var digest: Digest?
    var size: UInt32?
    var memory: UInt32?
    var previous: Int64?
    for _ in 0..<count {
      let key = try readKey(&reader, after: &previous)
      switch key {
      case FetchArgumentKey.deltaFormat:
        let number = try readUnsigned(&reader)
        guard let small = UInt8(exactly: number), let known = DeltaFormat(rawValue: small) else {
          throw .unsupportedDeltaFormat(number)
        }
        format = known
      case FetchArgumentKey.deltaSourceDigest: digest = try readDigest(&reader)
      case FetchArgumentKey.deltaSourceSize: size = try readUInt32(&reader)
      case FetchArgumentKey.deltaMemory: memory = try readUInt32(&reader)
      default: throw .unsupportedParameter(SUITParameterKey.fetchArguments)
      }
    }
    guard let format, let digest, let size, let memory else {
      throw .missingParameter(SUITParameterKey.fetchArguments)
    }
    self.init(format: format, source: ImageDescription(digest: digest, size: size), memory: memory)
  }
}
