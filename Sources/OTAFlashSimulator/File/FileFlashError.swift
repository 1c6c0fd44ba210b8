public import OTACore

/// Why a file cannot serve as a flash device.
public enum FileFlashError: Error, Equatable, Sendable {
  /// There is no such file.
  case notFound(path: String)
  /// A file is already there, and was not to be replaced.
  case alreadyExists(path: String)
  /// The file may not be read or written by this user, or is on a read-only file system.
  case notPermitted(path: String)
  /// The file has not as many bytes as the device.
  case wrongSize(path: String, expected: UInt64, found: UInt64)
  /// The path names something that is not a regular file.
  case notAFile(path: String)
  /// The file system has no room for the device.
  case diskFull(path: String)
  /// Another error of the operating system, by its number.
  case system(path: String, errno: Int32)

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .wrongSize: .layoutInvalid
    case .diskFull: .storageFull
    case .notFound, .alreadyExists, .notPermitted, .notAFile, .system: .flashDeviceFailure
    }
  }

  init(errno number: Int32, path: String) {
    switch number {
    case 2: self = .notFound(path: path)
    case 17: self = .alreadyExists(path: path)
    case 1, 13, 30: self = .notPermitted(path: path)
    case 21: self = .notAFile(path: path)
    case 28, 122: self = .diskFull(path: path)
    default: self = .system(path: path, errno: number)
    }
  }
}

extension FileFlashError: CustomStringConvertible {
  /// What is wrong with which file, and what to do.
  public var description: String {
    switch self {
    case .notFound(let path): "\(path): no such file; create the flash image first"
    case .alreadyExists(let path): "\(path): exists already; remove it, or open it instead"
    case .notPermitted(let path): "\(path): not readable and writable; change its permissions"
    case .wrongSize(let path, let expected, let found):
      "\(path): has \(found) bytes, the flash has \(expected); it belongs to another geometry or is truncated"
    case .notAFile(let path): "\(path): not a regular file"
    case .diskFull(let path): "\(path): no room on the file system for the flash image"
    case .system(let path, let errno): "\(path): error \(errno) of the operating system"
    }
  }
}
