import COpenSSL

/// What a certificate at the end of a chain may be used for.
public enum CertificateUsage: UInt8, Sendable, CaseIterable {
  /// Signing software.
  case codeSigning
  /// Proving who a client is.
  case clientAuthentication
  /// Proving who a server is.
  case serverAuthentication

  /// The bit of the extended key usage in libcrypto.
  var extendedUsage: UInt32 {
    switch self {
    case .codeSigning: UInt32(XKU_CODE_SIGN)
    case .clientAuthentication: UInt32(XKU_SSL_CLIENT)
    case .serverAuthentication: UInt32(XKU_SSL_SERVER)
    }
  }
}

/// For which certificates of a chain a revocation list is wanted.
public enum RevocationPolicy: UInt8, Sendable, CaseIterable {
  /// For none; the lists that are there are not looked at.
  case none
  /// For the one at the end.
  case leaf
  /// For all but the root.
  case chain
}

/// A chain of certificates from a root that is trusted to the one at the end, which was verified.
///
/// There is no other way to make one than ``verify(_:intermediates:policy:at:)``.
public struct CertificateChain: Sendable {
  /// Whom to trust, and for what.
  public struct Policy: Sendable {
    /// The roots that are trusted: certificates that are signed by themselves.
    public var roots: [OpenSSLCertificate]
    /// What the certificate at the end must be meant for, by its extended key usage.
    public var usage: CertificateUsage
    /// For which certificates a revocation list is wanted.
    public var revocation: RevocationPolicy
    /// The revocation lists that are at hand; who signed them is checked.
    public var revocationLists: [OpenSSLRevocationList]
    /// The most certificates between the one at the end and the root.
    public var maximumIntermediates: Int

    /// Trusts some roots for one usage.
    public init(
      roots: [OpenSSLCertificate], usage: CertificateUsage, revocation: RevocationPolicy = .none,
      revocationLists: [OpenSSLRevocationList] = [], maximumIntermediates: Int = 4
    ) {
      self.roots = roots
      self.usage = usage
      self.revocation = revocation
      self.revocationLists = revocationLists
      self.maximumIntermediates = maximumIntermediates
    }
  }

  /// The most intermediates that anybody may hand in.
  public static let maximumOfferedIntermediates = 16

  /// The certificates, that at the end first, the root last.
  public let certificates: [OpenSSLCertificate]

  /// The certificate at the end; its key is the one that was vouched for.
  public let leaf: OpenSSLCertificate

  /// Finds a chain to a trusted root, and checks all of it.
  ///
  /// Checked are signatures, validity at the given time, who may issue at which depth, key usage and extended key usage
  /// (also of the issuers, where they have one), name constraints, revocation lists, and the strength of keys and hash
  /// functions (112 bits). Critical extensions that are not known are refused.
  ///
  /// - Parameters:
  ///   - leaf: the certificate at the end.
  ///   - intermediates: certificates that may be in between, in any order, trusted for nothing; those that are not
  ///     needed are not looked at.
  ///   - policy: whom to trust.
  ///   - time: the time at which everything is to be valid, in seconds since 1970; from a source that is trusted.
  /// - Returns: the chain.
  /// - Throws: a ``CertificateError``: the first thing that was found wrong. What a chain is *not* refused for: policies
  ///   of certificates, and names of hosts, which nobody asks for here.
  /// - Note: Source: RFC 5280, section 6; usage of issuers: project decision, Docs/Crypto.md.
  public static func verify(
    _ leaf: OpenSSLCertificate, intermediates: [OpenSSLCertificate] = [], policy: Policy, at time: Int64
  ) throws(CertificateError) -> CertificateChain {
    guard let library = unsafe OpenSSLLibrary.context?.pointer else { throw .unavailable }
    guard intermediates.count <= maximumOfferedIntermediates else { throw .tooLong }
    defer { ERR_clear_error() }
    guard let store = unsafe X509_STORE_new() else { throw .unavailable }
    defer { unsafe X509_STORE_free(store) }
    for root in policy.roots {
      guard unsafe X509_STORE_add_cert(store, root.handle.pointer) == 1 else { throw .unavailable }
    }
    for list in policy.revocationLists {
      guard unsafe X509_STORE_add_crl(store, list.handle.pointer) == 1 else { throw .unavailable }
    }
    // The stack borrows: freeing it leaves the certificates alone.
    guard let untrusted = unsafe OPENSSL_sk_new_null() else { throw .unavailable }
    defer { unsafe OPENSSL_sk_free(untrusted) }
    for certificate in intermediates {
      guard unsafe OPENSSL_sk_push(untrusted, UnsafeRawPointer(certificate.handle.pointer)) > 0 else {
        throw .unavailable
      }
    }
    guard let context = unsafe X509_STORE_CTX_new_ex(library, nil) else { throw .unavailable }
    defer { unsafe X509_STORE_CTX_free(context) }
    guard unsafe X509_STORE_CTX_init(context, store, leaf.handle.pointer, untrusted) == 1,
      let parameters = unsafe X509_STORE_CTX_get0_param(context)
    else { throw .unavailable }
    unsafe configure(parameters, policy, time)
    guard unsafe X509_verify_cert(context) == 1 else {
      throw CertificateError(verification: unsafe X509_STORE_CTX_get_error(context))
    }
    let certificates = unsafe try take(X509_STORE_CTX_get0_chain(context))
    // The stack and the context only borrow what these own.
    withExtendedLifetime((leaf, intermediates)) {}
    try check(certificates, policy.usage)
    return CertificateChain(certificates: certificates, leaf: leaf)
  }

  private static func configure(_ parameters: OpaquePointer, _ policy: Policy, _ time: Int64) {
    unsafe X509_VERIFY_PARAM_set_time(parameters, Int(clamping: time))
    unsafe X509_VERIFY_PARAM_set_depth(parameters, Int32(clamping: max(policy.maximumIntermediates, 0)))
    // 112 bits: RSA with 2048, no SHA-1.
    unsafe X509_VERIFY_PARAM_set_auth_level(parameters, 2)
    var flags = UInt(X509_V_FLAG_X509_STRICT)
    switch policy.revocation {
    case .none: break
    case .leaf: flags |= UInt(X509_V_FLAG_CRL_CHECK)
    case .chain: flags |= UInt(X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL)
    }
    _ = unsafe X509_VERIFY_PARAM_set_flags(parameters, flags)
  }

  private static func take(_ chain: OpaquePointer?) throws(CertificateError) -> [OpenSSLCertificate] {
    var certificates: [OpenSSLCertificate] = []
    for index in 0..<max(unsafe OPENSSL_sk_num(chain), 0) {
      guard let value = unsafe OPENSSL_sk_value(chain, index) else { throw .unavailable }
      let certificate = OpaquePointer(value)
      guard unsafe X509_up_ref(certificate) == 1 else { throw .unavailable }
      certificates.append(OpenSSLCertificate(unsafe CertificateHandle(owning: certificate)))
    }
    return certificates
  }

  /// Checks what the certificates are meant for.
  ///
  /// The one at the end must say that it is for this usage and, if it restricts its key, that the key signs. An issuer,
  /// the root included, must not say that it is for something else.
  private static func check(
    _ certificates: [OpenSSLCertificate], _ usage: CertificateUsage
  ) throws(CertificateError) {
    for (index, certificate) in certificates.enumerated() {
      let pointer = unsafe certificate.handle.pointer
      let flags = unsafe X509_get_extension_flags(pointer)
      let hasUsage = flags & UInt32(EXFLAG_XKUSAGE) != 0
      guard hasUsage || index > 0 else { throw .wrongUsage }
      if hasUsage {
        let extended = unsafe X509_get_extended_key_usage(pointer)
        // "Any" does for issuers only: whoever signs software says so.
        let allowed = usage.extendedUsage | (index > 0 ? UInt32(XKU_ANYEKU) : 0)
        guard extended & allowed != 0 else { throw .wrongUsage }
      }
      if index == 0, flags & UInt32(EXFLAG_KUSAGE) != 0 {
        guard unsafe X509_get_key_usage(pointer) & UInt32(KU_DIGITAL_SIGNATURE) != 0 else {
          throw .wrongUsage
        }
      }
    }
    guard !certificates.isEmpty else { throw .notTrusted }
  }
}
