public import OTACore
public import OTACrypto

/// The signature of an image, and whose it says it is; nobody has checked it.
///
/// Lent to a ``MCUbootSignatureVerifier`` for one call.
public struct MCUbootSignature: ~Escapable {
  /// The type of the signature, one of those where ``MCUbootTLVType/isSignature`` is true.
  public let type: MCUbootTLVType
  /// The signature, as it stands in the image.
  public let bytes: Span<UInt8>
  /// The hash of the image, computed here: what must be signed.
  public let digest: Digest
  /// The type of that hash.
  public let hashType: MCUbootTLVType

  let keyName: Span<UInt8>
  let isWholeKey: Bool

  @_lifetime(copy bytes, copy keyName)
  init(
    _ type: MCUbootTLVType, _ bytes: Span<UInt8>, over digest: Digest, _ hashType: MCUbootTLVType,
    keyName: Span<UInt8>, isWholeKey: Bool
  ) {
    self.type = type
    self.bytes = bytes
    self.digest = digest
    self.hashType = hashType
    self.keyName = keyName
    self.isWholeKey = isWholeKey
  }

  /// Whether the image names this key.
  ///
  /// - Parameters:
  ///   - key: the key as DER: a SubjectPublicKeyInfo (RFC 5280), but of RSA the RSAPublicKey of PKCS #1 (RFC 8017,
  ///     appendix A.1.1) without anything around it.
  ///   - hash: the function of the image's hash, with which `imgtool` hashes keys too.
  /// - Returns: whether the name is the hash of these bytes, or these bytes.
  public func names<Hash: HashFunction & ~Copyable>(_ key: Span<UInt8>, using hash: Hash.Type) -> Bool {
    isWholeKey
      ? keyName.holdsSameBytes(as: key) : keyName.holdsSameBytes(as: Hash.digest(of: key).bytes)
  }
}

/// Decides about signatures under images of MCUboot: has the keys that are trusted, and checks.
///
/// ``MCUbootKeys`` and a `SignatureVerifier` are enough for Ed25519, see
/// ``MCUbootContainer/verify(on:using:verifier:keys:)``. For ECDSA and RSA, which MCUboot has over the hash of the image
/// and not over a message, hosts have `OpenSSLMCUbootKeys` of `OTAMCUbootOpenSSL`; firmware brings its own.
public protocol MCUbootSignatureVerifier {
  /// Returns only if a trusted key is named, and this is its signature over the hash.
  ///
  /// It must hold the type of the signature and the function of the hash against the key, so that nobody chooses weaker
  /// ones than it has, and must take the key from its own set, never from the image.
  ///
  /// - Parameters:
  ///   - signature: what the image says.
  ///   - hash: the function of the image's hash.
  /// - Throws: ``MCUbootError/keyNotTrusted`` if none of the keys is named; ``MCUbootError/unsupportedSignature(_:)`` for
  ///   a type that it never checks; ``MCUbootError/signatureNotOfKey(_:)`` for one that the key does not make,
  ///   ``MCUbootError/hashNotOfKey(_:)`` for a hash that it does not sign; ``MCUbootError/crypto(_:)`` with
  ///   `CryptoError.authenticationFailed` if the signature is wrong.
  func verify<Hash: HashFunction & ~Copyable>(
    _ signature: borrowing MCUbootSignature, using hash: Hash.Type
  ) throws(MCUbootError)
}

extension Span<UInt8> {
  /// Compares all bytes, without an early exit.
  func holdsSameBytes(as other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    var difference: UInt8 = 0
    for index in 0..<count { difference |= self[index] ^ other[index] }
    return difference == 0
  }
}
