public import OTACore
public import OTACrypto
public import OTACryptoOpenSSL
public import OTAPartition

/// Signs images of ESP-IDF with a private key in memory.
public struct OpenSSLEspressifSigner: EspressifSigner {
  /// The public part of the key.
  public let publicKey: EspressifPublicKey
  private let key: OpenSSLPrivateKey

  /// Takes a private key.
  ///
  /// - Parameter key: RSA with 3072 bits, P-256 or P-384.
  /// - Throws: `CryptoError.unsupportedAlgorithm` for other keys.
  public init(_ key: OpenSSLPrivateKey) throws(CryptoError) {
    publicKey = try EspressifPublicKey(key.publicKey)
    self.key = key
  }

  /// Signs a digest.
  ///
  /// - Parameter digest: of the function that the scheme of the key says.
  /// - Returns: the signature, each number with its most significant byte first.
  /// - Throws: `CryptoError.unsupportedAlgorithm` for another digest; `CryptoError.unavailable` if libcrypto refused.
  public func signature(for digest: Digest) async throws(CryptoError) -> [UInt8] {
    try key.signature(forDigest: digest, scheme: publicKey.scheme.openSSL)
  }
}

extension EspressifContainer {
  /// Checks the image and its signature with libcrypto, with the hash that its first readable signature needs.
  ///
  /// - Parameters:
  ///   - flash: the device; it is only read.
  ///   - keys: who may sign.
  /// - Returns: the proof.
  /// - Throws: as ``/OTAPartition/EspressifContainer/verify(on:using:signedHash:verifier:keys:)``.
  public func verify<Device: Flash & ~Copyable>(
    on flash: inout Device, keys: borrowing EspressifKeyDigests
  ) throws(EspressifError) -> VerifiedEspressifImage {
    let verifier = OpenSSLEspressifVerifier()
    if try signedDigestAlgorithm(on: &flash) == .sha384 {
      return try verify(
        on: &flash, using: OpenSSLSHA256.self, signedHash: OpenSSLSHA384.self, verifier: verifier, keys: keys)
    }
    return try verify(
      on: &flash, using: OpenSSLSHA256.self, signedHash: OpenSSLSHA256.self, verifier: verifier, keys: keys)
  }

  /// Signs the image, with hashes of libcrypto.
  ///
  /// - Parameters:
  ///   - flash: where the image is; it is only read.
  ///   - signer: signs; the key goes into the image.
  ///   - keepsOthers: whether signatures that are there stay before the new one.
  /// - Returns: what belongs behind the end of the image: padding, and the sector of signatures.
  /// - Throws: as ``/OTAPartition/EspressifContainer/signature(on:by:keepsOthers:using:signedHash:)``.
  public func signature<Device: Flash & ~Copyable>(
    on flash: inout Device, by signer: some EspressifSigner, keepsOthers: Bool = false
  ) async throws(EspressifError) -> [UInt8] {
    switch signer.publicKey.scheme {
    case .rsa3072, .p256:
      try await signature(
        on: &flash, by: signer, keepsOthers: keepsOthers, using: OpenSSLSHA256.self,
        signedHash: OpenSSLSHA256.self)
    case .p384:
      try await signature(
        on: &flash, by: signer, keepsOthers: keepsOthers, using: OpenSSLSHA256.self,
        signedHash: OpenSSLSHA384.self)
    }
  }

  /// The hash of the first signature that can be read; SHA-256 if there is none.
  private func signedDigestAlgorithm<Device: Flash & ~Copyable>(
    on flash: inout Device
  ) throws(EspressifError) -> DigestAlgorithm {
    for index in 0..<EspressifSignatureBlock.maximumCount {
      do throws(EspressifError) {
        let block = try signatureBlock(index, on: &flash, using: OpenSSLSHA256.self)
        if let block { return block.key.scheme.digestAlgorithm }
      } catch {
        if case .flash = error { throw error }
      }
    }
    return .sha256
  }
}
