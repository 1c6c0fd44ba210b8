import COpenSSL
public import OTACore
public import OTACrypto

extension OpenSSLPublicKey {
  /// Checks a signature and returns only if it is good.
  ///
  /// Strict: only the one DER form of a signature of ECDSA, only the one padding of PKCS #1 v1.5, only a salt of PSS as
  /// long as the digest. A signature of ECDSA whose s is replaced by its negative is good as well, as FIPS 186-5 has
  /// it: never tell documents apart by their signatures.
  ///
  /// - Parameters:
  ///   - signature: the signature.
  ///   - message: what was signed.
  ///   - scheme: how it was signed; said by the caller, never by the signature.
  /// - Throws: `CryptoError.authenticationFailed` if it is not good, without any detail why;
  ///   `CryptoError.unsupportedAlgorithm` if a key of this kind does not sign so; `CryptoError.unavailable` without
  ///   libcrypto.
  public func verify(
    signature: Span<UInt8>, of message: Span<UInt8>, scheme: OpenSSLSignatureScheme
  ) throws(CryptoError) {
    guard scheme.accepts(kind) else { throw .unsupportedAlgorithm }
    guard let hash = scheme.hash else { throw .unavailable }
    var context = HashContext(hash)
    context.update(message)
    try verify(signature: signature, ofDigest: context.finalize(scheme.digestAlgorithm), scheme: scheme)
  }

  /// Checks a signature over a message whose digest is known, and returns only if it is good.
  ///
  /// For messages that are hashed while they pass by. The digest must be computed here, not be believed.
  ///
  /// - Parameters:
  ///   - signature: the signature.
  ///   - digest: the digest of what was signed.
  ///   - scheme: how it was signed.
  /// - Throws: as ``verify(signature:of:scheme:)``; `CryptoError.unsupportedAlgorithm` also if the digest is of another
  ///   hash function than the scheme's.
  public func verify(
    signature: Span<UInt8>, ofDigest digest: Digest, scheme: OpenSSLSignatureScheme
  ) throws(CryptoError) {
    guard scheme.accepts(kind), digest.algorithm == scheme.digestAlgorithm else {
      throw .unsupportedAlgorithm
    }
    let library = unsafe try OpenSSLLibrary.start()
    defer { ERR_clear_error() }
    if let size = scheme.fixedCoordinateSize {
      guard let der = ECDSAForm.der(ofFixed: signature, coordinateSize: size) else {
        throw .authenticationFailed
      }
      unsafe try check(der.span, digest, scheme, in: library)
    } else {
      unsafe try check(signature, digest, scheme, in: library)
    }
  }

  private func check(
    _ signature: Span<UInt8>, _ digest: Digest, _ scheme: OpenSSLSignatureScheme, in library: OpaquePointer
  ) throws(CryptoError) {
    guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(library, handle.pointer, nil) else {
      throw .unavailable
    }
    defer { unsafe EVP_PKEY_CTX_free(context) }
    guard unsafe EVP_PKEY_verify_init(context) == 1, unsafe scheme.configure(context) else {
      throw .unavailable
    }
    let status = unsafe signature.withUnsafeBufferPointer { signature in
      unsafe digest.bytes.withUnsafeBufferPointer { digest in
        guard let start = signature.baseAddress, let message = digest.baseAddress else { return Int32(0) }
        return unsafe EVP_PKEY_verify(context, start, signature.count, message, digest.count)
      }
    }
    guard status == 1 else { throw .authenticationFailed }
  }
}
