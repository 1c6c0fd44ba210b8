#if !hasFeature(Embedded)
public import OTACore
public import OTACrypto

extension PayloadDescription {
  /// Describes a payload: its size, its digest, and the digests of its blocks.
  ///
  /// - Parameters:
  ///   - payload: all of its bytes; at most 4 GiB - 1.
  ///   - uri: where devices get it, absolute or relative to the server (RFC 3986).
  ///   - encoding: how the image is made from it.
  ///   - hash: a SHA-256 backend.
  ///   - blockSize: the length of a block, in bytes; by default ``blockSize(for:)``.
  /// - Precondition: the payload is not longer than 32 bits can say, the block size is not zero.
  public init<Hash: HashFunction & ~Copyable>(
    of payload: [UInt8], uri: String, encoding: PayloadEncoding, hash: Hash.Type, blockSize: UInt32? = nil
  ) {
    precondition(payload.count <= UInt32.max, "a payload is at most 4 GiB")
    let size = UInt32(payload.count)
    let blockSize = blockSize ?? PayloadDescription.blockSize(for: size)
    self.init(
      digest: Hash.digest(of: payload.span), size: size, uri: [UInt8](uri.utf8), encoding: encoding,
      blocks: BlockDigests(of: payload, hash: hash, blockSize: blockSize))
  }

  /// The block size that suits a payload: the smallest power of two from 4 KiB on that makes at most 256 blocks.
  ///
  /// A device holds one block in memory, and fetches a block again that was not complete when its power failed; the
  /// manifest carries 32 bytes for each. Project decision, Docs/Architecture.md.
  ///
  /// - Parameter size: the length of the payload, in bytes.
  /// - Returns: the length of a block, in bytes.
  public static func blockSize(for size: UInt32) -> UInt32 {
    var blockSize: UInt32 = 4096
    while BlockDigests.blockCount(size: size, blockSize: blockSize) > 256 { blockSize *= 2 }
    return blockSize
  }
}

extension BlockDigests {
  /// Takes the digests of the blocks of a payload or an image.
  ///
  /// - Parameters:
  ///   - bytes: all of them, at least one.
  ///   - hash: a SHA-256 backend.
  ///   - blockSize: the length of a block, in bytes; more than zero.
  /// - Precondition: the block size is not zero.
  public init<Hash: HashFunction & ~Copyable>(of bytes: [UInt8], hash: Hash.Type, blockSize: UInt32) {
    precondition(blockSize > 0, "blocks have bytes")
    let digests = stride(from: 0, to: bytes.count, by: Int(blockSize)).map { start in
      Hash.digest(of: bytes.span.extracting(start..<min(start + Int(blockSize), bytes.count)))
    }
    self.init(blockSize: blockSize, digests: digests)
  }
}
#endif
