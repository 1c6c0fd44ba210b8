public import OTACore
public import OTACrypto

/// Why a repository could not be written, or not yet.
public enum TUFWriterError: Error, Equatable, Sendable {
  /// There is a repository already where one was to be made.
  case exists(path: String)
  /// What is there cannot be read, or is not a repository whose signatures are right.
  case repository(TUFError)
  /// No role has this name.
  case unknownRole(String)
  /// A role cannot have this name: a letter first, then at most 99 letters, digits, `.`, `_` or `-`; none of the four
  /// that every repository has.
  case unusableName(String)
  /// A target cannot have this path.
  case unusablePath(String)
  /// No role describes a target of this path.
  case unknownTarget(String)
  /// The role delegates to hash bins, and so to nobody else; or the other way round.
  case delegationConflict(String)
  /// The number of hash bins is not one of 2 to the power of 1 to 14.
  case unusableBins(bits: Int)
  /// The same key is given twice, or the threshold is not between 1 and the number of keys.
  case impossibleThreshold(role: String)
  /// The field `custom` is not a JSON object with whole numbers.
  case malformedCustom
  /// The version or the expiry of a role is above what metadata can say.
  case outOfRange(role: String)
  /// Signatures are missing: these roles, each with how many more keys must sign.
  case incomplete([TUFPendingRole])
  /// There is nothing to sign for this role.
  case nothingToSign(role: String)
  /// The key does not sign for this role.
  case keyNotAuthorized(role: String, keyID: String)
  /// A signature that was brought is not the key's over these bytes.
  case signatureRefused(role: String, keyID: String)
  /// A key cannot be used, or not now.
  case signing(CryptoError)
  /// A file of the repository could not be stored or read over the network.
  case transport(file: String, TransportError)

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .exists: .repositoryStorageFailed
    case .repository(let error): error.code
    case .unknownRole: .repositoryFileMissing
    case .unusableName, .unusablePath: .targetPathUnusable
    case .unknownTarget: .unknownTarget
    case .delegationConflict, .unusableBins, .malformedCustom: .repositoryMalformed
    case .impossibleThreshold, .incomplete: .repositoryThresholdNotMet
    case .outOfRange: .limitExceeded
    case .nothingToSign: .repositoryFileMissing
    case .keyNotAuthorized: .keyNotAuthorized
    case .signatureRefused: .authenticationFailed
    case .signing(let error): error.code
    case .transport(_, let error): error.code
    }
  }
}

extension TUFWriterError: CustomStringConvertible {
  /// What happened, in words; without a full stop.
  public var description: String {
    switch self {
    case .exists(let path): "\(path) is a repository already"
    case .repository(let error): error.description
    case .unknownRole(let name): "the repository has no role \(name)"
    case .unusableName(let name): "'\(name)' cannot be the name of a role"
    case .unusablePath(let path): "'\(path)' cannot be the path of a target"
    case .unknownTarget(let path): "no target has the path \(path)"
    case .delegationConflict(let name): "\(name) delegates to hash bins or to roles with names, not to both"
    case .unusableBins(let bits): "2 to the power of \(bits) is no number of hash bins"
    case .impossibleThreshold(let role): "\(role) cannot have this threshold with these keys"
    case .malformedCustom: "the custom part is not a JSON object with whole numbers"
    case .outOfRange(let role): "the version or the expiry of \(role) is too large"
    case .incomplete(let roles):
      "signatures are missing: "
        + roles.map { "\($0.role) needs \($0.missing) more" }.joined(separator: ", ")
    case .nothingToSign(let role): "there is nothing to sign for \(role)"
    case .keyNotAuthorized(let role, let keyID): "the key \(keyID) does not sign for \(role)"
    case .signatureRefused(let role, let keyID): "the signature for \(role) is not by the key \(keyID)"
    case .signing(let error): "a key cannot be used (\(error))"
    case .transport(let file, let error): TUFError.transport(file: file, error).description
    }
  }
}
