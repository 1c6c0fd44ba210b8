import COpenSSL
public import OTACore
public import OTACrypto

/// A certificate of X.509; nothing of it is trusted until a ``CertificateChain`` says so.
///
/// - Note: Source: RFC 5280, section 4.
public final class OpenSSLCertificate: Sendable {
  /// The most bytes of one certificate that are read.
  public static let maximumEncodedSize = 1 << 16

  let handle: CertificateHandle

  init(_ handle: consuming CertificateHandle) {
    self.handle = handle
  }

  /// Reads a certificate from its DER form.
  ///
  /// - Parameter bytes: one certificate and nothing behind it.
  /// - Throws: ``CertificateError/malformed`` for anything else, and for more than ``maximumEncodedSize`` bytes;
  ///   ``CertificateError/unavailable`` without libcrypto.
  public init(der bytes: Span<UInt8>) throws(CertificateError) {
    guard let library = unsafe OpenSSLLibrary.context?.pointer else { throw .unavailable }
    defer { ERR_clear_error() }
    guard bytes.count <= OpenSSLCertificate.maximumEncodedSize else { throw .malformed }
    guard let empty = unsafe X509_new_ex(library, nil) else { throw .unavailable }
    var certificate: OpaquePointer? = unsafe empty
    let isWhole = unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return false }
      var position: UnsafePointer<UInt8>? = unsafe start
      return unsafe d2i_X509(&certificate, &position, buffer.count) != nil && position == start + buffer.count
    }
    guard isWhole, let read = unsafe certificate else {
      // The library has freed it, and says so with nil, if it could not be read.
      unsafe X509_free(certificate)
      throw .malformed
    }
    handle = unsafe CertificateHandle(owning: read)
  }

  /// Reads a certificate from its PEM text.
  ///
  /// - Parameter text: one block with the label `CERTIFICATE`, in strict form, not longer than `PEM.maximumTextSize`.
  /// - Throws: as ``init(der:)``; ``CertificateError/malformed`` for any other text too.
  public convenience init(pem text: Span<UInt8>) throws(CertificateError) {
    var bytes = [UInt8](repeating: 0, count: PEM.maximumTextSize)
    let count: Int
    do throws(ParseError) {
      var writer = ByteWriter(bytes.mutableSpan)
      try PEM.decode(text, label: "CERTIFICATE", into: &writer)
      count = writer.count
    } catch {
      throw .malformed
    }
    try self.init(der: bytes.span.extracting(0..<count))
  }

  /// The key that the certificate is about.
  ///
  /// - Returns: the key, as strict as any that is read here.
  /// - Throws: `CryptoError.invalidKey` if it is not of a kind in ``OpenSSLKeyKind``.
  public func publicKey() throws(CryptoError) -> OpenSSLPublicKey {
    defer { ERR_clear_error() }
    guard let key = unsafe X509_get_pubkey(handle.pointer) else { throw .invalidKey }
    return try OpenSSLPublicKey(unsafe KeyHandle(owning: key))
  }

  /// The DER form.
  public var der: [UInt8] {
    let count = unsafe i2d_X509(handle.pointer, nil)
    guard count > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: Int(count))
    _ = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
      var position = buffer.baseAddress
      return unsafe i2d_X509(handle.pointer, &position)
    }
    return bytes
  }

  /// The SHA-256 of the DER form: what people compare.
  public var fingerprint: Digest { OpenSSLSHA256.digest(of: der.span) }

  /// When it begins and ceases to be valid, both included, in seconds since 1970 without leap seconds; `nil` if one of
  /// the times can not be read.
  public var validity: ClosedRange<Int64>? {
    guard let from = unsafe OpenSSLCertificate.seconds(X509_get0_notBefore(handle.pointer)),
      let to = unsafe OpenSSLCertificate.seconds(X509_get0_notAfter(handle.pointer)), from <= to
    else { return nil }
    return from...to
  }

  private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
    defer { ERR_clear_error() }
    guard let epoch = unsafe ASN1_TIME_set(nil, 0) else { return nil }
    defer { unsafe ASN1_TIME_free(epoch) }
    var days: Int32 = 0
    var seconds: Int32 = 0
    guard unsafe ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return nil }
    return Int64(days) * 86400 + Int64(seconds)
  }
}

/// A list of certificates that their issuer has revoked.
///
/// - Note: Source: RFC 5280, section 5.
public final class OpenSSLRevocationList: Sendable {
  /// The most bytes of one list that are read.
  public static let maximumEncodedSize = 1 << 22

  let handle: RevocationListHandle

  /// Reads a list from its DER form.
  ///
  /// - Parameter bytes: one list and nothing behind it. Who signed it is checked when it is used.
  /// - Throws: ``CertificateError/malformed`` for anything else, and for more than ``maximumEncodedSize`` bytes;
  ///   ``CertificateError/unavailable`` without libcrypto.
  public init(der bytes: Span<UInt8>) throws(CertificateError) {
    guard let library = unsafe OpenSSLLibrary.context?.pointer else { throw .unavailable }
    defer { ERR_clear_error() }
    guard bytes.count <= OpenSSLRevocationList.maximumEncodedSize else { throw .malformed }
    guard let empty = unsafe X509_CRL_new_ex(library, nil) else { throw .unavailable }
    var list: OpaquePointer? = unsafe empty
    let isWhole = unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return false }
      var position: UnsafePointer<UInt8>? = unsafe start
      return unsafe d2i_X509_CRL(&list, &position, buffer.count) != nil && position == start + buffer.count
    }
    guard isWhole, let read = unsafe list else {
      unsafe X509_CRL_free(list)
      throw .malformed
    }
    handle = unsafe RevocationListHandle(owning: read)
  }
}
