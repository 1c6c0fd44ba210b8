public import OTACore
public import OTACrypto

/// Why an update from a repository was refused or did not happen.
///
/// Whatever it is, what was trusted before still is, and the next update starts from there.
public enum TUFError: Error, Equatable, Sendable {
  /// The folder has no root metadata, or what it has is not signed as it says itself.
  case noTrustedRoot(why: String)
  /// A document is not metadata, or breaks its rules.
  case malformed(role: String, why: String)
  /// Metadata of another role was offered in place of this one.
  case wrongType(role: String)
  /// The metadata is written by a version of the specification that is not 1.x.
  case unsupportedVersion(role: String, version: String)
  /// Too few of the role's keys have signed: arbitrary metadata, or a change of keys without the old ones.
  case thresholdNotMet(role: String)
  /// An older version was offered than the one that is trusted.
  case rollback(role: String, offered: Int64, trusted: Int64)
  /// A role that was listed in the snapshot is not any more.
  case roleRemoved(role: String)
  /// The root does not have the version that follows upon the trusted one.
  case rootOutOfOrder(offered: Int64, expected: Int64)
  /// The metadata has expired: somebody may be holding newer metadata back.
  case expired(role: String)
  /// Length, hashes or version are not those that are listed: metadata of different times was mixed.
  case listingMismatch(role: String)
  /// A role is delegated to, but the snapshot does not list it.
  case notListed(role: String)
  /// A file is larger than is allowed for it.
  case tooLarge(file: String)
  /// The repository does not have a file that it must have.
  case missing(file: String)
  /// No role that answers for the target describes it.
  case unknownTarget(String)
  /// The target that arrived is not the one that is described.
  case targetMismatch(String)
  /// The path of a target cannot be one, or its name is too long for a file.
  case unusablePath(String)
  /// A transfer failed.
  case transport(file: String, TransportError)
  /// A file or folder could not be read or written; with the system's error number.
  case storage(path: String, number: Int32)
  /// Another process or client holds the folder.
  case folderInUse(path: String)
  /// A cryptographic library does not work.
  case cryptography(CryptoError)

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .noTrustedRoot: .repositoryRootMissing
    case .malformed: .repositoryMalformed
    case .unsupportedVersion: .repositoryUnsupportedVersion
    case .thresholdNotMet: .repositoryThresholdNotMet
    case .rollback, .roleRemoved, .rootOutOfOrder: .repositoryRollback
    case .expired: .repositoryExpired
    case .wrongType, .listingMismatch, .notListed: .repositoryMixAndMatch
    case .tooLarge: .repositoryEndlessData
    case .missing: .repositoryFileMissing
    case .unknownTarget: .unknownTarget
    case .targetMismatch: .targetMismatch
    case .unusablePath: .targetPathUnusable
    case .transport(_, let error): error.code
    case .storage: .repositoryStorageFailed
    case .folderInUse: .repositoryFolderInUse
    case .cryptography(let error): error.code
    }
  }
}
