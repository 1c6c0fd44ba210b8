import OTACore
public import OTACrypto

/// Keys for Ed25519 and what checks their signatures, as one ``MCUbootSignatureVerifier``.
///
/// Firmware that has only such keys is smaller with ``MCUbootContainer/verify(on:using:verifier:keys:)``.
public struct TrustedMCUbootKeys<Verifier: SignatureVerifier>: MCUbootSignatureVerifier, Sendable {
  private let keys: MCUbootKeys
  private let verifier: Verifier

  /// Trusts keys.
  public init(_ keys: MCUbootKeys, verifier: Verifier) {
    self.keys = keys
    self.verifier = verifier
  }

  /// Returns only if one of the keys is named, and this is its signature over the hash.
  public func verify<Hash: HashFunction & ~Copyable>(
    _ signature: borrowing MCUbootSignature, using hash: Hash.Type
  ) throws(MCUbootError) {
    guard signature.type == .ed25519 else { throw .unsupportedSignature(signature.type) }
    let signer = try keys.key(namedBy: signature, using: hash)
    guard signer.algorithm == .ed25519 else { throw .signatureNotOfKey(signature.type) }
    do throws(CryptoError) {
      try verifier.verify(signature: signature.bytes, of: signature.digest.bytes, by: signer)
    } catch {
      throw .crypto(error)
    }
  }
}
