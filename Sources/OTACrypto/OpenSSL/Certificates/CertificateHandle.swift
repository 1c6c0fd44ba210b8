import COpenSSL

/// Owns a certificate of libcrypto, which nobody changes.
struct CertificateHandle: ~Copyable, Sendable {
  // A number, since pointers are not Sendable.
  private let address: UInt

  /// Takes over a certificate.
  init(owning certificate: OpaquePointer) {
    address = UInt(bitPattern: certificate)
  }

  /// The certificate, for as long as this value lives.
  var pointer: OpaquePointer? { unsafe OpaquePointer(bitPattern: address) }

  deinit { unsafe X509_free(pointer) }
}

/// Owns a revocation list of libcrypto, which nobody changes.
struct RevocationListHandle: ~Copyable, Sendable {
  private let address: UInt

  /// Takes over a list.
  init(owning list: OpaquePointer) {
    address = UInt(bitPattern: list)
  }

  /// The list, for as long as this value lives.
  var pointer: OpaquePointer? { unsafe OpaquePointer(bitPattern: address) }

  deinit { unsafe X509_CRL_free(pointer) }
}
