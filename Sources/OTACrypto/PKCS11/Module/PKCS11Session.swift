import CP11Kit
import OTACrypto
import OTACryptoSodium

/// A session with a token, and the private key in it that was asked for; closed when it goes.
///
/// Not to be asked by two threads at once: ``PKCS11Key`` sees to it.
final class PKCS11Session: Sendable {
  private let module: PKCS11Module
  private let session: UInt
  private let key: UInt
  /// What the token says about the key.
  let kind: PKCS11KeyKind
  /// The PIN, if the key wants it for each signature; otherwise empty.
  private let pin: SecretBytes

  /// Opens a session, logs in, and finds the key.
  init(_ uri: PKCS11URI, pin: consuming SecretBytes) throws(PKCS11Error) {
    let module = try PKCS11Module(path: uri.modulePath ?? PKCS11Module.proxy)
    let slot = try PKCS11Slots.find(uri, in: module)
    guard let functions = unsafe module.functions, let open = unsafe functions.pointee.C_OpenSession else {
      throw .moduleUnavailable
    }
    var session: UInt = 0
    guard unsafe open(slot.number, CKF_SERIAL_SESSION, nil, nil, &session) == CKR_OK else {
      throw .tokenFailed
    }
    do throws(PKCS11Error) {
      try PKCS11Session.login(module, session, slot, pin)
      let objects = PKCS11Objects(module: module, session: session)
      key = try objects.privateKey(uri)
      kind = try objects.kind(of: key)
      let wantsPIN = objects.flag(CKA_ALWAYS_AUTHENTICATE, of: key)
      self.pin = wantsPIN ? pin : SecretBytes(copying: PKCS11Session.nothing.span)
    } catch {
      _ = unsafe functions.pointee.C_CloseSession?(session)
      throw error
    }
    self.module = module
    self.session = session
  }

  private static let nothing: [UInt8] = []

  deinit {
    if let functions = unsafe module.functions { _ = unsafe functions.pointee.C_CloseSession?(session) }
  }

  /// The public part of the key, as far as the token has it.
  func publicKey() throws(PKCS11Error) -> PKCS11PublicKey {
    try PKCS11Objects(module: module, session: session).publicKey(of: key, kind)
  }

  /// Signs what the mechanism takes.
  ///
  /// - Throws: `CryptoError.unsupportedAlgorithm` if the token has not the mechanism, `CryptoError.keyNotAuthorized` if
  ///   the key may not sign so, `CryptoError.unavailable` for everything else.
  func sign(_ input: [UInt8], _ scheme: PKCS11Scheme) throws(CryptoError) -> [UInt8] {
    guard let functions = unsafe module.functions, let sign = unsafe functions.pointee.C_Sign else {
      throw .unavailable
    }
    try check(start(scheme))
    if pin.count > 0 {
      // A new login for this one signature: PKCS #11 2.40, section 4.9, CKA_ALWAYS_AUTHENTICATE.
      try check(PKCS11Session.login(module, session, user: CKU_CONTEXT_SPECIFIC, pin))
    }
    // The longest is that of RSA with 4096 bits.
    var signature = [UInt8](repeating: 0, count: 512)
    var count = UInt(signature.count)
    var input = input
    try check(unsafe sign(session, &input, UInt(input.count), &signature, &count))
    guard count <= UInt(signature.count) else { throw .unavailable }
    return Array(signature.prefix(Int(count)))
  }

  private func start(_ scheme: PKCS11Scheme) -> UInt {
    guard let functions = unsafe module.functions, let start = unsafe functions.pointee.C_SignInit else {
      return CKR_FUNCTION_NOT_SUPPORTED
    }
    guard scheme == .rsaPSSSHA256 else {
      var mechanism = unsafe ck_mechanism(mechanism: scheme.mechanism, parameter: nil, parameter_len: 0)
      return unsafe start(session, &mechanism, key)
    }
    var parameters = ck_rsa_pkcs_pss_params(hash_alg: CKM_SHA256, mgf: CKG_MGF1_SHA256, s_len: 32)
    return unsafe withUnsafeMutableBytes(of: &parameters) { parameters in
      var mechanism = unsafe ck_mechanism(
        mechanism: scheme.mechanism, parameter: parameters.baseAddress,
        parameter_len: UInt(parameters.count))
      return unsafe start(session, &mechanism, key)
    }
  }

  private func check(_ status: UInt) throws(CryptoError) {
    switch status {
    case CKR_OK: return
    case CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID, CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_SIZE_RANGE:
      throw .unsupportedAlgorithm
    case CKR_KEY_FUNCTION_NOT_PERMITTED, CKR_USER_NOT_LOGGED_IN, CKR_PIN_INCORRECT, CKR_PIN_LOCKED:
      throw .keyNotAuthorized
    default: throw .unavailable
    }
  }

  // MARK: Login

  private static func login(
    _ module: PKCS11Module, _ session: UInt, _ slot: PKCS11Slots.Slot, _ pin: borrowing SecretBytes
  ) throws(PKCS11Error) {
    guard slot.flags & CKF_LOGIN_REQUIRED != 0 else { return }
    guard pin.count > 0 || slot.flags & CKF_PROTECTED_AUTHENTICATION_PATH != 0 else { throw .pinMissing }
    switch login(module, session, user: CKU_USER, pin) {
    // The token knows one login for the whole process.
    case CKR_OK, CKR_USER_ALREADY_LOGGED_IN: return
    case CKR_PIN_INCORRECT, CKR_PIN_INVALID, CKR_PIN_LEN_RANGE, CKR_PIN_EXPIRED, CKR_USER_PIN_NOT_INITIALIZED:
      throw .pinRefused
    case CKR_PIN_LOCKED: throw .pinLocked
    default: throw .tokenFailed
    }
  }

  /// Logs in, with an empty PIN where it is typed in on the token itself.
  private static func login(
    _ module: PKCS11Module, _ session: UInt, user: UInt, _ pin: borrowing SecretBytes
  ) -> UInt {
    guard let functions = unsafe module.functions, let login = unsafe functions.pointee.C_Login else {
      return CKR_FUNCTION_NOT_SUPPORTED
    }
    return pin.withBytes { pin in
      unsafe pin.withUnsafeBufferPointer { pin in
        // Only read, whatever the type says.
        let start = unsafe pin.isEmpty ? nil : UnsafeMutablePointer(mutating: pin.baseAddress)
        return unsafe login(session, user, start, UInt(pin.count))
      }
    }
  }
}
