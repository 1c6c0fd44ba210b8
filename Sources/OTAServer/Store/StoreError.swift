public import OTACore

/// Why a store could not read or keep something; each case that concerns a file names its path.
public enum StoreError: Error, Equatable, Sendable {
  /// Another process held the lock for longer than the store waits; a later attempt may succeed.
  case busy(path: String)
  /// The disk, or the user's share of it, is full; nothing was half-written.
  case storageFull(path: String)
  /// The file or folder cannot be opened or made.
  case cannotOpen(path: String)
  /// The file is something else than a database, or another program's.
  case notADatabase(path: String)
  /// The file is damaged, or holds what this version never writes.
  case corrupt(path: String)
  /// The file or folder cannot be written.
  case readOnly(path: String)
  /// The database was written by a later version of this program.
  case newerSchema(path: String, version: Int)
  /// The operating system or the database failed in another way, with this number.
  case failed(path: String, status: Int32)
  /// The bytes do not have the digest under which they were to be kept.
  case digestMismatch
  /// Something else is already kept under this name.
  case conflict
  /// The value cannot be kept: sequence numbers go up to 2^63 - 1, digests are SHA-256.
  case valueOutOfRange
  /// No device with this identifier is registered.
  case unknownDevice
  /// No update with this identifier is published.
  case unknownUpdate

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .busy: .storeBusy
    case .storageFull: .storageFull
    case .cannotOpen, .notADatabase, .corrupt, .readOnly, .newerSchema, .failed: .storeUnavailable
    case .digestMismatch: .payloadDigestMismatch
    case .conflict: .invalidValue
    case .valueOutOfRange: .limitExceeded
    case .unknownDevice: .unknownDevice
    case .unknownUpdate: .unknownUpdate
    }
  }
}

extension StoreError: CustomStringConvertible {
  /// One line that says what happened, and what to do.
  public var description: String {
    switch self {
    case .busy(let path): "\(path) is locked by another process; try again, or end that process"
    case .storageFull(let path): "no space left to write \(path); free some and try again"
    case .cannotOpen(let path): "\(path) cannot be opened; check that it exists and may be accessed"
    case .notADatabase(let path):
      "\(path) is not a database of this server; name another file, or move this one away"
    case .corrupt(let path): "\(path) is damaged; restore it from a backup"
    case .readOnly(let path): "\(path) cannot be written; check its permissions"
    case .newerSchema(let path, let version):
      "\(path) was written by a later version (schema \(version)); use that version"
    case .failed(let path, let status): "\(path): the store failed with status \(status)"
    case .digestMismatch: "the bytes do not have the digest under which they were to be kept"
    case .conflict: "something else is already kept under this name"
    case .valueOutOfRange: "a sequence number is above 2^63 - 1, or a digest is not SHA-256"
    case .unknownDevice: "no such device is registered"
    case .unknownUpdate: "no such update is published"
    }
  }
}
