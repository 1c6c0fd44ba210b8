import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoPKCS11
import OTAMCUbootOpenSSL
import OTAPartition

/// Signs images of MCUboot with a key on a token, of any kind that MCUboot knows.
struct TokenImageSigner: MCUbootImageSigner {
  /// How the key signs.
  private enum Way: Sendable {
    /// Ed25519 and ECDSA, with the length to which signatures are padded if they are.
    case message(MCUbootMessageSigner<PKCS11Signer>, paddedSize: Int)
    /// RSA: PSS, over the image.
    case rsa(PKCS11Key)
  }

  let encodedPublicKey: [UInt8]
  let signatureType: MCUbootTLVType
  /// The name of the key: its thumbprint.
  let identifier: String
  private let way: Way

  /// Takes a key.
  ///
  /// - Parameters:
  ///   - key: open.
  ///   - isPadded: whether zeros are put behind signatures of ECDSA, as boot loaders before 1.5 want it.
  /// - Throws: status ``ExitStatus/failed`` for a kind that signs no images, by its name.
  init(_ key: PKCS11Key, isPadded: Bool) throws(CommandFailure) {
    do throws(CryptoError) {
      switch key.publicKey {
      case .openSSL(let publicKey) where publicKey.kind.isRSA:
        guard let type = publicKey.kind.imageSignatureType else {
          throw .unsupportedAlgorithm
        }
        encodedPublicKey = try publicKey.mcubootEncoding()
        signatureType = type
        identifier = try publicKey.keyIdentifier().digest.description
        way = .rsa(key)
      case .ed25519, .openSSL:
        let signer = try PKCS11Signer(key)
        let message = MCUbootMessageSigner(signer)
        encodedPublicKey = message.encodedPublicKey
        signatureType = message.signatureType
        identifier = signer.keyIdentifier.digest.description
        let size =
          switch signer.publicKey.algorithm {
          // As `imgtool` has it.
          case .es256: 72
          case .es384: 103
          case .ed25519, .hssLMS: 0
          }
        way = .message(message, paddedSize: isPadded ? size : 0)
      }
    } catch {
      guard error != .unavailable else {
        throw CommandFailure(
          "--key", why: "the cryptographic library does not work",
          remedy: "check that libsodium and libcrypto are intact", code: error.code, status: .unavailable)
      }
      let kind =
        if case .openSSL(let publicKey) = key.publicKey { publicKey.kind.imageKeyName } else { "Ed25519" }
      throw CommandFailure(
        "--key", why: "a key for \(kind) on a token signs no images of MCUboot",
        remedy: "use one for Ed25519, P-256, P-384, RSA-2048 or RSA-3072", code: .unsupportedAlgorithm)
    }
  }

  func signs(_ algorithm: DigestAlgorithm) -> Bool {
    switch way {
    case .message(let signer, _): signer.signs(algorithm)
    case .rsa: algorithm == .sha256
    }
  }

  func signature(over digest: Digest, of image: [UInt8]) async throws(CryptoError) -> [UInt8] {
    switch way {
    case .message(let signer, let paddedSize):
      let signature = try await signer.signature(over: digest, of: image)
      return signature + [UInt8](repeating: 0, count: max(0, paddedSize - signature.count))
    case .rsa(let key):
      return try await key.signature(for: image, scheme: .rsaPSSSHA256)
    }
  }
}

extension OpenSSLKeyKind {
  fileprivate var isRSA: Bool {
    switch self {
    case .rsa2048, .rsa3072, .rsa4096: true
    case .p256, .p384, .x25519: false
    }
  }

  /// The type of the signatures that a key of RSA makes under images.
  fileprivate var imageSignatureType: MCUbootTLVType? {
    switch self {
    case .rsa2048: .rsa2048
    case .rsa3072: .rsa3072
    case .rsa4096, .p256, .p384, .x25519: nil
    }
  }

  fileprivate var imageKeyName: String {
    switch self {
    case .p256: "P-256"
    case .p384: "P-384"
    case .rsa2048: "RSA-2048"
    case .rsa3072: "RSA-3072"
    case .rsa4096: "RSA-4096"
    case .x25519: "X25519"
    }
  }
}
