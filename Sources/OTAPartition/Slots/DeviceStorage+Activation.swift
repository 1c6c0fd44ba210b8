public import OTACore
public import OTACrypto

extension DeviceStorage where Device: ~Copyable {
  /// Requests that a verified image boots, on trial.
  ///
  /// One record: from then on the boot manager boots it, at most `attempts` times, until it is confirmed.
  ///
  /// - Parameters:
  ///   - image: what was verified in the inactive slot.
  ///   - attempts: how often it may boot without being confirmed.
  /// - Throws: ``StorageError/superseded`` if another staging was begun since; ``StorageError/slotInUse`` while images
  ///   are moving; ``StorageError/flash(_:)``.
  /// - Precondition: `attempts` is not 0.
  public mutating func activate(
    _ image: consuming VerifiedImage, attempts: UInt8
  ) throws(StorageError) {
    precondition(attempts > 0, "an image on trial needs an attempt")
    try requireSettled()
    let staging = image.staging
    guard isCurrent(staging) else { throw .superseded }
    var next = state
    next.boot.selection = .trial(staging.slot, attemptsLeft: attempts)
    next.boot[staging.slot] = staging.record
    next.update = .applying(staging.offer)
    try commit(next)
  }

  /// Marks the image on trial as good, and raises the security counter to its sequence number.
  ///
  /// One record; the outcome to be reported is in it too, so that a device that runs the new image never forgets to say
  /// so.
  ///
  /// - Throws: ``StorageError/notOnTrial``; ``StorageError/slotEmpty`` if nothing is recorded for the slot;
  ///   ``StorageError/slotInUse`` while images are moving; ``StorageError/flash(_:)``.
  public mutating func confirm() throws(StorageError) {
    try requireSettled()
    guard case .trial(let slot, _) = state.boot.selection, slot == runningSlot else { throw .notOnTrial }
    guard let image = state.boot[slot] else { throw .slotEmpty }
    var next = state
    next.boot.selection = .confirmed(slot)
    next.boot.securityCounter = max(state.boot.securityCounter, image.sequenceNumber)
    next.boot.lastRevert = nil
    if case .applying(let offer) = state.update {
      next.update = .reporting(Report(updateID: offer.updateID, outcome: .installed))
    }
    try commit(next)
  }

  /// Gives the image on trial up: the other slot boots next.
  ///
  /// One record, with the cause; the slot of the image on trial counts as empty from then on.
  ///
  /// - Parameter code: why.
  /// - Throws: ``StorageError/notOnTrial``; ``StorageError/slotEmpty`` if the other slot holds no image, and then nothing
  ///   has changed, as always after an update that was written over the image before it; ``StorageError/slotInUse`` while
  ///   images are moving; ``StorageError/flash(_:)``.
  public mutating func revert(_ code: ErrorCode) throws(StorageError) {
    try requireSettled()
    guard case .trial(let failed, _) = state.boot.selection else { throw .notOnTrial }
    guard state.boot[failed.other] != nil else { throw .slotEmpty }
    var next = state
    next.boot.selection = .confirmed(failed.other)
    next.boot[failed] = nil
    next.boot.lastRevert = code
    if case .applying(let offer) = state.update {
      next.update = .rollingBack(offer, code)
    }
    try commit(next)
  }

  /// Gives the image on trial up, if the one before it is still whole.
  ///
  /// - Parameters:
  ///   - code: why.
  ///   - hash: the function of the images' digests.
  /// - Throws: as ``revert(_:)``, and ``StorageError/slotEmpty`` also if the other slot does not verify any more: then
  ///   nothing has changed, and ``keep(_:verifying:)`` may keep a bad image rather than none.
  public mutating func revert<Hash: HashFunction & ~Copyable>(
    _ code: ErrorCode, verifying hash: Hash.Type
  ) throws(StorageError) {
    try requireSettled()
    guard case .trial(let failed, _) = state.boot.selection else { throw .notOnTrial }
    guard try mayBoot(failed.other, using: Hash.self) else { throw .slotEmpty }
    try revert(code)
  }

  /// Whether the boot manager would boot a slot: recorded, not below the security counter, and whole.
  private mutating func mayBoot<Hash: HashFunction & ~Copyable>(
    _ slot: SlotIdentifier, using hash: Hash.Type
  ) throws(StorageError) -> Bool {
    guard let record = state.boot[slot], record.sequenceNumber >= state.boot.securityCounter else {
      return false
    }
    return try holds(record, in: slot, using: Hash.self)
  }

  /// Ends a trial that failed but cannot be reverted, because no other image is whole: the image stays selected.
  ///
  /// One record; the security counter stays where it is, the other slot counts as empty, and the outcome to be reported is
  /// that the update failed. The device can be updated again.
  ///
  /// - Parameters:
  ///   - code: why it failed.
  ///   - hash: the function of the images' digests.
  /// - Throws: ``StorageError/notOnTrial``; ``StorageError/slotInUse`` while images are moving, or if the other slot
  ///   verifies, and then nothing has changed; ``StorageError/flash(_:)``.
  public mutating func keep<Hash: HashFunction & ~Copyable>(
    _ code: ErrorCode, verifying hash: Hash.Type
  ) throws(StorageError) {
    try requireSettled()
    guard case .trial(let slot, _) = state.boot.selection, slot == runningSlot else { throw .notOnTrial }
    guard try !mayBoot(slot.other, using: Hash.self) else { throw .slotInUse }
    var next = state
    next.boot.selection = .confirmed(slot)
    next.boot[slot.other] = nil
    next.boot.lastRevert = code
    if case .applying(let offer) = state.update {
      next.update = .reporting(Report(updateID: offer.updateID, outcome: .failed(code)))
    }
    try commit(next)
  }

  /// Commits that one fewer attempt is left.
  mutating func countAttempt() throws(StorageError) {
    guard case .trial(let slot, let attemptsLeft) = state.boot.selection, attemptsLeft > 0 else {
      throw .notOnTrial
    }
    var next = state
    next.boot.selection = .trial(slot, attemptsLeft: attemptsLeft - 1)
    try commit(next)
  }

  /// Commits that the other slot boots, because the confirmed one does not verify any more.
  mutating func fallBack(to slot: SlotIdentifier) throws(StorageError) {
    var next = state
    next.boot.selection = .confirmed(slot)
    next.boot.lastRevert = .bootVerificationFailed
    try commit(next)
  }
}
