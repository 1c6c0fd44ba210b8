import Foundation
import Glibc
import OTAAgent
import OTACore
import OTAPartition
import OTATesting
import Testing

@Suite("BlockDeviceFlash on files")
struct BlockDeviceFlashTests {
  /// Makes a folder that everybody may enter, for as long as `body` runs.
  private static func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "ota-block-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
  }

  private static func makeFile(_ path: String, size: Int, byte: UInt8 = 0x77) throws {
    try Data(repeating: byte, count: size).write(to: URL(fileURLWithPath: path))
  }

  /// Makes this thread another user to file systems; only root can, and for everybody else it need not be.
  ///
  /// The header of the function is not in the module of the C library.
  private static func setFileUser(_ user: uid_t) throws {
    guard geteuid() == 0 else { return }
    let symbol = try unsafe #require(unsafe dlsym(nil, "setfsuid"))
    _ = unsafe unsafeBitCast(symbol, to: (@convention(c) (uid_t) -> CInt).self)(user)
  }

  /// What opening throws; `nil` if it does not.
  private static func error(
    _ path: String, capacity: UInt32? = nil, eraseBlockSize: UInt32 = 4096
  ) -> BlockDeviceError? {
    do throws(BlockDeviceError) {
      _ = try BlockDeviceFlash(opening: path, capacity: capacity, eraseBlockSize: eraseBlockSize)
      return nil
    } catch {
      return error
    }
  }

  @Test(
    "A file keeps the contract, with erase blocks of every size",
    arguments: [512, 4096, 12288] as [UInt32])
  func conformance(_ eraseBlockSize: UInt32) throws {
    try Self.withFolder { folder in
      let path = folder + "/disk"
      try Self.makeFile(path, size: 1 << 20)
      let capacity = (1 << 20) / eraseBlockSize * eraseBlockSize
      let violations = checkFlashConformance {
        guard
          let flash = try? BlockDeviceFlash(opening: path, capacity: capacity, eraseBlockSize: eraseBlockSize)
        else {
          preconditionFailure("the file is there")
        }
        return flash
      }
      #expect(violations == [])
      let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
      #expect(size == 1 << 20)
    }
  }

  /// A block device whose contents may be lost.
  private static let device = ProcessInfo.processInfo.environment["OTA_BLOCK_DEVICE"]

  @Test("The block device that OTA_BLOCK_DEVICE names keeps it too", .enabled(if: device != nil))
  func blockDevice() throws {
    let path = try #require(Self.device)
    let found = Self.error(path, capacity: 1 << 20)
    try #require(found == nil)
    let violations = checkFlashConformance {
      guard let flash = try? BlockDeviceFlash(opening: path, capacity: 1 << 20) else {
        preconditionFailure("the device was there just now")
      }
      return flash
    }
    #expect(violations == [])
    let flash = try BlockDeviceFlash(opening: path, capacity: 1 << 20)
    #expect(Self.error(path, capacity: 1 << 20) == .inUse(path: path))
    #expect(flash.geometry.capacity == 1 << 20)
  }

  @Test("What was written is in the file, and nothing around it changes")
  func contents() throws {
    try Self.withFolder { folder in
      let path = folder + "/disk"
      try Self.makeFile(path, size: 1 << 20)
      var expected = [UInt8](repeating: 0x77, count: 1 << 20)
      do {
        var flash = try BlockDeviceFlash(opening: path)
        #expect(flash.geometry.capacity == 1 << 20 && flash.geometry.erasedByte == 0 && flash.path == path)
        // More than is handed to the disk at once, from the middle of a logical block to the middle of another.
        try flash.erase(4096..<0x9_0000)
        expected.replaceSubrange(4096..<0x9_0000, with: [UInt8](repeating: 0, count: 0x9_0000 - 4096))
        let bytes = (0..<0x8_0020).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) | 1 }
        try flash.write(bytes.span, at: 8224)
        expected.replaceSubrange(8224..<8224 + bytes.count, with: bytes)
        let unit = [UInt8](repeating: 0xee, count: 32)
        // Refused for its last unit, as a whole.
        let long = [UInt8](repeating: 0x11, count: 4064)
        #expect(throws: FlashError.notErased) { try flash.write(long.span, at: 4192) }
        try flash.write(unit.span, at: 4096)
        expected.replaceSubrange(4096..<4128, with: unit)
        #expect(throws: FlashError.notErased) { try flash.write(unit.span, at: 4096) }
        #expect(flash.failure == nil)
      }
      #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) == expected)
    }
  }

  @Test("What cannot serve is refused, each with its own error")
  func refused() throws {
    try Self.withFolder { folder in
      let path = folder + "/disk"
      #expect(Self.error(path) == .notFound(path: path))
      #expect(Self.error(folder) == .notADevice(path: folder))
      #expect(Self.error("/dev/null") == .notADevice(path: "/dev/null"))
      let pipe = folder + "/pipe"
      #expect(unsafe mkfifo(pipe, 0o600) == 0)
      #expect(Self.error(pipe) == .notADevice(path: pipe))
      #expect(Self.error(path + "/more") == .notFound(path: path + "/more"))
      try Self.makeFile(path, size: 0)
      #expect(Self.error(path) == .tooSmall(path: path, needed: 4096, found: 0))
      try Self.makeFile(path, size: 10_000)
      #expect(Self.error(path) == .notAligned(path: path, size: 10_000, unit: 4096))
      #expect(Self.error(path, capacity: 12_288) == .tooSmall(path: path, needed: 12_288, found: 10_000))
      #expect(Self.error(path, capacity: 8_000) == .notAligned(path: path, size: 8_000, unit: 4096))
      #expect(Self.error(path, capacity: 0) == .notAligned(path: path, size: 0, unit: 4096))
      #expect(Self.error(path, eraseBlockSize: 96) == .notAligned(path: path, size: 96, unit: 512))
      #expect(Self.error(path, capacity: 8_192) == nil)
      // A file of holes, one erase block longer than addresses go.
      #expect(unsafe truncate(path, (1 << 32) + 4096) == 0)
      #expect(Self.error(path) == .tooLarge(path: path, found: (1 << 32) + 4096))
      #expect(Self.error(path, capacity: 0xffff_f000) == nil)
      #expect(BlockDeviceError.tooLarge(path: path, found: 1).code == .layoutInvalid)
      #expect(BlockDeviceError.inUse(path: path).code == .flashDeviceFailure)
      #expect("\(BlockDeviceError.inUse(path: path))".hasPrefix(path))
    }
  }

  @Test("It is opened once at a time")
  func openedTwice() throws {
    try Self.withFolder { folder in
      let path = folder + "/disk"
      try Self.makeFile(path, size: 8192)
      do {
        let flash = try BlockDeviceFlash(opening: path)
        #expect(Self.error(path) == .inUse(path: path))
        #expect(flash.geometry.capacity == 8192)
      }
      #expect(Self.error(path) == nil)
    }
  }

  @Test("A file that may only be read is refused")
  func readOnly() async throws {
    let result = try await onOwnThread { () throws -> [String] in
      var found: [String] = []
      try Self.withFolder { folder in
        let path = folder + "/disk"
        try Self.makeFile(path, size: 8192)
        #expect(unsafe chmod(path, 0o444) == 0)
        // Root may write everything, so that this thread is somebody else to the file system.
        try Self.setFileUser(65534)
        defer { try? Self.setFileUser(geteuid()) }
        let descriptor = unsafe open(path, O_RDONLY)
        #expect(descriptor >= 0)
        close(descriptor)
        found = [path, Self.error(path).map { "\($0)" } ?? ""]
      }
      return found
    }
    #expect(result[1] == "\(BlockDeviceError.notPermitted(path: result[0]))")
  }

  @Test("A device that fails or shrinks is a device failure, with its cause")
  func failing() throws {
    try Self.withFolder { folder in
      let path = folder + "/disk"
      try Self.makeFile(path, size: 16_384, byte: 0)
      var flash = try BlockDeviceFlash(opening: path)
      #expect(unsafe truncate(path, 6_000) == 0)
      var bytes = [UInt8](repeating: 1, count: 4096)
      var span = bytes.mutableSpan
      #expect(throws: FlashError.deviceFailure) { try flash.read(into: &span, at: 4096) }
      #expect(flash.failure == .tooSmall(path: path, needed: 16_384, found: 6_000))
      let unit = [UInt8](repeating: 1, count: 32)
      #expect(throws: FlashError.deviceFailure) { try flash.write(unit.span, at: 8192) }
      try flash.write(unit.span, at: 4096)
    }
  }
}
