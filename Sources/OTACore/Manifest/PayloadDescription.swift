/// The bytes in transport: where they are, how to know them, and how to make the image from them.
///
/// If they are encrypted, digest, size and blocks are those of what is decrypted.
public struct PayloadDescription: Equatable, Sendable {
  /// The digest of all payload bytes.
  public var digest: Digest
  /// How many payload bytes there are.
  public var size: UInt32
  /// Where they are, as an absolute URI or a reference relative to the server (RFC 3986), in UTF-8.
  public var uri: [UInt8]
  /// How the image is made from them.
  public var encoding: PayloadEncoding
  /// The digests that let a device authenticate each block before it is used.
  public var blocks: BlockDigests
  /// How it is encrypted on its way, if it is.
  public var encryption: PayloadEncryption?

  /// Makes a description from its parts.
  public init(
    digest: Digest, size: UInt32, uri: [UInt8], encoding: PayloadEncoding, blocks: BlockDigests,
    encryption: PayloadEncryption? = nil
  ) {
    self.digest = digest
    self.size = size
    self.uri = uri
    self.encoding = encoding
    self.blocks = blocks
    self.encryption = encryption
  }
}

/// How an image is made from a payload.
public enum PayloadEncoding: Equatable, Sendable {
  /// The payload is the image.
  case identity
  /// The payload is a patch on the image that runs now.
  case delta(DeltaDescription)
}

/// What a device must have, and know, to apply a patch.
public struct DeltaDescription: Equatable, Sendable {
  /// The format of the patch.
  public var format: DeltaFormat
  /// The image that the patch starts from.
  public var source: ImageDescription
  /// The working memory of the decoder, in bytes.
  public var memory: UInt32

  /// Makes a description from its parts.
  public init(format: DeltaFormat, source: ImageDescription, memory: UInt32) {
    self.format = format
    self.source = source
    self.memory = memory
  }
}

/// The formats of patches; the raw value stands in manifests.
public enum DeltaFormat: UInt8, Sendable, CaseIterable {
  /// `ENDSLEY/BSDIFF43`: control, difference and extra data interleaved in one zlib stream.
  case bsdiff43 = 1
  /// `OTAD`: addresses corrected by the covers, the rest coded by an adaptive model.
  case native = 2
}

/// Digests of equally long blocks of a payload or of an image, the last one possibly shorter.
///
/// They are part of the signed manifest, so that a device can authenticate each block before a byte of it reaches
/// a decoder or the flash. At least one block; the number of digests follows from the size of the whole.
public struct BlockDigests: Equatable, Sendable {
  /// The length of every block but the last, in bytes; not zero.
  public var blockSize: UInt32
  /// One SHA-256 digest a block, in order.
  public var digests: [Digest]

  /// Makes a list of digests.
  public init(blockSize: UInt32, digests: [Digest]) {
    self.blockSize = blockSize
    self.digests = digests
  }

  /// How many blocks a payload or an image of `size` bytes has.
  public static func blockCount(size: UInt32, blockSize: UInt32) -> UInt32 {
    guard blockSize > 0 else { return 0 }
    return size / blockSize + (size % blockSize == 0 ? 0 : 1)
  }

  /// Whether there are as many digests as `size` bytes have blocks, and at least one.
  public func isComplete(for size: UInt32) -> Bool {
    let count = BlockDigests.blockCount(size: size, blockSize: blockSize)
    return count > 0 && count == UInt32(exactly: digests.count)
  }
}
