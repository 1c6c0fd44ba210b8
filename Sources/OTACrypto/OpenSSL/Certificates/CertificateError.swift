import COpenSSL
public import OTACore

/// Why a chain of certificates is not trusted.
///
/// For the log and the operator of the side that checks; the other side learns only that it was refused.
public enum CertificateError: UInt8, Error, Equatable, Sendable {
  /// libcrypto could not start, or has no memory.
  case unavailable
  /// The bytes are not one certificate or list, or a time in one can not be read.
  case malformed
  /// There is no way to a root that is trusted.
  case notTrusted
  /// A certificate of the chain is not valid yet.
  case notYetValid
  /// A certificate of the chain is not valid any more.
  case expired
  /// A signature in the chain is wrong.
  case signatureInvalid
  /// A certificate of the chain was revoked.
  case revoked
  /// No valid revocation list of the issuer is there, but one is wanted.
  case revocationUnknown
  /// Something in the chain signed a certificate that may not sign any, or not at this depth.
  case notAuthority
  /// A certificate may not be used for this.
  case wrongUsage
  /// A name is outside of what its issuer may name.
  case nameNotPermitted
  /// A key or a hash function in the chain is too weak.
  case tooWeak
  /// A critical extension, or something in one, is not known.
  case unsupported
  /// The chain, or what was handed in, is longer than the limit.
  case tooLong
  /// Something else in the chain breaks a rule of RFC 5280.
  case refused

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .unavailable: .cryptoUnavailable
    case .malformed, .tooWeak, .unsupported: .invalidKey
    case .notTrusted: .unknownKey
    case .notAuthority, .wrongUsage, .nameNotPermitted: .keyNotAuthorized
    case .notYetValid, .expired, .signatureInvalid, .revoked, .revocationUnknown, .refused:
      .authenticationFailed
    case .tooLong: .capacityExceeded
    }
  }

  /// Sorts an answer of X509_verify_cert.
  init(verification status: Int32) {
    self =
      switch status {
      case X509_V_ERR_OUT_OF_MEM, X509_V_ERR_UNSPECIFIED, X509_V_ERR_INVALID_CALL: .unavailable
      case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
        X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
        X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_UNTRUSTED, X509_V_ERR_CERT_REJECTED,
        X509_V_ERR_SUBJECT_ISSUER_MISMATCH, X509_V_ERR_AKID_SKID_MISMATCH,
        X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH:
        .notTrusted
      case X509_V_ERR_CERT_NOT_YET_VALID: .notYetValid
      case X509_V_ERR_CERT_HAS_EXPIRED: .expired
      case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD, X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD: .malformed
      case X509_V_ERR_CERT_SIGNATURE_FAILURE, X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE,
        X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH:
        .signatureInvalid
      case X509_V_ERR_CERT_REVOKED: .revoked
      case X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, X509_V_ERR_CRL_NOT_YET_VALID,
        X509_V_ERR_CRL_HAS_EXPIRED, X509_V_ERR_CRL_SIGNATURE_FAILURE,
        X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE, X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD,
        X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD, X509_V_ERR_DIFFERENT_CRL_SCOPE,
        X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, X509_V_ERR_CRL_PATH_VALIDATION_ERROR,
        X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
        .revocationUnknown
      case X509_V_ERR_INVALID_CA, X509_V_ERR_INVALID_NON_CA, X509_V_ERR_PATH_LENGTH_EXCEEDED,
        X509_V_ERR_KEYUSAGE_NO_CERTSIGN, X509_V_ERR_NO_ISSUER_PUBLIC_KEY,
        X509_V_ERR_PATHLEN_INVALID_FOR_NON_CA, X509_V_ERR_PATHLEN_WITHOUT_KU_KEY_CERT_SIGN,
        X509_V_ERR_KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA, X509_V_ERR_CA_CERT_MISSING_KEY_USAGE,
        X509_V_ERR_CA_BCONS_NOT_CRITICAL:
        .notAuthority
      case X509_V_ERR_INVALID_PURPOSE: .wrongUsage
      case X509_V_ERR_PERMITTED_VIOLATION, X509_V_ERR_EXCLUDED_VIOLATION: .nameNotPermitted
      case X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_KEY_TOO_SMALL, X509_V_ERR_CA_MD_TOO_WEAK: .tooWeak
      case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, X509_V_ERR_SUBTREE_MINMAX,
        X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX,
        X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, X509_V_ERR_UNSUPPORTED_EXTENSION_FEATURE,
        X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM:
        .unsupported
      case X509_V_ERR_CERT_CHAIN_TOO_LONG: .tooLong
      default: .refused
      }
  }
}

extension CertificateError: CustomStringConvertible {
  /// One clause for people, without a capital and without a full stop.
  public var description: String {
    switch self {
    case .unavailable: "libcrypto is not available"
    case .malformed: "these bytes are not one certificate or revocation list"
    case .notTrusted: "there is no way to a trusted root"
    case .notYetValid: "a certificate is not valid yet"
    case .expired: "a certificate has expired"
    case .signatureInvalid: "a signature in the chain is wrong"
    case .revoked: "a certificate was revoked"
    case .revocationUnknown: "a valid revocation list is missing"
    case .notAuthority: "an issuer may not issue certificates, or not at this depth"
    case .wrongUsage: "a certificate may not be used for this"
    case .nameNotPermitted: "a name is outside of what its issuer may name"
    case .tooWeak: "a key or a hash function is too weak"
    case .unsupported: "a critical extension is not known"
    case .tooLong: "the chain is too long"
    case .refused: "the chain breaks a rule of RFC 5280"
    }
  }
}
