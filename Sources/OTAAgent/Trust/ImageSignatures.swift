import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTAMCUbootOpenSSL
import OTAPartition

/// Where the signatures of images are, on devices whose trust anchors have image keys.
public enum ImageSignatures: UInt8, Sendable, CaseIterable {
  /// In the images, which are those of MCUboot.
  ///
  /// The agent activates only what an image key of the present set has signed, and lets image keys of earlier sets go when
  /// they are not needed any more. Signatures of Ed25519 and ECDSA are checked.
  case mcuboot
  /// Not in the images: the boot loader holds something else against the image keys, such as the manifest.
  ///
  /// The agent checks no signature of an image, and lets no key go: the program that knows how does both.
  case elsewhere
}

/// The image keys of a state for one use, whatever their algorithms, as one verifier.
struct AgentImageKeys: MCUbootSignatureVerifier {
  private let ed25519: TrustedMCUbootKeys<CryptoBackends>
  private var ecdsa = OpenSSLMCUbootKeys()

  init(_ state: TrustState, for use: KeyUse, backends: CryptoBackends) {
    let keys = state.imageKeys(for: use)
    ed25519 = TrustedMCUbootKeys(keys, verifier: backends)
    for index in 0..<keys.count {
      // A key that is no point of its curve, and one that signs no images, has signed nothing here.
      guard let key = try? OpenSSLPublicKey(keys[index]) else { continue }
      try? ecdsa.add(key)
    }
  }

  func verify<Hash: HashFunction & ~Copyable>(
    _ signature: borrowing MCUbootSignature, using hash: Hash.Type
  ) throws(MCUbootError) {
    switch signature.type {
    case .ecdsa: try ecdsa.verify(signature, using: hash)
    default: try ed25519.verify(signature, using: hash)
    }
  }
}

/// Why an image is not activated.
enum ImageSignatureFailure: Error {
  /// No key that may install has signed it; whoever made it is not told why.
  case refused
  /// The flash or the backend failed.
  case unchecked(ErrorCode)

  init(_ error: MCUbootError) {
    switch error {
    case .flash(let error): self = .unchecked(error.code)
    case .crypto(.unavailable): self = .unchecked(.cryptoUnavailable)
    default: self = .refused
    }
  }
}
