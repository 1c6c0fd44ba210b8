import Foundation
import OTACore
import OTACrypto
import OTAServer
import Testing

@testable import OTAServerSQLite

@Suite struct SQLiteStoreTests {
  static func device(_ number: UInt64) throws -> RegisteredDevice {
    RegisteredDevice(
      id: UniversalIdentifier(high: number, low: ~number), vendorID: Fixture.vendor, classID: Fixture.product,
      hardwareRevision: .max,
      publicKey: try PublicKey(algorithm: .ed25519, bytes: [UInt8](repeating: UInt8(number), count: 32)))
  }

  static let time = Timestamp(secondsSince1970: 5)

  @Test("everything outlives the process: a file that is opened again has it all")
  func reopen() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("db")
    let fixture = try await Fixture(path: path)
    let payload: [UInt8] = [1, 2, 3]
    let compatibility = Compatibility(
      vendorID: Fixture.vendor, classID: Fixture.product, deviceID: fixture.device.id,
      hardwareRevisions: 0 ... .max)
    let update = try await fixture.publish(
      Fixture.manifest(
        payload, sequenceNumber: UInt64(Int64.max), version: Version(.max, 0, 7), required: Version(0, 9, 1),
        delta: (image: [8], source: [0], memory: .max), compatibility: compatibility), payload)
    _ = try await fixture.check(fixture.checkRequest(memory: .max))
    let receipt = try await fixture.receipt(update.id, .reverted(.healthCheckTimeout))
    #expect(try await fixture.report(receipt).status == 204)

    let store = try SQLiteStore(path: path)
    #expect(try await store.device(fixture.device.id) == fixture.device)
    #expect(try await store.update(update.id) == update)
    #expect(
      try await store.deployments(of: fixture.device.id) == fixture.server.deployments(of: fixture.device.id))
    #expect(try await store.receipts(of: fixture.device.id).map(\.bytes) == [receipt])
    #expect(try await store.deviceStatuses(after: nil, limit: 10) == fixture.server.deviceStatuses())
    #expect(try await store.updateStatistics().map(\.reverted) == [1])
    #expect(try await store.artifact(update.id)?.size == update.envelopeSize)
  }

  @Test("devices come in pages, in the order of their identifiers")
  func pages() async throws {
    let store = try SQLiteStore(path: ":memory:")
    for number in [5, 1, 4, 2, 3] as [UInt64] {
      try await store.register(try SQLiteStoreTests.device(number), at: SQLiteStoreTests.time)
    }
    var seen: [UInt64] = []
    var last: UniversalIdentifier?
    while true {
      let page = try await store.deviceStatuses(after: last, limit: 2)
      seen += page.map(\.device.id.high)
      last = page.last?.device.id
      if page.count < 2 { break }
    }
    #expect(seen == [1, 2, 3, 4, 5])
    #expect(try await store.deviceStatuses(after: nil, limit: -1).isEmpty)
  }

  @Test("what names an unknown device or update is refused whole")
  func unknown() async throws {
    let store = try SQLiteStore(path: ":memory:")
    let device = try SQLiteStoreTests.device(1)
    try await store.register(device, at: SQLiteStoreTests.time)
    var checkIn = CheckIn(
      device: device.id, component: Fixture.component, version: Version(1, 0),
      sequenceNumber: SequenceNumber(1),
      imageDigest: Fixture.digest([0]), at: SQLiteStoreTests.time)
    await #expect(throws: StoreError.unknownUpdate) {
      try await store.recordCheckIn(checkIn, offering: Fixture.digest([1]))
    }
    #expect(try await store.deviceStatuses(after: nil, limit: 1).first?.lastCheckIn == nil)
    checkIn.device = UniversalIdentifier(high: 9, low: 9)
    await #expect(throws: StoreError.unknownDevice) { try await store.recordCheckIn(checkIn, offering: nil) }
    let stored = StoredReceipt(
      receipt: DeviceReceipt(
        device: checkIn.device, report: Report(updateID: Fixture.digest([1]), outcome: .installed),
        imageDigest: Fixture.digest([0]), sequenceNumber: SequenceNumber(1)),
      bytes: [1], receivedAt: SQLiteStoreTests.time)
    await #expect(throws: StoreError.unknownDevice) { _ = try await store.record(stored) }
    #expect(try await store.device(checkIn.device) == nil)
    #expect(try await store.update(Fixture.digest([1])) == nil)
  }

  @Test("a lock that another connection holds is waited for, then reported, and nothing is kept")
  func busy() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("db")
    let store = try SQLiteStore(path: path, busyTimeoutMilliseconds: 50)
    let other = try SQLiteConnection(path: path, busyTimeoutMilliseconds: 0)
    try other.execute(script: "BEGIN IMMEDIATE")
    let device = try SQLiteStoreTests.device(1)
    await #expect(throws: StoreError.busy(path: path)) {
      try await store.register(device, at: SQLiteStoreTests.time)
    }
    // Readers are not held up.
    #expect(try await store.device(device.id) == nil)
    try other.execute(script: "ROLLBACK")
    try await store.register(device, at: SQLiteStoreTests.time)
    #expect(try await store.device(device.id) == device)
  }

  @Test("a locked database is told to a device as a reason to come again")
  func busyResponse() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("db")
    let fixture = try await Fixture(path: path)
    let store = try SQLiteStore(path: path, busyTimeoutMilliseconds: 0)
    let server = UpdateServer(store: store, artifacts: fixture.artifacts)
    let other = try SQLiteConnection(path: path, busyTimeoutMilliseconds: 0)
    try other.execute(script: "BEGIN IMMEDIATE")
    let body = [UInt8](try JSONEncoder().encode(fixture.checkRequest()))
    let request = ServerRequest(method: "POST", path: "/api/v1/updates/check", body: body)
    let response = await server.respond(to: request)
    #expect(response.status == 503)
    #expect(response.headers["Retry-After"] != nil)
    #expect(try response.errorCode() == .storeBusy)
    #expect(!String(decoding: response.bytes, as: UTF8.self).contains(path))
    try other.execute(script: "ROLLBACK")
    #expect(await server.respond(to: request).status == 200)
  }

  @Test("a database that may not grow says so, and keeps what it has")
  func full() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("db")
    let store = try SQLiteStore(path: path)
    try await store.limitPages()
    var count: UInt64 = 0
    let failure = await #expect(throws: StoreError.self) {
      while count < 250 {
        try await store.register(try SQLiteStoreTests.device(count + 1), at: SQLiteStoreTests.time)
        count += 1
      }
    }
    #expect(failure == .storageFull(path: path))
    #expect(failure?.code == .storageFull)
    #expect(try await store.deviceStatuses(after: nil, limit: 1000).count == Int(count))
  }

  @Test("a full disk says so, and the database is whole afterwards", .enabled(if: TinyDisk.isAvailable))
  func diskFull() async throws {
    let disk = try TinyDisk(kibibytes: 256)
    let path = disk.path + "/db"
    let fixture = try await Fixture(path: path)
    var count = 0
    var failure: ServerError?
    while failure == nil, count < 5000 {
      var device = fixture.device
      device.id = UniversalIdentifier(high: 100, low: UInt64(count))
      do throws(ServerError) {
        try await fixture.server.register(device)
        count += 1
      } catch {
        failure = error
      }
    }
    #expect(failure == .store(.storageFull(path: path)))
    #expect(try await fixture.server.deviceStatuses(limit: 10_000).count == count + 1)
  }

  @Test("a file that is no database, a damaged one and one of another program are told apart")
  func wrongFiles() async throws {
    let directory = try TemporaryDirectory()
    let text = directory.file("text")
    try Data(repeating: 0x41, count: 5000).write(to: URL(fileURLWithPath: text))
    #expect(throws: StoreError.notADatabase(path: text)) { _ = try SQLiteStore(path: text) }
    // And it is as it was.
    #expect(try Data(contentsOf: URL(fileURLWithPath: text)) == Data(repeating: 0x41, count: 5000))

    let foreign = directory.file("foreign")
    try SQLiteConnection(path: foreign, busyTimeoutMilliseconds: 0).execute(script: "CREATE TABLE t (x)")
    let before = try Data(contentsOf: URL(fileURLWithPath: foreign))
    #expect(throws: StoreError.notADatabase(path: foreign)) { _ = try SQLiteStore(path: foreign) }
    #expect(try Data(contentsOf: URL(fileURLWithPath: foreign)) == before)

    let newer = directory.file("newer")
    _ = try SQLiteStore(path: newer)
    try SQLiteConnection(path: newer, busyTimeoutMilliseconds: 0).execute(script: "PRAGMA user_version = 99")
    #expect(throws: StoreError.newerSchema(path: newer, version: 99)) { _ = try SQLiteStore(path: newer) }

    let missing = directory.file("no/such/folder")
    #expect(throws: StoreError.cannotOpen(path: missing)) { _ = try SQLiteStore(path: missing) }
    #expect(throws: StoreError.cannotOpen(path: directory.path)) { _ = try SQLiteStore(path: directory.path) }
  }

  @Test("what cannot be written says so", .enabled(if: TinyDisk.isAvailable))
  func readOnly() async throws {
    let disk = try TinyDisk(kibibytes: 8192)
    let path = disk.path + "/db"
    try await SQLiteStoreTests.fill(path)
    let artifacts = try ArtifactStore(directory: disk.path)
    try disk.makeReadOnly()
    #expect(throws: StoreError.readOnly(path: path)) { _ = try SQLiteStore(path: path) }
    let digest = Fixture.digest([1])
    #expect(throws: StoreError.readOnly(path: artifacts.path(of: digest))) {
      try artifacts.add([1], as: digest)
    }
  }

  @Test("a damaged file is refused or read, but never trusted blindly")
  func corrupt() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("db")
    try await SQLiteStoreTests.fill(path)
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect(bytes.count > 8192)
    // Behind the header of the file: pages of tables.
    bytes.replaceSubrange(4096..., with: Data(repeating: 0xA5, count: bytes.count - 4096))
    try bytes.write(to: URL(fileURLWithPath: path))
    let error = await #expect(throws: StoreError.self) {
      let store = try SQLiteStore(path: path)
      _ = try await store.deviceStatuses(after: nil, limit: 1000)
    }
    #expect(error == .corrupt(path: path))
  }

  private static func fill(_ path: String) async throws {
    let store = try SQLiteStore(path: path)
    for number in 1...200 as ClosedRange<UInt64> {
      try await store.register(try device(number), at: time)
    }
    try await store.checkpoint()
  }

  @Test("many tasks at once leave one consistent result")
  func concurrency() async throws {
    let directory = try TemporaryDirectory()
    let store = try SQLiteStore(path: directory.file("db"))
    let second = try SQLiteStore(path: directory.file("db"))
    try await withThrowingTaskGroup { group in
      for number in 1...60 as ClosedRange<UInt64> {
        group.addTask {
          let device = try SQLiteStoreTests.device(number % 30 + 1)
          try await (number % 2 == 0 ? store : second).register(device, at: SQLiteStoreTests.time)
        }
      }
      try await group.waitForAll()
    }
    #expect(try await store.deviceStatuses(after: nil, limit: 100).count == 30)
  }
}

extension SQLiteStore {
  /// Lets the file grow no more.
  func limitPages() throws {
    try connection.execute(script: "PRAGMA max_page_count = 1")
  }

  /// Moves everything from the log into the file.
  func checkpoint() throws {
    try connection.execute(script: "PRAGMA wal_checkpoint(TRUNCATE)")
  }
}
