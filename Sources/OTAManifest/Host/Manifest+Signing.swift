#if !hasFeature(Embedded)
public import OTACore
public import OTACrypto

extension Manifest {
  /// Encodes and signs this manifest.
  ///
  /// The same manifest and the same Ed25519 key give the same bytes.
  ///
  /// - Parameters:
  ///   - signer: who signs; its key is named in the envelope.
  ///   - limits: the envelope is not made larger than `Limits.envelopeSize`.
  /// - Returns: the envelope.
  /// - Throws: ``ManifestError/invalid(_:)`` for a manifest that no device would install or that contradicts itself,
  ///   ``ManifestError/limitExceeded(_:)`` if it does not fit, ``ManifestError/crypto(_:)`` if the signer fails.
  public func signedEnvelope(
    by signer: some Signer, limits: Limits = Limits()
  ) async throws(ManifestError) -> [UInt8] {
    let unsigned = try UnsignedEnvelope(self, signedBy: signer.publicKey, limits: limits)
    let signature: [UInt8]
    do throws(CryptoError) {
      signature = try await signer.signature(for: unsigned.signedBytes)
    } catch {
      throw .crypto(error)
    }
    return try unsigned.envelope(signature: signature)
  }

  /// Encodes this manifest, and signs it with several keys.
  ///
  /// - Parameters:
  ///   - signers: who signs, at least one and each key once; the keys are named in the envelope.
  ///   - namesCosigners: whether each signature says whose the others are, so that devices with
  ///     ``SignaturePolicy/refusesStripping`` notice one that was taken away. Readers that refuse headers which they do not
  ///     know refuse such a manifest.
  ///   - limits: the envelope is not made larger than `Limits.envelopeSize`.
  /// - Returns: the envelope.
  /// - Throws: as ``signedEnvelope(by:limits:)``; ``ManifestError/limitExceeded(_:)`` for more than eight signers.
  /// - Precondition: there is a signer.
  public func signedEnvelope(
    byAllOf signers: [any Signer], namesCosigners: Bool = true, limits: Limits = Limits()
  ) async throws(ManifestError) -> [UInt8] {
    guard let first = signers.first else { preconditionFailure("nobody signs") }
    let cosigners = namesCosigners && signers.count > 1 ? signers.map(\.keyIdentifier) : []
    let unsigned = try UnsignedEnvelope(
      self, signedBy: first.publicKey, cosigners: cosigners, limits: limits)
    var envelope = try unsigned.envelope(
      signature: try await Manifest.signature(for: unsigned.signedBytes, by: first))
    for signer in signers.dropFirst() {
      let addition = try EnvelopeSignature(
        addingTo: envelope, for: signer.publicKey, cosigners: cosigners, limits: limits)
      envelope = try addition.envelope(
        signature: try await Manifest.signature(for: addition.signedBytes, by: signer))
    }
    return envelope
  }

  private static func signature(
    for bytes: [UInt8], by signer: any Signer
  ) async throws(ManifestError) -> [UInt8] {
    do throws(CryptoError) {
      return try await signer.signature(for: bytes)
    } catch {
      throw .crypto(error)
    }
  }
}
#endif
