public import OTACore

/// The journal as boot control.
///
/// Images of an update are activated with the token that proves their verification, see
/// ``DeviceStorage/activate(_:attempts:)``. Here a slot can only be requested that holds an image which went that way
/// before: the one before the last update, say.
extension DeviceStorage: BootControl where Device: ~Copyable {
  /// What a record of the journal can count.
  public var maximumAttempts: UInt8 { 254 }

  /// What was committed last; reads nothing, and is never `nil`.
  public mutating func selection() throws(StorageError) -> BootSelection? { state.boot.selection }

  /// Requests that an image boots, on trial, that was verified and recorded earlier; one record.
  ///
  /// - Throws: ``StorageError/slotInUse`` if the slot is selected, runs, a trial has not ended, or images are
  ///   moving;
  ///   ``StorageError/slotEmpty`` if nothing is recorded for the slot, as while an update is being staged;
  ///   ``StorageError/sequenceNumberReplayed`` if its image is below the security counter;
  ///   ``StorageError/flash(_:)``.
  /// - Precondition: `attempts` is not 0.
  public mutating func requestTrial(of slot: SlotIdentifier, attempts: UInt8) throws(StorageError) {
    precondition(attempts > 0, "an image on trial needs an attempt")
    try requireSettled()
    guard case .confirmed(let selected) = state.boot.selection, selected != slot, runningSlot == selected
    else { throw .slotInUse }
    guard let image = state.boot[slot] else { throw .slotEmpty }
    guard image.sequenceNumber >= state.boot.securityCounter else { throw .sequenceNumberReplayed }
    var next = state
    next.boot.selection = .trial(slot, attemptsLeft: min(attempts, maximumAttempts))
    try commit(next)
  }

  /// Ends a trial as ``confirm()``.
  ///
  /// - Throws: ``StorageError/notOnTrial`` if the slot is not the selected one, or does not run; as ``confirm()``.
  public mutating func confirm(_ slot: SlotIdentifier) throws(StorageError) {
    guard slot == state.boot.selection.slot, slot == runningSlot else { throw .notOnTrial }
    guard case .trial = state.boot.selection else { return }
    try confirm()
  }
}
