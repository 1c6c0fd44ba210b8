#if !hasFeature(Embedded)
public import OTACore
import Synchronization

/// Checks all blocks of something large against their signed digests, on all cores.
///
/// For what is there as a whole: a file that was downloaded, an image in a slot, a cache. A payload that is still coming is
/// checked block by block as it comes.
public struct BlockVerifier: Sendable {
  private let blocks: BlockDigests
  private let size: Int
  private let backends: CryptoBackends

  /// Takes the signed list.
  ///
  /// - Parameters:
  ///   - blocks: the digests, from a manifest that was verified.
  ///   - size: how many bytes there are.
  ///   - backends: what hashes.
  /// - Throws: ``CryptoError/authenticationFailed`` if the list has another number of digests than `size` bytes have
  ///   blocks, ``CryptoError/unsupportedAlgorithm`` if no backend has the function of a digest.
  public init(_ blocks: BlockDigests, size: UInt32, backends: CryptoBackends) throws(CryptoError) {
    let count = BlockDigests.blockCount(size: size, blockSize: blocks.blockSize)
    guard blocks.digests.count == Int(count) else { throw .authenticationFailed }
    for digest in blocks.digests where backends.names(for: digest.algorithm).isEmpty {
      throw .unsupportedAlgorithm
    }
    self.blocks = blocks
    self.size = Int(size)
    self.backends = backends
  }

  /// Checks bytes in memory, and returns only if every block has its digest.
  ///
  /// - Parameters:
  ///   - bytes: all of them; they are not copied.
  ///   - workers: how many blocks are hashed at a time, if there are as many cores.
  /// - Throws: ``CryptoError/authenticationFailed`` if a block, or the number of bytes, is another one.
  /// - Precondition: There is at least one worker.
  public func verify(_ bytes: [UInt8], workers: Int) async throws(CryptoError) {
    guard bytes.count == size else { throw .authenticationFailed }
    try await run(workers: workers) { block in
      let range = range(of: block)
      return isGood(block, bytes.span.extracting(range)) ? nil : .authenticationFailed
    }
  }

  /// Checks bytes that are read piece by piece, and returns only if every block has its digest.
  ///
  /// - Parameters:
  ///   - workers: how many blocks are read and hashed at a time; each has a buffer as large as a block.
  ///   - read: fills all of the buffer with the bytes from an offset on; called by several threads at once. Returns
  ///     whether it could.
  /// - Throws: ``CryptoError/authenticationFailed`` if a block is another one, ``CryptoError/unavailable`` if one could not
  ///   be read; then the others are not looked at any more.
  /// - Precondition: There is at least one worker.
  public func verify(
    workers: Int, reading read: @escaping @Sendable (_ offset: Int, inout MutableSpan<UInt8>) -> Bool
  ) async throws(CryptoError) {
    try await run(workers: workers) { block in
      let range = range(of: block)
      var buffer = [UInt8](repeating: 0, count: range.count)
      var span = buffer.mutableSpan
      guard read(range.lowerBound, &span) else { return .unavailable }
      return isGood(block, buffer.span) ? nil : .authenticationFailed
    }
  }

  /// The next block, and the first thing that went wrong.
  private final class Progress: Sendable {
    let next = Atomic<Int>(0)
    let failure = Atomic<UInt8>(0xff)
  }

  private func run(
    workers: Int, _ check: @escaping @Sendable (_ block: Int) -> CryptoError?
  ) async throws(CryptoError) {
    precondition(workers > 0, "somebody has to do the work")
    let progress = Progress()
    let count = blocks.digests.count
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<min(workers, count) {
        group.addTask {
          while progress.failure.load(ordering: .relaxed) == 0xff {
            let block = progress.next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard block < count else { return }
            if let error = check(block) {
              progress.failure.store(error.rawValue, ordering: .relaxed)
              return
            }
          }
        }
      }
      await group.waitForAll()
    }
    // The end of the group has made everything visible.
    if let error = CryptoError(rawValue: progress.failure.load(ordering: .relaxed)) { throw error }
  }

  private func range(of block: Int) -> Range<Int> {
    let start = block * Int(blocks.blockSize)
    return start..<min(start + Int(blocks.blockSize), size)
  }

  private func isGood(_ block: Int, _ bytes: Span<UInt8>) -> Bool {
    let expected = blocks.digests[block]
    do throws(CryptoError) {
      return try backends.digest(expected.algorithm, of: bytes) == expected
    } catch {
      return false
    }
  }
}
#endif
