import Foundation

/// Runs long work on a thread of its own.
///
/// All tests share a few threads, and some of them wait for an answer in time: work that never pauses must not sit
/// there.
func onOwnThread<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    Thread { continuation.resume(with: Swift.Result(catching: work)) }.start()
  }
}
