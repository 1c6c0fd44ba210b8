import OTACore
import OTACrypto
import OTADelta
public import OTAPartition

extension InPlaceStorage where Device: ~Copyable, Hash: ~Copyable {
  /// Finishes what is half done, and says what boots; to be called by the boot loader at every start.
  ///
  /// - A confirmed image is digested, and boots if it is whole.
  /// - An update that was requested is tried first, without a change to the slot: the payload is digested again, and the
  ///   patch is decoded into the hash function. If it does not make the image of the manifest, the update is given up, and
  ///   the old image boots. Otherwise the image is changed, step by step, each with a record of its own; the new image is
  ///   digested where it runs, and goes on trial.
  /// - An image on trial costs one attempt, committed before this returns. When none is left, or the image does not verify,
  ///   or the application has given it up, it is undone in the same way: tried first, then done.
  /// - If it cannot be undone, because the payload or the patch back is damaged, the new image is confirmed if it verifies,
  ///   with the cause, and the security counter stays: it is the only image that there is.
  /// - An image on trial whose attempt cannot be recorded boots all the same, for the same reason.
  ///
  /// - Parameter codec: the decoder of the patches; used only while an image changes.
  /// - Returns: what to jump to, in slot a: verified just now. ``BootDecision/Kind/reverted(_:)`` stands for an update that
  ///   was undone or given up at this start, ``BootDecision/Kind/fallback`` for an image that boots because there is no
  ///   other.
  /// - Throws: ``InPlaceError/noBootableImage``; what stopped a change that is half done, and then the next start goes on
  ///   with it; ``InPlaceError/storage(_:)`` with `FlashError.powerLost` if the power goes, in a simulation.
  /// - Complexity: without a change, reads the image once, and makes at most one commit.
  public mutating func boot<Codec: SegmentCodec & ~Copyable>(
    with codec: inout Codec
  ) throws(InPlaceError) -> BootDecision {
    if case .applying(let update, let attempts, let stepsDone) = state.phase {
      if stepsDone == 0, let failure = try rehearsalFailure(.forward, of: update, with: &codec) {
        return try giveUp(update, because: failure)
      }
      try transform(.forward, update, from: stepsDone, with: &codec) { done in
        .applying(update, attempts: attempts, stepsDone: done)
      }
      if let contents = try verified(update.new) {
        try beginTrial(of: update, contents, attempts: attempts)
      } else {
        try commit(.reverting(update, cause: .bootVerificationFailed, stepsDone: 0))
      }
    }
    if case .trial(let update, let attemptsLeft) = state.phase {
      if let decision = try bootOnTrial(update, attemptsLeft: attemptsLeft) { return decision }
    }
    if case .reverting(let update, let cause, let stepsDone) = state.phase {
      if stepsDone == 0, try rehearsalFailure(.back, of: update, with: &codec) != nil {
        return try keep(update, because: cause)
      }
      try transform(.back, update, from: stepsDone, with: &codec) { done in
        .reverting(update, cause: cause, stepsDone: done)
      }
      return try settle(
        update.old, cause: cause, report: Report(updateID: update.updateID, outcome: .reverted(cause)),
        kind: .reverted(cause))
    }
    guard case .confirmed(let image, _) = state.phase, let contents = try verified(image) else {
      throw .noBootableImage
    }
    return BootDecision(contents, .confirmed)
  }

  // MARK: Trial

  /// Boots the image on trial, if it may and if it is whole.
  ///
  /// - Returns: `nil` if it is to be undone instead, which is then recorded.
  private mutating func bootOnTrial(
    _ update: InPlaceUpdate, attemptsLeft: UInt8
  ) throws(InPlaceError) -> BootDecision? {
    let contents = try verified(update.new)
    guard let contents else {
      try commit(.reverting(update, cause: .bootVerificationFailed, stepsDone: 0))
      return nil
    }
    let isRecorded = try attempt { (storage) throws(InPlaceError) in
      if attemptsLeft > 0 {
        try storage.commit(.trial(update, attemptsLeft: attemptsLeft - 1))
      } else {
        try storage.commit(.reverting(update, cause: .bootAttemptsExhausted, stepsDone: 0))
      }
    }
    guard isRecorded else { return BootDecision(contents, .fallback, isRecorded: false) }
    return attemptsLeft > 0 ? BootDecision(contents, .trial(attemptsLeft: attemptsLeft - 1)) : nil
  }

  // MARK: Changing the image

  /// Does the steps that are left, with a record for each.
  ///
  /// - Throws: what stopped it; the step can be done again.
  private mutating func transform<Codec: SegmentCodec & ~Copyable>(
    _ direction: Direction, _ update: InPlaceUpdate, from stepsDone: UInt32, with codec: inout Codec,
    phase: (UInt32) -> InPlacePhase
  ) throws(InPlaceError) {
    // Between two starts bits of the store may have changed. With a wrong patch nothing is to be made of the image.
    guard try holdsPayload(of: update) else { throw .payloadDigestMismatch }
    let patch = try patch(direction, of: update, Codec.self)
    try open(patch, with: &codec)
    var step = stepsDone
    while step < patch.plan.stepCount {
      try perform(step, of: patch.plan, with: &codec)
      step += 1
      try commit(phase(step))
    }
  }

  /// Tries a patch without a change to the slot.
  ///
  /// - Returns: why it is not to be applied; `nil` if it may be.
  /// - Throws: if the power goes.
  private mutating func rehearsalFailure<Codec: SegmentCodec & ~Copyable>(
    _ direction: Direction, of update: InPlaceUpdate, with codec: inout Codec
  ) throws(InPlaceError) -> InPlaceError? {
    do throws(InPlaceError) {
      guard try holdsPayload(of: update) else { return .payloadDigestMismatch }
      let patch = try patch(direction, of: update, Codec.self)
      try rehearse(patch, to: update.target(direction).image, with: &codec)
      return nil
    } catch {
      guard !error.isPowerLoss else { throw error }
      return error
    }
  }

  // MARK: Endings

  /// The old image, of which nothing has changed yet, stays.
  private mutating func giveUp(
    _ update: InPlaceUpdate, because failure: InPlaceError
  ) throws(InPlaceError) -> BootDecision {
    try settle(
      update.old, cause: failure.code,
      report: Report(updateID: update.updateID, outcome: .failed(failure.code)),
      kind: .reverted(failure.code))
  }

  /// The new image, of which nothing has changed yet, stays, because the way back is lost.
  private mutating func keep(
    _ update: InPlaceUpdate, because cause: ErrorCode
  ) throws(InPlaceError) -> BootDecision {
    try settle(
      update.new, cause: cause, report: Report(updateID: update.updateID, outcome: .failed(cause)),
      kind: .fallback)
  }

  /// Confirms what is in the slot if it is whole, without a change to the security counter.
  private mutating func settle(
    _ image: ImageRecord, cause: ErrorCode, report: Report, kind: BootDecision.Kind
  ) throws(InPlaceError) -> BootDecision {
    guard let contents = try verified(image) else { throw .noBootableImage }
    let next = InPlaceState(
      phase: .confirmed(image, report: report), securityCounter: state.securityCounter, lastRevert: cause)
    let isRecorded = try attempt { (storage) throws(InPlaceError) in try storage.commit(next) }
    return BootDecision(contents, kind, isRecorded: isRecorded)
  }

  /// Tries to commit.
  ///
  /// - Returns: whether it worked; a worn-out journal is no reason not to boot what is whole.
  private mutating func attempt(
    _ commit: (inout InPlaceStorage) throws(InPlaceError) -> Void
  ) throws(InPlaceError) -> Bool {
    do throws(InPlaceError) {
      try commit(&self)
      return true
    } catch {
      guard !error.isPowerLoss else { throw error }
      return false
    }
  }
}
