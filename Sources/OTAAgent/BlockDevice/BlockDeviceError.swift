import Glibc
public import OTACore

/// Why a block device or a file cannot serve as flash.
public enum BlockDeviceError: Error, Equatable, Sendable {
  /// There is no such device or file.
  case notFound(path: String)
  /// It may not be read and written by this user, or is read-only.
  case notPermitted(path: String)
  /// It is mounted, part of something that is, or open elsewhere.
  case inUse(path: String)
  /// The path names neither a block device nor a regular file.
  case notADevice(path: String)
  /// It has not the bytes that are needed.
  case tooSmall(path: String, needed: UInt64, found: UInt64)
  /// It has more bytes than 32 bits can count, and no capacity was named.
  case tooLarge(path: String, found: UInt64)
  /// A size is no multiple of the unit that it must be made of, in bytes.
  case notAligned(path: String, size: UInt64, unit: UInt64)
  /// Another error of the operating system, by its number.
  case system(path: String, errno: Int32)

  /// The stable number of this error.
  public var code: ErrorCode {
    switch self {
    case .tooSmall, .tooLarge, .notAligned: .layoutInvalid
    case .notFound, .notPermitted, .inUse, .notADevice, .system: .flashDeviceFailure
    }
  }

  init(errno number: Int32, path: String) {
    switch number {
    case ENOENT, ENXIO, ENODEV, ENOMEDIUM: self = .notFound(path: path)
    case EPERM, EACCES, EROFS: self = .notPermitted(path: path)
    case EBUSY, EWOULDBLOCK, ETXTBSY: self = .inUse(path: path)
    case EISDIR: self = .notADevice(path: path)
    default: self = .system(path: path, errno: number)
    }
  }
}

extension BlockDeviceError: CustomStringConvertible {
  /// What is wrong with which device, and what to do.
  public var description: String {
    switch self {
    case .notFound(let path): "\(path): no such device or file"
    case .notPermitted(let path):
      "\(path): not readable and writable; change its permissions, or whether it is read-only"
    case .inUse(let path): "\(path): mounted, or open elsewhere; unmount it, or end the other program"
    case .notADevice(let path): "\(path): neither a block device nor a regular file"
    case .tooSmall(let path, let needed, let found): "\(path): has \(found) bytes, \(needed) are needed"
    case .tooLarge(let path, let found):
      "\(path): has \(found) bytes, more than 4 GiB; name the capacity that is to be used"
    case .notAligned(let path, let size, let unit):
      "\(path): \(size) bytes are no multiple of \(unit); name a capacity, or other erase blocks"
    case .system(let path, let errno): "\(path): error \(errno) of the operating system"
    }
  }
}
