import OTACore
import OTACrypto

/// Holds back the bytes of a payload until the block that they belong to has proved to be the signed one.
///
/// Bytes come in any division; whole blocks go out. What was received stays here over an interruption, so that
/// nothing has to be fetched twice.
struct BlockAuthenticator<Hash: HashFunction & ~Copyable> {
  private let payload: PayloadDescription
  private var pending: [UInt8] = []

  /// How many payload bytes were authenticated and handed on; the end of a block.
  private(set) var authenticatedBytes: UInt32

  /// Starts at the block that holds a byte of the payload.
  init(payload: PayloadDescription, containing offset: UInt32) {
    self.payload = payload
    authenticatedBytes = offset - offset % payload.blocks.blockSize
    pending.reserveCapacity(Int(min(payload.blocks.blockSize, payload.size)))
  }

  /// How many payload bytes need not be fetched again.
  var receivedBytes: UInt32 { authenticatedBytes + UInt32(pending.count) }

  /// Whether the last block was handed on.
  var isComplete: Bool { authenticatedBytes == payload.size }

  /// How many bytes the next block has.
  private var blockLength: Int { Int(min(payload.blocks.blockSize, payload.size - authenticatedBytes)) }

  /// Takes in bytes, and calls `consume` with each block that is complete and authentic.
  ///
  /// - Throws: ``PayloadFailure/refused(_:)`` if a block is not the signed one, or there are more bytes than the
  ///   payload has; and what `consume` throws.
  mutating func append(
    _ bytes: [UInt8], consume: (Span<UInt8>) throws(PayloadFailure) -> Void
  ) throws(PayloadFailure) {
    var start = 0
    while start < bytes.count {
      guard !isComplete else { throw .refused(.payloadSizeMismatch) }
      let missing = blockLength - pending.count
      let taken = min(missing, bytes.count - start)
      pending.append(contentsOf: bytes[start..<start + taken])
      start += taken
      if taken == missing { try releaseBlock(consume) }
    }
  }

  private mutating func releaseBlock(
    _ consume: (Span<UInt8>) throws(PayloadFailure) -> Void
  ) throws(PayloadFailure) {
    let index = Int(authenticatedBytes / payload.blocks.blockSize)
    let expected = payload.blocks.digests[index]
    guard Hash.digest(of: pending.span) == expected else {
      // The bytes are dropped: another attempt starts at the block again.
      pending.removeAll(keepingCapacity: true)
      throw .refused(.payloadDigestMismatch)
    }
    try consume(pending.span)
    authenticatedBytes += UInt32(pending.count)
    pending.removeAll(keepingCapacity: true)
  }
}

/// Why a payload could not be taken in.
enum PayloadFailure: Error, Equatable {
  /// It is not the one of the manifest, or not a patch on this image.
  case refused(ErrorCode)
  /// The flash refused or failed.
  case storage(ErrorCode)
}
