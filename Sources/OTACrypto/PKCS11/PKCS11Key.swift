import Dispatch
public import OTACrypto
import OTACryptoOpenSSL
public import OTACryptoSodium

/// A private key on a token: a hardware security module, a smart card, or a program that behaves like one.
///
/// The key never leaves the token. Everything is asked on a queue of its own, one question after the other, so that a slow
/// token keeps nobody else waiting; each signature is checked with the public key before it is given out. The session is
/// closed, and the module unloaded, when the last owner goes.
///
/// - Note: Source: PKCS #11 2.40, and 3.0 for Ed25519 (OASIS).
public final class PKCS11Key: Sendable {
  /// The public part.
  public let publicKey: PKCS11PublicKey
  private let session: PKCS11Session
  private let queue: DispatchQueue

  private init(_ session: PKCS11Session, _ publicKey: PKCS11PublicKey, _ queue: DispatchQueue) {
    self.session = session
    self.publicKey = publicKey
    self.queue = queue
  }

  /// Opens a key.
  ///
  /// - Parameters:
  ///   - uri: which one, on which token, through which module.
  ///   - pin: the PIN of the token's user, empty if it has none or a keypad of its own. A token keeps its login for the
  ///     whole process: for a second key of the same token the PIN is not looked at.
  ///   - publicKey: the public part, where the token does not have it.
  /// - Returns: the key.
  /// - Throws: what was not found or not allowed. A refused PIN counts for the token, which may lock itself.
  public static func open(
    _ uri: PKCS11URI, pin: consuming SecretBytes, publicKey: PKCS11PublicKey? = nil
  ) async throws(PKCS11Error) -> PKCS11Key {
    let queue = DispatchQueue(label: "PKCS11Key")
    let secret = SharedPIN(pin)
    return try await withCheckedContinuation {
      (answer: CheckedContinuation<Result<PKCS11Key, PKCS11Error>, Never>) in
      queue.async {
        answer.resume(
          returning: Result { () throws(PKCS11Error) in
            let session = try PKCS11Session(uri, pin: secret.copy())
            if let publicKey { return PKCS11Key(session, publicKey, queue) }
            return PKCS11Key(session, try session.publicKey(), queue)
          })
      }
    }.get()
  }

  /// Which schemes the key can sign with.
  public var schemes: [PKCS11Scheme] {
    switch session.kind {
    case .ed25519: [.ed25519]
    case .p256: [.ecdsaP256SHA256]
    case .p384: [.ecdsaP384SHA384]
    case .rsa: [.rsaPKCS1SHA256, .rsaPSSSHA256]
    }
  }

  /// Signs bytes.
  ///
  /// - Parameters:
  ///   - message: the bytes to sign, not their digest.
  ///   - scheme: how.
  /// - Returns: the signature, in the form that the scheme says.
  /// - Throws: `CryptoError.unsupportedAlgorithm` if the key or the token does not sign so,
  ///   `CryptoError.keyNotAuthorized` if it may not, `CryptoError.authenticationFailed` if what the token made is no
  ///   signature of its public key, and `CryptoError.unavailable` if the token went away or does not work.
  public func signature(
    for message: [UInt8], scheme: PKCS11Scheme
  ) async throws(CryptoError) -> [UInt8] {
    guard schemes.contains(scheme) else { throw .unsupportedAlgorithm }
    let signature = try await withCheckedContinuation {
      (answer: CheckedContinuation<Result<[UInt8], CryptoError>, Never>) in
      queue.async { [session] in
        answer.resume(
          returning: Result { () throws(CryptoError) in
            try session.sign(scheme.input(for: message), scheme)
          })
      }
    }.get()
    try publicKey.verify(signature, of: message, scheme)
    return signature
  }
}

/// Carries a PIN, which cannot be copied by itself, over to another thread.
private final class SharedPIN: Sendable {
  private let pin: SecretBytes

  init(_ pin: consuming SecretBytes) {
    self.pin = pin
  }

  func copy() -> SecretBytes {
    pin.withBytes { SecretBytes(copying: $0) }
  }
}
