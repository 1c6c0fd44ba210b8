public import OTACore
import OTACrypto
public import OTAPartition
import OTAStateMachine

// From an image in the inactive slot to a confirmed one, or back.
extension SerialSession where Device: ~Copyable, Signer: ~Copyable {
  /// Confirms the image on trial, and raises the security counter: the application has found it healthy.
  ///
  /// - Throws: `StorageError.notOnTrial`; `StorageError.flash`, and the next start is one attempt less.
  public mutating func confirm() throws(StorageError) {
    guard isOnTrial else { throw .notOnTrial }
    try target.storage.confirm()
    _ = machine.handle(.healthPassed)
    _ = machine.handle(.confirmationRecorded)
  }

  /// Gives the image on trial up: the one before it boots next.
  ///
  /// ``isResetDue`` is set then.
  ///
  /// Where the one before it does not verify any more, the present one is kept, and the update counts as failed.
  ///
  /// - Parameter code: why.
  /// - Throws: `StorageError.notOnTrial`; `StorageError.flash`, and the next start is one attempt less.
  public mutating func giveUp(_ code: ErrorCode) throws(StorageError) {
    guard isOnTrial else { throw .notOnTrial }
    do throws(StorageError) {
      try target.storage.revert(code, verifying: SHA256.self)
    } catch {
      guard error == .slotEmpty else { throw error }
      try target.storage.keep(code, verifying: SHA256.self)
      machine = UpdateMachine(resuming: target.storage.state.update)
      return
    }
    _ = machine.handle(.healthFailed(code))
    _ = machine.handle(.reversionRecorded)
    isResetDue = true
  }

  /// Holds the image in the slot against the manifest.
  mutating func verify(_ updateID: Digest) throws(SerialRefusal) {
    guard let offer, offer.updateID == updateID else { throw SerialRefusal(.unknownUpdate) }
    guard verified == nil else { return }
    guard isTransferred else { throw SerialRefusal(.payloadSizeMismatch) }
    do throws(StorageError) {
      let staged = try target.finish()
      verified = try target.storage.verify(staged, using: SHA256.self)
    } catch {
      throw fail(
        error == .imageDigestMismatch ? .imageRefused(error.code) : .storageFailed(error.code), error.code)
    }
    _ = machine.handle(.imageVerified)
  }

  /// Selects the verified image for trial.
  mutating func activate(_ updateID: Digest) throws(SerialRefusal) {
    if case .applying(let offer) = machine.state, offer.updateID == updateID { return }
    guard let offer, offer.updateID == updateID else { throw SerialRefusal(.unknownUpdate) }
    guard let image = verified.take() else { throw SerialRefusal(.imageDigestMismatch) }
    _ = machine.handle(.policyDecided(.accept))
    do throws(StorageError) {
      try target.storage.activate(image, attempts: options.trialAttempts)
    } catch {
      throw fail(.storageFailed(error.code), error.code)
    }
    _ = machine.handle(.activationRecorded)
    forget()
  }

  /// Restarts, if an image waits for that: a frame that comes again after the restart does not cause another one.
  mutating func reset() throws(SerialRefusal) {
    switch machine.state {
    case .applying, .rollingBack: isResetDue = true
    case .idle, .checking, .offered, .downloading, .verifying, .readyToApply, .trial, .reporting, .error:
      throw SerialRefusal(.policyRejected)
    }
  }

  /// Confirms or gives up, where that is left to the host.
  mutating func decide(_ updateID: Digest, isGood: Bool) throws(SerialRefusal) {
    guard options.allowsHostDecision else { throw SerialRefusal(.policyRejected) }
    switch machine.state {
    case .reporting(let report) where report.updateID == updateID && isGood == (report.outcome == .installed):
      return
    case .rollingBack(let offer, _) where offer.updateID == updateID && !isGood: return
    case .trial(let offer) where offer.updateID == updateID: break
    case .idle, .checking, .offered, .downloading, .verifying, .readyToApply, .applying, .trial, .rollingBack,
      .reporting, .error:
      throw SerialRefusal(.unknownUpdate)
    }
    do throws(StorageError) {
      if isGood { try confirm() } else { try giveUp(.cancelled) }
    } catch {
      throw SerialRefusal(error.code)
    }
  }

  /// Gives up what is being received.
  mutating func cancel(_ updateID: Digest) throws(SerialRefusal) {
    guard let offer, offer.updateID == updateID else { throw SerialRefusal(.unknownUpdate) }
    _ = fail(.cancelled, .cancelled)
  }

  /// Ends an update that cannot go on, and records how it ended.
  mutating func fail(_ event: UpdateEvent, _ code: ErrorCode) -> SerialRefusal {
    _ = machine.handle(event)
    forget()
    recordState()
    lastRefusal = code
    return SerialRefusal(code)
  }

  /// Forgets what is being received; the journal still knows how far it came.
  mutating func abandon() {
    guard offer != nil else { return }
    forget()
    machine = UpdateMachine(resuming: target.storage.state.update)
  }

  private mutating func forget() {
    target.abandon()
    (offer, payload) = (nil, nil)
    patch = nil
    verified = nil
    (releasedBytes, pendingBytes) = (0, 0)
  }

  /// Makes durable where the machine is.
  ///
  /// If that fails, the next start comes to the same from what is recorded.
  mutating func recordState() {
    let current = target.storage.state.update
    let next = machine.record(after: current)
    guard next != current else { return }
    do throws(StorageError) {
      try target.storage.record(next)
    } catch {
      lastRefusal = error.code
    }
  }

  /// At a start on trial, though the trial was given up: the record is made up for.
  mutating func recordReversion(_ code: ErrorCode) {
    do throws(StorageError) {
      try target.storage.revert(code, verifying: SHA256.self)
      _ = machine.handle(.reversionRecorded)
    } catch {
      lastRefusal = error.code
      _ = machine.handle(.storageFailed(error.code))
    }
    isResetDue = true
  }
}
