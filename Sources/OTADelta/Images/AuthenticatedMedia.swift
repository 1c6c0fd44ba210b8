public import OTACore
public import OTACrypto

/// Why a ``BlockGate`` let no more through.
public enum BlockError<Failure: Error>: Error {
  /// A block of the image is not the one that was promised; its number. Nothing of it was written.
  case wrongBlock(UInt32)
  /// What is behind the gate failed.
  case sink(Failure)
}

extension BlockError: Equatable where Failure: Equatable {}

/// Lets the bytes of a new image through block by block, and each block only after its digest was found right.
///
/// For where the digests of the blocks of the *image* are known beforehand, from a signed manifest: then not one byte of a
/// wrong block reaches the flash, whatever the patch makes. It holds one block in memory. The last block is complete when
/// the image has its size.
public struct BlockGate<Hash: HashFunction & ~Copyable>: ~Copyable {
  private let blocks: BlockDigests
  private let imageSize: UInt32
  private let memory: DecoderMemory
  private let block: Cells<UInt8>
  private var pendingCount = 0
  /// How many bytes were found right and let through.
  public private(set) var releasedCount: UInt32 = 0

  /// How much memory one block takes, in bytes.
  public static func memoryRequirement(blocks: BlockDigests, imageSize: UInt32) -> UInt32 {
    min(blocks.blockSize, imageSize)
  }

  /// Starts before the first byte of an image.
  ///
  /// - Parameters:
  ///   - blocks: of the image, from a verified manifest: as many digests as the image has blocks.
  ///   - imageSize: how many bytes the image has.
  ///   - memory: at least ``memoryRequirement(blocks:imageSize:)``; less is the caller's mistake and traps.
  public init(blocks: BlockDigests, imageSize: UInt32, memory: consuming DecoderMemory) {
    precondition(
      blocks.blockSize > 0
        && blocks.digests.count == Int(BlockDigests.blockCount(size: imageSize, blockSize: blocks.blockSize)),
      "the digests are not those of the image")
    let size = BlockGate.memoryRequirement(blocks: blocks, imageSize: imageSize)
    self.blocks = blocks
    self.imageSize = imageSize
    block = memory.take(Int(size), of: UInt8.self)
    self.memory = memory
  }

  /// Takes bytes, and lets each block through that they complete.
  ///
  /// - Parameters:
  ///   - bytes: the next bytes of the image.
  ///   - release: gets whole blocks, in order.
  /// - Throws: ``BlockError/wrongBlock(_:)`` if a block is not the promised one, or the image has more bytes than it should;
  ///   ``BlockError/sink(_:)`` with what `release` throws. Then the gate is of no more use.
  public mutating func append<Failure>(
    _ bytes: Span<UInt8>, release: (Span<UInt8>) throws(Failure) -> Void
  ) throws(BlockError<Failure>) {
    var position = 0
    while position < bytes.count {
      let length = Int(min(blocks.blockSize, imageSize - releasedCount))
      guard length > 0 else { throw .wrongBlock(UInt32(blocks.digests.count)) }
      let count = min(length - pendingCount, bytes.count - position)
      for index in 0..<count { block[pendingCount + index] = bytes[position + index] }
      pendingCount += count
      position += count
      guard pendingCount == length else { continue }
      let number = releasedCount / blocks.blockSize
      guard Hash.digest(of: block.span(0..<length)) == blocks.digests[Int(number)] else {
        throw .wrongBlock(number)
      }
      do throws(Failure) {
        try release(block.span(0..<length))
      } catch {
        throw .sink(error)
      }
      releasedCount += UInt32(length)
      pendingCount = 0
    }
  }
}

/// Writes a new image through a ``BlockGate``: stands between a decoder and the medium.
///
/// What power loss leaves is for the medium behind to say; it gets whole blocks, in order.
public struct AuthenticatedMedia<Base: PatchMedia & ~Copyable, Hash: HashFunction & ~Copyable>: ~Copyable,
  PatchMedia
{
  /// The medium behind.
  public var base: Base
  private var gate: BlockGate<Hash>

  /// How many bytes were found right and written.
  public var writtenCount: UInt32 { gate.releasedCount }

  /// Stands in front of a medium.
  ///
  /// - Parameters:
  ///   - base: the medium.
  ///   - gate: of the image, before its first byte.
  public init(_ base: consuming Base, behind gate: consuming BlockGate<Hash>) {
    self.base = base
    self.gate = gate
  }

  /// Reads from the medium behind.
  public mutating func readSource(
    into destination: inout MutableSpan<UInt8>, at offset: UInt32
  ) throws(Base.SourceFailure) {
    try base.readSource(into: &destination, at: offset)
  }

  /// Takes bytes, and writes each block that they complete.
  ///
  /// - Throws: as ``BlockGate/append(_:release:)`` does. Then the decoder is of no more use.
  public mutating func writeImage(_ bytes: Span<UInt8>) throws(BlockError<Base.SinkFailure>) {
    try gate.append(bytes) { (block) throws(Base.SinkFailure) in try base.writeImage(block) }
  }
}
