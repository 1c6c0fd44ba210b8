public import OTACore
public import OTACrypto

/// Why a write of ``AuthenticatedMedia`` failed.
public enum BlockError<Failure: Error>: Error {
  /// A block of the image is not the one that was promised; its number. Nothing of it was written.
  case wrongBlock(UInt32)
  /// The medium behind failed.
  case sink(Failure)
}

extension BlockError: Equatable where Failure: Equatable {}

/// Writes a new image block by block, and each block only after its digest was found right.
///
/// Stands between a decoder and the medium where the digests of the blocks of the *image* are known beforehand, from a
/// signed manifest: then not one byte of a wrong block reaches the flash, whatever the patch makes. It holds one block
/// in memory. The last block is complete when the image has its size.
///
/// What power loss leaves is for the medium behind to say; it gets whole blocks, in order.
public struct AuthenticatedMedia<Base: PatchMedia & ~Copyable, Hash: HashFunction & ~Copyable>: ~Copyable,
  PatchMedia
{
  /// The medium behind.
  public var base: Base
  private let blocks: BlockDigests
  private let imageSize: UInt32
  private let memory: DecoderMemory
  private let block: Cells<UInt8>
  private var pendingCount = 0
  /// How many bytes were found right and written.
  public private(set) var writtenCount: UInt32 = 0

  /// How much memory one block takes, in bytes.
  public static func memoryRequirement(blocks: BlockDigests, imageSize: UInt32) -> UInt32 {
    min(blocks.blockSize, imageSize)
  }

  /// Stands in front of a medium.
  ///
  /// - Parameters:
  ///   - base: the medium.
  ///   - blocks: of the image, from a verified manifest: as many digests as the image has blocks.
  ///   - imageSize: how many bytes the image has.
  ///   - memory: at least ``memoryRequirement(blocks:imageSize:)``; less is the caller's mistake and traps.
  public init(
    _ base: consuming Base, blocks: BlockDigests, imageSize: UInt32, memory: consuming DecoderMemory
  ) {
    precondition(
      blocks.blockSize > 0
        && blocks.digests.count == Int(BlockDigests.blockCount(size: imageSize, blockSize: blocks.blockSize)),
      "the digests are not those of the image")
    let size = AuthenticatedMedia.memoryRequirement(blocks: blocks, imageSize: imageSize)
    self.base = base
    self.blocks = blocks
    self.imageSize = imageSize
    block = memory.take(Int(size), of: UInt8.self)
    self.memory = memory
  }

  /// Reads from the medium behind.
  public mutating func readSource(
    into destination: inout MutableSpan<UInt8>, at offset: UInt32
  ) throws(Base.SourceFailure) {
    try base.readSource(into: &destination, at: offset)
  }

  /// Takes bytes, and writes each block that they complete.
  ///
  /// - Parameter bytes: the next bytes of the image.
  /// - Throws: ``BlockError/wrongBlock(_:)`` if a block is not the promised one, or the image has more bytes than it should;
  ///   ``BlockError/sink(_:)`` if the medium fails. Then the decoder is of no more use.
  public mutating func writeImage(_ bytes: Span<UInt8>) throws(BlockError<Base.SinkFailure>) {
    var position = 0
    while position < bytes.count {
      let length = Int(min(blocks.blockSize, imageSize - writtenCount))
      guard length > 0 else { throw .wrongBlock(UInt32(blocks.digests.count)) }
      let count = min(length - pendingCount, bytes.count - position)
      for index in 0..<count { block[pendingCount + index] = bytes[position + index] }
      pendingCount += count
      position += count
      if pendingCount == length { try release(length) }
    }
  }

  private mutating func release(_ length: Int) throws(BlockError<Base.SinkFailure>) {
    let number = writtenCount / blocks.blockSize
    guard Hash.digest(of: block.span(0..<length)) == blocks.digests[Int(number)] else {
      throw .wrongBlock(number)
    }
    do throws(Base.SinkFailure) {
      try base.writeImage(block.span(0..<length))
    } catch {
      throw .sink(error)
    }
    writtenCount += UInt32(length)
    pendingCount = 0
  }
}
