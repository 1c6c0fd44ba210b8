import Dispatch

/// Runs the jobs of an actor on a serial queue of its own.
///
/// A database blocks, for as long as another process holds the lock: the threads of the cooperative pool must not.
final class DatabaseExecutor: SerialExecutor {
  private let queue = DispatchQueue(label: "ota.server.sqlite")

  func enqueue(_ job: consuming ExecutorJob) {
    let unowned = UnownedJob(job)
    let executor = unsafe asUnownedSerialExecutor()
    queue.async {
      unsafe unowned.runSynchronously(on: executor)
    }
  }
}
