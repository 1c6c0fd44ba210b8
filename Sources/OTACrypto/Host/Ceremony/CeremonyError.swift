#if !hasFeature(Embedded)
public import OTACore

/// Why a request for a signature, or the answer to it, is not used.
public enum CeremonyError: UInt8, Error, Equatable, Sendable, CaseIterable {
  /// The text is no such document, or not in its one form.
  case malformed
  /// It is for another key than the one at hand.
  case otherKey
  /// The answer is to another request.
  case otherRequest
  /// The signature is not one of this key over these bytes.
  case signatureRefused
  /// The bytes to sign are not those of the document that stands beside them.
  case documentMismatch

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .malformed: .invalidValue
    case .otherKey: .unknownKey
    case .otherRequest, .signatureRefused: .authenticationFailed
    case .documentMismatch: .manifestDigestMismatch
    }
  }
}

extension CeremonyError: CustomStringConvertible {
  /// One clause for people, without a capital and without a full stop.
  public var description: String {
    switch self {
    case .malformed: "the document is not in its one form"
    case .otherKey: "it is for another key"
    case .otherRequest: "it answers another request"
    case .signatureRefused: "the signature is not good"
    case .documentMismatch: "the bytes to sign are not those of the document beside them"
    }
  }
}
#endif
