public import OTACore

/// A manifest that was verified on this device, without heap.
///
/// Made by ``CompactManifestVerifier`` only.
public struct CompactManifest: ~Copyable, Sendable {
  /// What a slot has to know.
  public let update: VerifiedUpdate
  /// What is transported: the smallest payload that the device can use.
  public let payload: CompactPayload

  init(update: consuming VerifiedUpdate, payload: CompactPayload) {
    self.update = update
    self.payload = payload
  }
}

/// The payload of a verified manifest, with the digests of its blocks where they stand in the envelope.
public struct CompactPayload: Sendable {
  /// The digest of all payload bytes.
  public let digest: Digest
  /// How many payload bytes there are; at least 1.
  public let size: UInt32
  /// How the image is made from them.
  public let encoding: PayloadEncoding
  /// The length of every block but the last, in bytes; not zero.
  public let blockSize: UInt32
  /// Where in the envelope the digests of the blocks are, 32 bytes each; `nil` if all of it is one block.
  let blocks: Range<Int>?

  init(_ arguments: CompactFetchArguments) {
    digest = arguments.digest
    size = arguments.size
    encoding = arguments.encoding
    blockSize = arguments.blockSize
    blocks = arguments.blocks
  }

  /// The length of the largest block, in bytes.
  public var largestBlock: UInt32 { min(blockSize, size) }

  /// The digest of one block.
  ///
  /// - Parameters:
  ///   - index: from 0.
  ///   - envelope: the same bytes that were verified; others are the caller's mistake.
  /// - Returns: the digest; `nil` if there are not so many blocks.
  public func digest(ofBlock index: UInt32, in envelope: Span<UInt8>) -> Digest? {
    guard index < BlockDigests.blockCount(size: size, blockSize: blockSize) else { return nil }
    guard let blocks else { return digest }
    let start = blocks.lowerBound + Int(index) * 32
    guard start + 32 <= blocks.upperBound, start + 32 <= envelope.count else { return nil }
    return try? Digest(algorithm: .sha256, bytes: envelope.extracting(start..<start + 32))
  }
}

/// The fetch arguments of one payload, by their places.
///
/// - Note: Source: Docs/ManifestFormat.md, as ``FetchArguments``.
struct CompactFetchArguments {
  var digest: Digest
  var size: UInt32
  var encoding = PayloadEncoding.identity
  var blockSize: UInt32
  var blocks: Range<Int>?
  var hasImageBlocks = false

  /// A payload that is the image, all of it one block: the manifest of another maker.
  init(image: ImageDescription) {
    digest = image.digest
    size = image.size
    blockSize = image.size
  }

  init(_ range: Range<Int>, of document: Span<UInt8>, image: ImageDescription) throws(CompactRefusal) {
    var reader = CompactReader(range, of: document)
    let count = try reader.count(.map)
    var digest: Digest?
    var size: UInt32?
    var blockSize: UInt32?
    var blocks: Range<Int>?
    var imageBlockSize: UInt32?
    var imageBlocks: Range<Int>?
    var previous: Int32?
    for _ in 0..<count {
      let key = Int64(try reader.key(after: &previous))
      switch key {
      case FetchArgumentKey.payloadDigest: digest = try reader.digest()
      case FetchArgumentKey.payloadSize: size = try reader.word()
      case FetchArgumentKey.blockSize: blockSize = try reader.word()
      case FetchArgumentKey.blockDigests: blocks = try reader.string()
      case FetchArgumentKey.imageBlockSize: imageBlockSize = try reader.word()
      case FetchArgumentKey.imageBlockDigests: imageBlocks = try reader.string()
      case FetchArgumentKey.delta: encoding = .delta(try CompactFetchArguments.readDelta(&reader))
      default: throw .unsupportedCommand
      }
    }
    try reader.requireEnd()
    guard let digest, let size, let blockSize, let blocks else {
      throw .missing
    }
    (self.digest, self.size, self.blockSize, self.blocks) = (digest, size, blockSize, blocks)
    try CompactFetchArguments.check(blocks, blockSize: blockSize, size: size)
    switch (imageBlockSize, imageBlocks) {
    case (nil, nil): break
    case (let blockSize?, let blocks?):
      try CompactFetchArguments.check(blocks, blockSize: blockSize, size: image.size)
      hasImageBlocks = true
    case (nil, _?), (_?, nil):
      throw .missing
    }
    guard size > 0 else { throw .malformed }
    if encoding == .identity, digest != image.digest || size != image.size { throw .malformed }
  }

  private static func readDelta(_ reader: inout CompactReader) throws(CompactRefusal) -> DeltaDescription {
    guard try reader.count(.map) == 4 else { throw .missing }
    var previous: Int32?
    guard try reader.key(after: &previous) == FetchArgumentKey.deltaFormat else { throw .missing }
    let format = DeltaFormat(rawValue: UInt8(truncatingIfNeeded: min(255, try reader.word())))
    guard let format else { throw CompactRefusal(.deltaUnsupportedFormat) }
    guard try reader.key(after: &previous) == FetchArgumentKey.deltaSourceDigest else { throw .missing }
    let digest = try reader.digest()
    guard try reader.key(after: &previous) == FetchArgumentKey.deltaSourceSize else { throw .missing }
    let size = try reader.word()
    guard try reader.key(after: &previous) == FetchArgumentKey.deltaMemory else { throw .missing }
    return DeltaDescription(
      format: format, source: ImageDescription(digest: digest, size: size), memory: try reader.word())
  }

  /// Refuses a string of digests whose number is not that of the blocks.
  private static func check(_ range: Range<Int>, blockSize: UInt32, size: UInt32) throws(CompactRefusal) {
    let count = BlockDigests.blockCount(size: size, blockSize: blockSize)
    // In 64 bits: on a small processor the product may not fit an Int.
    guard count > 0, UInt64(count) * 32 == UInt64(range.count) else { throw .malformed }
  }
}
