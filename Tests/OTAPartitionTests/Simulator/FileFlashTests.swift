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

  @Test("Bad blocks, wear, the clock and the log are those of the simulator")
  func faults() throws {
    try Self.withFolder { folder in
      let geometry = try FlashGeometry(eraseBlockSize: 512, blockCount: 4, writeSize: 4)
      let path = folder + "/flash"
      let flash = try FileFlash(creating: path, geometry: geometry)
      try flash.withFlash {
        $0.timing = FlashTiming(
          erasePerBlock: .milliseconds(2), writePerUnit: .microseconds(3), readPerByte: .zero)
        $0.endurance = Endurance(erases: 2, faults: .eraseIgnored)
        $0.setFaults(.programError, in: 512..<1024)
        $0.log = []
      }
      let bytes = [UInt8](repeating: 0xa5, count: 1024)
      #expect(throws: FlashError.deviceFailure) { try flash.write(bytes.span, at: 0) }
      #expect(flash.failure == nil)
      // Also what a failed operation leaves is in the file.
      let stored = try Data(contentsOf: URL(fileURLWithPath: path))
      #expect(Array(stored) == flash.snapshot.contents && stored[0..<512] == Data(bytes[..<512]))
      #expect(stored[516...].allSatisfy { $0 == 0xff })
      try flash.erase(0..<512)
      try flash.erase(0..<512)
      try flash.write(bytes.span.extracting(0..<8), at: 0)
      try flash.erase(0..<512)
      #expect(try Data(contentsOf: URL(fileURLWithPath: path))[..<8] == Data(bytes[..<8]))
      #expect(flash.snapshot.wear == [3, 0, 0, 0])
      #expect(flash.counters.time == .microseconds(6000 + 3 * 258))
      #expect(flash.snapshot.log?.map(\.result) == [.failed, .completed, .completed, .completed, .ignored])
      // A file has no memory of them.
      let again = try FileFlash(opening: path, geometry: geometry)
      try again.erase(0..<1024)
      try again.write(bytes.span, at: 0)
      #expect(again.snapshot.wear == [1, 1, 0, 0] && again.snapshot.faults(at: 512) == [])
    }
  }

  @Test("Bit rot, and bits that are lost when the power returns, are in the file")
  func rot() throws {
    try Self.withFolder { folder in
      let geometry = try FlashGeometry(eraseBlockSize: 512, blockCount: 4, writeSize: 4)
      let path = folder + "/flash"
      let flash = try FileFlash(creating: path, geometry: geometry)
      let changed = try flash.withFlash { $0.rot(bits: 20, in: 500..<1600, seed: 4) }
      #expect(!changed.isEmpty)
      func stored() throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }
      let rotten = try stored()
      #expect(rotten.indices.filter { rotten[$0] != 0xff } == changed.map { Int($0) })
      try flash.withFlash { $0.writeToUsed = .isUndefined }
      let bytes = [UInt8](repeating: 0x0f, count: 128)
      try flash.write(bytes.span, at: 0)
      try flash.write(bytes.span, at: 0)
      #expect(try stored()[..<128] == bytes[...])
      flash.restorePower(seed: 3)
      #expect(try stored() == flash.snapshot.contents && stored()[..<128] != bytes[...])
      #expect(flash.failure == nil)
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
