public import OTACore

/// Why the server did not do what its operator asked for.
public enum ServerError: Error, Equatable, Sendable {
  /// The envelope is not a manifest that devices could install, or its signature is refused, for this reason.
  case manifestRefused(ErrorCode)
  /// The payload does not have the digest that the manifest names.
  case payloadDigestMismatch
  /// The payload does not have the length that the manifest names.
  case payloadSizeMismatch
  /// A receipt is refused, for this reason.
  case receiptRefused(ErrorCode)
  /// The store could not read or keep something.
  case store(StoreError)

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .manifestRefused(let code): code
    case .payloadDigestMismatch: .payloadDigestMismatch
    case .payloadSizeMismatch: .payloadSizeMismatch
    case .receiptRefused: .receiptRefused
    case .store(let error): error.code
    }
  }
}

extension ServerError: CustomStringConvertible {
  /// One line that says what happened, and what to do.
  public var description: String {
    switch self {
    case .manifestRefused(let code): "the manifest is refused: \(code)"
    case .payloadDigestMismatch: "the payload is not the one that the manifest describes: its digest differs"
    case .payloadSizeMismatch: "the payload is not the one that the manifest describes: its length differs"
    case .receiptRefused(let code): "the receipt is refused: \(code)"
    case .store(let error): error.description
    }
  }
}
