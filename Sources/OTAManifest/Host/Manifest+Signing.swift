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
}
#endif
