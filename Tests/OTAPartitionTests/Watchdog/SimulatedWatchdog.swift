import OTAFlashSimulator
import OTAPartition

/// A watchdog on the virtual clock of a simulated device.
///
/// It notices that it is late at the next feeding or look; nothing is interrupted.
final class SimulatedWatchdog: Watchdog {
  private let device: SharedFlash
  private var timeout: Duration?
  private var deadline = Duration.zero
  /// Time that passes beside the flash.
  private var extra = Duration.zero
  /// The longest timeout that the hardware has.
  private let maximum: UInt32
  private(set) var feedings = 0
  /// Whether it has reset the device.
  private(set) var hasFired = false

  init(_ device: SharedFlash, maximum: UInt32 = 60_000) {
    self.device = device
    self.maximum = maximum
  }

  var isRunning: Bool { timeout != nil }

  func start(timeout milliseconds: UInt32) throws(WatchdogError) {
    guard milliseconds > 0, milliseconds <= maximum else { throw .timeoutOutOfRange }
    look()
    timeout = .milliseconds(Int64(milliseconds))
    wait()
  }

  func feed() {
    look()
    feedings += 1
    wait()
  }

  /// Lets time pass in which nobody feeds.
  func pass(_ time: Duration) {
    extra += time
    look()
  }

  /// A reset of the processor stops it.
  func reset() {
    timeout = nil
    hasFired = false
  }

  private var now: Duration { device.snapshot.counters.time + extra }

  private func look() { if timeout != nil, now > deadline { hasFired = true } }

  private func wait() { if let timeout { deadline = now + timeout } }
}
