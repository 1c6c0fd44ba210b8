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
  /// The functions of the digests, looked up once: blocks are short.
  private let hashes: [CryptoBackend.Hash]

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
    guard blocks.blockSize > 0, blocks.digests.count == Int(count) else { throw .authenticationFailed }
    var hashes: [CryptoBackend.Hash] = []
    for digest in blocks.digests where !hashes.contains(where: { $0.algorithm == digest.algorithm }) {
      guard let name = backends.names(for: digest.algorithm).first,
        let backend = backends.backends.first(where: { $0.name == name }),
        let hash = backend.hashes.first(where: { $0.algorithm == digest.algorithm })
      else { throw .unsupportedAlgorithm }
      hashes.append(hash)
    }
    self.hashes = hashes
    self.blocks = blocks
    self.size = Int(size)
  }

  /// Checks bytes in memory, and returns only if every block has its digest.
  ///
  /// - Parameters:
  ///   - bytes: all of them; they are not copied.
  ///   - workers: how many threads hash at a time, if there are as many cores.
  /// - Throws: ``CryptoError/authenticationFailed`` if a block, or the number of bytes, is another one.
  /// - Precondition: There is at least one worker.
  public func verify(_ bytes: [UInt8], workers: Int) async throws(CryptoError) {
    guard bytes.count == size else { throw .authenticationFailed }
    try await run(workers: workers) { part in
      // Spans, since whatever counts its owners would be counted by all cores at once.
      let all = bytes.span
      let digests = blocks.digests.span
      let hashes = hashes.span
      for block in part {
        guard isDigest(digests[block], of: all.extracting(range(of: block)), hashes) else {
          return .authenticationFailed
        }
      }
      return nil
    }
  }

  /// Checks bytes that are read piece by piece, and returns only if every block has its digest.
  ///
  /// - Parameters:
  ///   - workers: how many threads read and hash at a time; each has a buffer as large as a block.
  ///   - read: fills all of the buffer with the bytes from an offset on; called by several threads at once. Returns
  ///     whether it could.
  /// - Throws: ``CryptoError/authenticationFailed`` if a block is another one, ``CryptoError/unavailable`` if one could not
  ///   be read; then the others are not looked at any more.
  /// - Precondition: There is at least one worker.
  public func verify(
    workers: Int, reading read: @escaping @Sendable (_ offset: Int, inout MutableSpan<UInt8>) -> Bool
  ) async throws(CryptoError) {
    try await run(workers: workers) { part in
      var buffer = [UInt8](repeating: 0, count: range(of: part.lowerBound).count)
      for block in part {
        let range = range(of: block)
        // Only the last block is shorter.
        if buffer.count > range.count { buffer.removeLast(buffer.count - range.count) }
        var span = buffer.mutableSpan
        guard read(range.lowerBound, &span) else { return .unavailable }
        guard isDigest(blocks.digests[block], of: buffer.span, hashes.span) else {
          return .authenticationFailed
        }
      }
      return nil
    }
  }

  /// How many bytes a worker takes at a time, at least.
  private static let partSize = 64 << 10

  /// The next block, and the first thing that went wrong.
  private final class Progress: Sendable {
    let next = Atomic<Int>(0)
    let failure = Atomic<UInt8>(0xff)
  }

  private func run(
    workers: Int, _ check: @escaping @Sendable (_ part: Range<Int>) -> CryptoError?
  ) async throws(CryptoError) {
    precondition(workers > 0, "somebody has to do the work")
    let progress = Progress()
    let count = blocks.digests.count
    // Short blocks are taken several at a time.
    let step = max(1, BlockVerifier.partSize / Int(blocks.blockSize))
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<min(workers, count) {
        group.addTask {
          while progress.failure.load(ordering: .relaxed) == 0xff {
            let start = progress.next.wrappingAdd(step, ordering: .relaxed).oldValue
            guard start < count else { return }
            if let error = check(start..<min(start + step, count)) {
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

  private func isDigest(
    _ expected: Digest, of bytes: Span<UInt8>, _ hashes: Span<CryptoBackend.Hash>
  ) -> Bool {
    for index in hashes.indices where hashes[index].algorithm == expected.algorithm {
      let state = hashes[index].start()
      state.update(bytes)
      return state.finalize() == expected
    }
    return false
  }
}
#endif
