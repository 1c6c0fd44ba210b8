import Dispatch
import Synchronization

/// Codes several candidates at the same time, one thread each.
///
/// The first is coded on the thread of the caller, who alone is asked whether he wishes to stop: what he asks may depend on
/// his thread, as the cancellation of a task does.
struct CandidateRace: Sendable {
  let old: [UInt8]
  let new: [UInt8]
  let digests: NativeDigests

  /// How long the caller's wish to stop may go unnoticed while only the others are still at work.
  private static var patience: DispatchTimeInterval { .milliseconds(20) }

  /// Codes all of them.
  ///
  /// - Parameters:
  ///   - candidates: at least one.
  ///   - isCancelled: asked now and then, on this thread; `true` stops all of them, and nobody asks again.
  /// - Returns: the patches, in the order of the candidates.
  /// - Throws: the first error of a candidate, in their order.
  func run(
    _ candidates: [NativeCandidate], isCancelled: () -> Bool
  ) throws(DeltaEncoderError) -> [[UInt8]] {
    let others = Outcomes()
    let group = DispatchGroup()
    for (index, candidate) in candidates.enumerated().dropFirst() {
      DispatchQueue.global().async(group: group) {
        others.set(
          index,
          Result { () throws(DeltaEncoderError) in
            try candidate.encode(old: old, new: new, digests: digests) { others.isStopped }
          })
      }
    }
    let first = Result { () throws(DeltaEncoderError) in
      try candidates[0].encode(old: old, new: new, digests: digests, isCancelled: isCancelled)
    }
    if case .failure(.cancelled) = first { others.stop() }
    while group.wait(timeout: .now() + CandidateRace.patience) == .timedOut {
      if !others.isStopped, isCancelled() { others.stop() }
    }
    guard !others.isStopped else { throw .cancelled }
    var patches = [try first.get()]
    for index in candidates.indices.dropFirst() { patches.append(try others.take(index).get()) }
    return patches
  }

  /// What the other threads have come to.
  private final class Outcomes: Sendable {
    private let results = Mutex<[Int: Result<[UInt8], DeltaEncoderError>]>([:])
    private let stopped = Atomic<Bool>(false)

    var isStopped: Bool { stopped.load(ordering: .relaxed) }

    func stop() { stopped.store(true, ordering: .relaxed) }

    func set(_ index: Int, _ result: Result<[UInt8], DeltaEncoderError>) {
      results.withLock { $0[index] = result }
    }

    func take(_ index: Int) -> Result<[UInt8], DeltaEncoderError> {
      results.withLock { $0[index] } ?? .failure(.cancelled)
    }
  }
}
