import Foundation
import Glibc

/// A folder that is removed with this object.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "ota-server-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }

  func file(_ name: String) -> String { path + "/" + name }
}

/// A folder on a disk of its own that is soon full; needs root.
final class TinyDisk: Sendable {
  let path: String

  /// Whether such a disk can be made here.
  static let isAvailable: Bool = {
    do {
      _ = try TinyDisk(kibibytes: 64)
      return true
    } catch {
      return false
    }
  }()

  struct NotMounted: Error {}

  init(kibibytes: Int) throws {
    path = NSTemporaryDirectory() + "ota-disk-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    guard unsafe mount("tmpfs", path, "tmpfs", 0, "size=\(kibibytes)k") == 0 else {
      try FileManager.default.removeItem(atPath: path)
      throw NotMounted()
    }
  }

  deinit {
    _ = unsafe umount2(path, Int32(bitPattern: UInt32(MNT_DETACH)))
    try? FileManager.default.removeItem(atPath: path)
  }

  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }

  func makeReadOnly() throws {
    guard unsafe mount("tmpfs", path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0 else {
      throw NotMounted()
    }
  }
}
