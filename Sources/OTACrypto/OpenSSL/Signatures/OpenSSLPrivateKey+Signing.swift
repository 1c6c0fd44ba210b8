import COpenSSL
public import OTACore
public import OTACrypto

extension OpenSSLPrivateKey {
  /// Signs bytes.
  ///
  /// Signatures of ECDSA and of PSS are different each time: they take random numbers of the system.
  ///
  /// - Parameters:
  ///   - message: the bytes to sign.
  ///   - scheme: how.
  /// - Returns: the signature, in the form that the scheme says.
  /// - Throws: `CryptoError.unsupportedAlgorithm` if a key of this kind does not sign so; `CryptoError.unavailable` if
  ///   libcrypto refused.
  public func signature(
    for message: Span<UInt8>, scheme: OpenSSLSignatureScheme
  ) throws(CryptoError) -> [UInt8] {
    guard scheme.accepts(publicKey.kind) else { throw .unsupportedAlgorithm }
    guard let hash = scheme.hash else { throw .unavailable }
    var context = HashContext(hash)
    context.update(message)
    return try signature(forDigest: context.finalize(scheme.digestAlgorithm), scheme: scheme)
  }

  /// Signs bytes whose digest is known.
  ///
  /// - Parameters:
  ///   - digest: the digest of the bytes to sign.
  ///   - scheme: how.
  /// - Returns: the signature, in the form that the scheme says.
  /// - Throws: as ``signature(for:scheme:)``; `CryptoError.unsupportedAlgorithm` also if the digest is of another hash
  ///   function than the scheme's.
  public func signature(
    forDigest digest: Digest, scheme: OpenSSLSignatureScheme
  ) throws(CryptoError) -> [UInt8] {
    guard scheme.accepts(publicKey.kind), digest.algorithm == scheme.digestAlgorithm else {
      throw .unsupportedAlgorithm
    }
    let library = unsafe try OpenSSLLibrary.start()
    defer { ERR_clear_error() }
    guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(library, handle.pointer, nil) else {
      throw .unavailable
    }
    defer { unsafe EVP_PKEY_CTX_free(context) }
    guard unsafe EVP_PKEY_sign_init(context) == 1, unsafe scheme.configure(context) else {
      throw .unavailable
    }
    // The longest is that of RSA with 4096 bits.
    var signature = [UInt8](repeating: 0, count: 512)
    var count = signature.count
    let status = unsafe digest.bytes.withUnsafeBufferPointer { digest in
      guard let start = digest.baseAddress else { return Int32(0) }
      return unsafe EVP_PKEY_sign(context, &signature, &count, start, digest.count)
    }
    guard status == 1, count <= signature.count else { throw .unavailable }
    signature.removeLast(signature.count - count)
    guard let size = scheme.fixedCoordinateSize else { return signature }
    guard let fixed = ECDSAForm.fixed(ofDER: signature, coordinateSize: size) else { throw .unavailable }
    return fixed
  }
}
