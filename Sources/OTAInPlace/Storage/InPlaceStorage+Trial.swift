public import OTACore
import OTACrypto
import OTAPartition

extension InPlaceStorage where Device: ~Copyable, Hash: ~Copyable {
  /// Marks the image on trial as good, and raises the security counter to its sequence number.
  ///
  /// One record; the outcome to be reported is in it too. From then on there is no way back.
  ///
  /// - Throws: ``InPlaceError/storage(_:)`` with `StorageError.notOnTrial` or `StorageError.flash`.
  public mutating func confirm() throws(InPlaceError) {
    guard case .trial(let update, _) = state.phase else { throw .storage(.notOnTrial) }
    let report = Report(updateID: update.updateID, outcome: .installed)
    try commit(
      InPlaceState(
        phase: .confirmed(update.new, report: report),
        securityCounter: max(state.securityCounter, update.new.sequenceNumber)))
  }

  /// Gives the image on trial up: at the next start it is undone.
  ///
  /// One record, with the cause.
  ///
  /// - Parameter code: why.
  /// - Throws: ``InPlaceError/storage(_:)`` with `StorageError.notOnTrial` or `StorageError.flash`.
  public mutating func revert(_ code: ErrorCode) throws(InPlaceError) {
    guard case .trial(let update, _) = state.phase else { throw .storage(.notOnTrial) }
    try commit(.reverting(update, cause: code, stepsDone: 0))
  }

  /// Forgets the outcome that was to be reported.
  ///
  /// One record; none if there is nothing to forget.
  ///
  /// - Throws: ``InPlaceError/storage(_:)`` with `StorageError.flash`.
  public mutating func markReported() throws(InPlaceError) {
    guard case .confirmed(let image, .some) = state.phase else { return }
    try commit(.confirmed(image, report: nil))
  }
}
