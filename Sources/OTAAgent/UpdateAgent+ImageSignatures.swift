import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTAPartition

// Devices whose images are signed: what may be activated, and when keys that a set has left out are gone.
extension UpdateAgent where Device: ~Copyable {
  /// The trust anchors, if the signatures of images are to be checked; `nil` if not.
  func imageTrust() async throws(TrustAnchorError) -> TrustState? {
    guard configuration.imageSignatures == .mcuboot, let keeper = configuration.trustKeeper else {
      return nil
    }
    let state = try await keeper.state()
    return state.requiresSignedImages ? state : nil
  }

  /// Refuses the verified image, if no key that may install has signed it; then there is none any more.
  ///
  /// - Parameter state: the trust anchors; `nil` if no signature is asked for.
  /// - Throws: an ``ImageSignatureFailure``.
  func requireSignatures(_ state: TrustState?) throws(ImageSignatureFailure) {
    imageAnchors = state?.anchors
    guard let state, let image = verified.take() else { return }
    let keys = AgentImageKeys(state, for: .installing, backends: configuration.backends)
    do throws(MCUbootError) {
      try withHash { (hash) throws(MCUbootError) in
        switch hash {
        case .sha384:
          try target.storage.requireSignatures(
            under: image, trusting: state, by: keys, using: OpenSSLSHA384.self)
        case .sha512:
          try target.storage.requireSignatures(
            under: image, trusting: state, by: keys, using: OpenSSLSHA512.self)
        default:
          try target.storage.requireSignatures(
            under: image, trusting: state, by: keys, using: OpenSSLSHA256.self)
        }
      }
    } catch {
      throw ImageSignatureFailure(error)
    }
    verified = consume image
  }

  /// Lets image keys of earlier sets go, if what runs was confirmed and keys of the present set have signed it.
  ///
  /// It looks at what is there and remembers nothing: what fails, or is cut off, is done at the next start.
  func retireImageKeys() async {
    do throws(TrustAnchorError) {
      guard let state = try await imageTrust(), state.isRetirementPending,
        let keeper = configuration.trustKeeper, let image = target.storage.runningImage, image.isSettled,
        image.isConfirmed, let signers = runningSigners(state)
      else { return }
      let next = try await keeper.retire(on: image, signers: signers)
      if !next.isRetirementPending { configuration.observer(.imageKeysRetired) }
    } catch {
      notice(refusal: error.code)
    }
  }

  /// Whose images run; `nil`, and the observer is told, if that cannot be said.
  private func runningSigners(_ state: TrustState) -> ImageSigners? {
    let keys = AgentImageKeys(state, for: .booting, backends: configuration.backends)
    do throws(MCUbootError) {
      return try withHash { (hash) throws(MCUbootError) in
        switch hash {
        case .sha384:
          try target.storage.signersOfRunningImage(trusting: state, by: keys, using: OpenSSLSHA384.self)
        case .sha512:
          try target.storage.signersOfRunningImage(trusting: state, by: keys, using: OpenSSLSHA512.self)
        default:
          try target.storage.signersOfRunningImage(trusting: state, by: keys, using: OpenSSLSHA256.self)
        }
      }
    } catch {
      switch ImageSignatureFailure(error) {
      case .refused: notice(refusal: .imageSignatureRefused)
      case .unchecked(let code): configuration.observer(.storageFailed(code))
      }
      return nil
    }
  }

  /// Works with the hash that images have: SHA-256, or what they say if that is another one.
  private func withHash<Result>(
    _ body: (MCUbootTLVType) throws(MCUbootError) -> Result
  ) throws(MCUbootError) -> Result {
    let other: MCUbootTLVType
    do throws(MCUbootError) {
      return try body(.sha256)
    } catch {
      guard case .unsupportedHash(let type) = error else { throw error }
      other = type
    }
    return try body(other)
  }
}
