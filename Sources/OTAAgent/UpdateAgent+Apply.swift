import OTACore
import OTACryptoSodium
import OTAPartition
import OTAStateMachine

// From a staged image to a confirmed or reverted one. Each step that changes what boots is one durable record.
extension UpdateAgent where Device: ~Copyable {
  func verifyImage() -> UpdateEvent {
    guard let image = staged.take() else { return .storageFailed(.slotEmpty) }
    do {
      verified = try target.storage.verify(image, using: SodiumSHA256.self)
      return .imageVerified
    } catch {
      let code = error.code
      guard code == .imageDigestMismatch else { return fail(code) }
      dropUpdate()
      notice(refusal: code)
      return .imageRefused(code)
    }
  }

  func activate() -> UpdateEvent {
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

  func confirm() -> UpdateEvent {
    do {
      try target.storage.confirm()
      return .confirmationRecorded
    } catch {
      return fail(error.code)
    }
  }

  /// Gives the image on trial up; where no other one is there to go back to, it stays, and the update has failed.
  func revert(_ code: ErrorCode) -> UpdateEvent {
    do throws(StorageError) {
      do throws(StorageError) {
        try target.storage.revert(code, verifying: SodiumSHA256.self)
      } catch {
        guard error == .slotEmpty else { throw error }
        try target.storage.keep(code, verifying: SodiumSHA256.self)
      }
      return .reversionRecorded
    } catch {
      return fail(error.code)
    }
  }

  private func fail(_ code: ErrorCode) -> UpdateEvent {
    dropUpdate()
    configuration.observer(.storageFailed(code))
    return .storageFailed(code)
  }
}
