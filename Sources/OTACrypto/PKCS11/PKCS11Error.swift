public import OTACore

/// Why a key on a token could not be opened.
public enum PKCS11Error: UInt8, Error, Equatable, Sendable, CaseIterable {
  /// The module can not be loaded, is none, or does not start.
  case moduleUnavailable
  /// No slot has a token of this name.
  case tokenMissing
  /// More than one slot has.
  case tokenAmbiguous
  /// The token does not accept the PIN.
  case pinRefused
  /// The token does not accept any PIN any more.
  case pinLocked
  /// The token wants a PIN, and there is none.
  case pinMissing
  /// There is no private key of this name, or it does not show without the right PIN.
  case keyMissing
  /// More than one private key has this name.
  case keyAmbiguous
  /// The public part is not on the token, and was not given.
  case publicKeyMissing
  /// The key is of a kind that is not supported, or may not sign.
  case unsupportedKey
  /// The token went away, or does not work.
  case tokenFailed

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .moduleUnavailable, .tokenMissing, .tokenAmbiguous, .tokenFailed: .cryptoUnavailable
    case .pinRefused, .pinLocked, .pinMissing: .keyNotAuthorized
    case .keyMissing, .keyAmbiguous: .unknownKey
    case .publicKeyMissing, .unsupportedKey: .invalidKey
    }
  }
}

extension PKCS11Error: CustomStringConvertible {
  /// One clause for people, without a capital and without a full stop.
  public var description: String {
    switch self {
    case .moduleUnavailable: "the PKCS #11 module can not be loaded or does not start"
    case .tokenMissing: "no slot has a token of this name"
    case .tokenAmbiguous: "more than one slot has a token of this name"
    case .pinRefused: "the token does not accept the PIN"
    case .pinLocked: "the PIN of the token is locked"
    case .pinMissing: "the token wants a PIN"
    case .keyMissing: "the token shows no private key of this name"
    case .keyAmbiguous: "more than one private key has this name"
    case .publicKeyMissing: "the public key is not on the token"
    case .unsupportedKey: "the key is of a kind that is not supported, or may not sign"
    case .tokenFailed: "the token went away or does not work"
    }
  }
}
