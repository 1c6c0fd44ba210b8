import OTACore
import OTAFlashSimulator
import OTAPartition
import OTATesting

/// Moves a device from the slot that it runs to the other one and holds what is selected against what may be.
///
/// `Control` is opened anew at every start. What the outside world has seen is carried along with the device.
struct BootControlScenario<Control: BootControl & ~Copyable> {
  var old = SlotIdentifier.a
  /// Whether the new image passes its health check.
  var isHealthy = true
  /// Opens the adapter.
  var open: (SharedFlash) throws(StorageError) -> Control
  /// What the boot loader does at a start, written from its documents and not with the adapter; `nil` without one.
  var boot: ((SharedFlash) throws(StorageError) -> SlotIdentifier?)?
  /// The slot that the boot loader would boot next, found likewise, without changing anything.
  var read: (SharedFlash) throws(StorageError) -> SlotIdentifier?

  /// What may be selected.
  struct Witness {
    var mayBeOld = true
    var mayBeNew = false
    var newHasRun = false

    init() {}

    init(_ device: SharedFlash) {
      let note = device.withFlash { $0.note }
      mayBeOld = note & 1 == 0
      mayBeNew = note & 2 != 0
      newHasRun = note & 4 != 0
    }

    func leave(with device: SharedFlash) {
      let note: UInt64 = (mayBeOld ? 0 : 1) | (mayBeNew ? 2 : 0) | (newHasRun ? 4 : 0)
      device.withFlash { $0.note = note }
    }
  }

  func check(_ start: SimulatedFlash, with checker: PowerLossChecker) -> PowerLossReport {
    checker.check(
      start,
      scenario: { device throws(StorageError) in
        for _ in 0..<16 where try turn(device) { return }
      },
      invariant: problem,
      completion: { device in
        if let problem = problem(on: device) { return problem }
        do throws(StorageError) {
          var control = try open(device)
          let selection = try control.selection()
          let expected = BootSelection.confirmed(isHealthy ? old.other : old)
          return selection == expected ? nil : "ends with \(String(describing: selection))"
        } catch {
          return "cannot be read at the end: \(error)"
        }
      })
  }

  /// One start of the device.
  ///
  /// - Returns: whether the update has found its end.
  private func turn(_ device: SharedFlash) throws(StorageError) -> Bool {
    let booted = try boot?(device)
    var control = try open(device)
    guard let selection = try control.selection() else { return true }
    let running = booted ?? selection.slot
    var witness = Witness(device)
    if running != old { witness.newHasRun = true }
    witness.leave(with: device)
    switch selection {
    case .confirmed(old):
      if witness.newHasRun, !isHealthy { return true }
      witness.mayBeNew = true
      witness.leave(with: device)
      try control.requestTrial(of: old.other, attempts: 3)
      return false
    case .confirmed:
      return true
    case .trial(_, let attemptsLeft):
      guard running != old else {
        // Either it was requested a moment ago, or it is the boot loader that gave it up.
        if attemptsLeft > 0 { return false }
        try control.revert(.bootAttemptsExhausted)
        return !isHealthy
      }
      if isHealthy {
        witness.mayBeOld = true
        witness.leave(with: device)
        try control.confirm(running)
        witness.mayBeOld = false
      } else {
        try control.revert(.healthCheckFailed)
        witness.mayBeNew = false
      }
      witness.leave(with: device)
      return true
    }
  }

  private func problem(on device: SharedFlash) -> String? {
    let witness = Witness(device)
    do throws(StorageError) {
      guard let slot = try read(device) else { return "nothing is selected" }
      let isAllowed = slot == old ? witness.mayBeOld : witness.mayBeNew
      return isAllowed ? nil : "slot \(slot) is selected"
    } catch {
      return "cannot be read: \(error)"
    }
  }
}

extension Flash where Self: ~Copyable {
  /// Bytes as an array, for tests.
  mutating func bytes(of range: Range<UInt32>) throws(StorageError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    do throws(FlashError) {
      var span = bytes.mutableSpan
      try read(into: &span, at: range.lowerBound)
    } catch {
      throw .flash(error)
    }
    return bytes
  }

  /// What a boot loader does to its data: erase, then write.
  mutating func replace(_ block: Range<UInt32>, with bytes: [UInt8]) throws(StorageError) {
    do throws(FlashError) {
      try erase(block)
      try write(bytes.span, at: block.lowerBound)
    } catch {
      throw .flash(error)
    }
  }
}
