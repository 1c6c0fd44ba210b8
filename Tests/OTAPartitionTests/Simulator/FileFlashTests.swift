import Foundation
import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

@Suite("FileFlash")
struct FileFlashTests {
  private static func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "ota-flash-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
  }

  @Test("Contents outlive the object, and those of an interrupted operation too")
  func persistence() throws {
    try Self.withFolder { folder in
      let geometry = try TestBoard.uniform().geometry
      let path = folder + "/flash"
      let first = try FileFlash(creating: path, geometry: geometry)
      let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
      try first.write(bytes.span, at: 16)
      first.cutPower(atOperation: 0, outcome: .prefix(units: 1))
      #expect(throws: FlashError.powerLost) { try first.write(bytes.span, at: 32) }
      // Without power also nonsense is only that.
      #expect(throws: FlashError.powerLost) { try first.write(bytes.span, at: .max) }
      let second = try FileFlash(opening: path, geometry: geometry)
      var expected = [UInt8](repeating: 0xff, count: Int(geometry.capacity))
      expected.replaceSubrange(16..<24, with: bytes)
      expected.replaceSubrange(32..<36, with: [1, 2, 3, 4])
      #expect(second.snapshot.contents == expected)
      #expect(throws: FlashError.notErased) { try second.write(bytes.span, at: 32) }
      try second.erase(0..<1024)
      #expect(second.counters.erases == 1)
      let stored = try Data(contentsOf: URL(fileURLWithPath: path))
      #expect(stored.allSatisfy { $0 == 0xff } && stored.count == expected.count)
    }
  }

  @Test("It keeps the contract of flash")
  func conformance() throws {
    try Self.withFolder { folder in
      let geometry = try FlashGeometry(eraseBlockSize: 512, blockCount: 4, writeSize: 4)
      let flash = try FileFlash(creating: folder + "/flash", geometry: geometry)
      #expect(checkFlashConformance { flash } == [])
    }
  }

  @Test("A device in a file is provisioned, updated and opened again")
  func wholeDevice() throws {
    try Self.withFolder { folder in
      let board = try TestBoard.uniform()
      let path = folder + "/flash"
      let flash = try FileFlash(creating: path, geometry: board.geometry)
      let image = TestImage.old
      let storage = try DeviceStorage.provision(
        flash, layout: board.layout, factoryImage: image.bytes.span, sequenceNumber: image.sequenceNumber,
        version: image.version, hash: SodiumSHA256.self)
      let state = storage.state
      _ = storage.closed()
      let again = try DeviceStorage(
        opening: try FileFlash(opening: path, geometry: board.geometry), layout: board.layout)
      #expect(again.state == state)
    }
  }

  @Test("What is wrong with a file is said")
  func errors() throws {
    try Self.withFolder { folder in
      let geometry = try TestBoard.uniform().geometry
      let path = folder + "/flash"
      #expect(throws: FileFlashError.notFound(path: path)) {
        try FileFlash(opening: path, geometry: geometry)
      }
      _ = try FileFlash(creating: path, geometry: geometry)
      #expect(throws: FileFlashError.alreadyExists(path: path)) {
        try FileFlash(creating: path, geometry: geometry)
      }
      let size = UInt64(Geometries.uniform4K.capacity)
      #expect(throws: FileFlashError.wrongSize(path: path, expected: size, found: UInt64(geometry.capacity)))
      {
        try FileFlash(opening: path, geometry: Geometries.uniform4K)
      }
      #expect(throws: FileFlashError.notAFile(path: folder)) {
        try FileFlash(opening: folder, geometry: geometry)
      }
      #expect(throws: FileFlashError.notFound(path: folder + "/no/flash")) {
        try FileFlash(creating: folder + "/no/flash", geometry: geometry)
      }
      #expect(
        FileFlashError.wrongSize(path: "f", expected: 2, found: 1).description.hasPrefix("f: has 1 bytes"))
      #expect(FileFlashError.diskFull(path: "f").code == .storageFull)
    }
  }
}
