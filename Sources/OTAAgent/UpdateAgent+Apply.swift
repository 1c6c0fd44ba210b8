import OTACore
import OTAPartition
import OTAStateMachine

// From a staged image to a confirmed or reverted one. Each step that changes what boots is one durable record.
extension UpdateAgent where Device: ~Copyable {
  func verifyImage() async -> UpdateEvent {
    let state: TrustState?
    do throws(TrustAnchorError) {
      state = try await imageTrust()
    } catch {
      return give(up: error.code)
    }
    guard let image = staged.take() else { return .storageFailed(.slotEmpty) }
    do {
      verified = try target.storage.verify(image, using: AgentHash.self)
    } catch {
      let code = error.code
      guard code == .imageDigestMismatch else { return fail(code) }
      dropUpdate()
      notice(refusal: code)
      return .imageRefused(code)
    }
    do throws(ImageSignatureFailure) {
      try requireSignatures(state)
      return .imageVerified
    } catch {
      switch error {
      case .refused:
        dropUpdate()
        notice(refusal: .imageSignatureRefused)
        return .imageRefused(.imageSignatureRefused)
      case .unchecked(let code): return fail(code)
      }
    }
  }

  func activate() async -> UpdateEvent {
    // Policy may have taken its time, and the keeper may have been given another set by somebody else.
    do throws(TrustAnchorError) {
      let state = try await imageTrust()
      if state?.anchors != imageAnchors {
        do throws(ImageSignatureFailure) {
          try requireSignatures(state)
        } catch {
          switch error {
          case .refused: return give(up: .imageSignatureRefused)
          case .unchecked(let code): return fail(code)
          }
        }
      }
    } catch {
      return give(up: error.code)
    }
    guard let image = verified.take() else { return .storageFailed(.slotEmpty) }
    do {
      try target.storage.activate(image, attempts: configuration.trialAttempts)
      return .activationRecorded
    } catch {
      return fail(error.code)
    }
  }

  func checkHealth() async -> UpdateEvent {
    guard let running = runningImage else { return .healthFailed(.slotEmpty) }
    let verdict = await verdict(
      of: configuration.health, on: running, timeout: configuration.healthTimeout, sleep: configuration.sleep)
    switch verdict {
    case .healthy: return .healthPassed
    case .unhealthy(let code): return .healthFailed(code)
    }
  }

  func confirm() async -> UpdateEvent {
    do {
      try target.storage.confirm()
    } catch {
      return fail(error.code)
    }
    await retireImageKeys()
    return .confirmationRecorded
  }

  /// Gives the image on trial up; where no other one is there to go back to, it stays, and the update has failed.
  func revert(_ code: ErrorCode) -> UpdateEvent {
    do throws(StorageError) {
      do throws(StorageError) {
        try target.storage.revert(code, verifying: AgentHash.self)
      } catch {
        guard error == .slotEmpty else { throw error }
        try target.storage.keep(code, verifying: AgentHash.self)
      }
      return .reversionRecorded
    } catch {
      return fail(error.code)
    }
  }

  /// Gives the update up because of what was found out about trust: nothing is wrong with the flash.
  private func give(up code: ErrorCode) -> UpdateEvent {
    dropUpdate()
    notice(refusal: code)
    return .storageFailed(code)
  }

  private func fail(_ code: ErrorCode) -> UpdateEvent {
    dropUpdate()
    configuration.observer(.storageFailed(code))
    return .storageFailed(code)
  }
}
