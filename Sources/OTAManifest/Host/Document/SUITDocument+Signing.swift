#if !hasFeature(Embedded)
import OTACore
public import OTACrypto

extension SUITDocument {
  /// The bytes that a key signs to vouch for this envelope, for a key that is elsewhere.
  ///
  /// - Parameter key: the public part of the key that will sign.
  /// - Returns: the bytes to sign, not their digest.
  /// - Throws: what ``checkDigests()`` throws: nobody signs a digest that is not that of the manifest.
  /// - Note: Source: draft-ietf-suit-manifest-37, section 8.3 (signers verify the digest first).
  public func signedBytes(for key: PublicKey) throws(ManifestError) -> [UInt8] {
    try checkDigests()
    let headers = try COSESign1.protectedHeaders(for: key)
    let noData: [UInt8] = []
    return try COSESign1.signedBytes(
      protectedHeaders: headers.span, externalData: noData.span, payload: encodedDigest.span)
  }

  /// Adds a signature to those that are there.
  ///
  /// - Parameters:
  ///   - signature: of the bytes of ``signedBytes(for:)``; it is not checked.
  ///   - key: the public part of the key that signed.
  /// - Throws: ``ManifestError/crypto(_:)`` with `CryptoError.authenticationFailed` if the signature has the wrong length.
  public mutating func append(signature: [UInt8], by key: PublicKey) throws(ManifestError) {
    guard signature.count == key.algorithm.signatureSize else { throw .crypto(.authenticationFailed) }
    authenticationBlocks.append(
      try COSESign1.encoded(
        protectedHeaders: try COSESign1.protectedHeaders(for: key), payload: nil, signature: signature))
  }

  /// Signs the envelope; signatures that are there stay.
  ///
  /// - Parameter signer: who signs.
  /// - Throws: what ``checkDigests()`` throws, ``ManifestError/crypto(_:)`` if the signer fails,
  ///   ``ManifestError/limitExceeded(_:)`` if there are as many signatures as a device looks at.
  public mutating func sign(by signer: some Signer) async throws(ManifestError) {
    guard authenticationBlocks.count < SUITEnvelope.maximumBlockCount else {
      throw .limitExceeded(.envelope)
    }
    let bytes = try signedBytes(for: signer.publicKey)
    let signature: [UInt8]
    do throws(CryptoError) {
      signature = try await signer.signature(for: bytes)
    } catch {
      throw .crypto(error)
    }
    try append(signature: signature, by: signer.publicKey)
  }

  /// The detached payload of every signature.
  private var encodedDigest: [UInt8] { CBORBuilder.encoding { $0.append(digest) } }
}
#endif
