import OTACore
import OTAFlashSimulator
import OTAPartition
import Testing

/// Whatever is in flash: a typed error, or a boot of bytes that have the recorded digest.
@Suite("Hostile flash under journal and boot manager", .serialized)
struct HostileJournalTests {
  private static let old = TestImage(size: 301, sequenceNumber: 5, seed: 100)
  private static let new = TestImage(size: 1203, sequenceNumber: 6, seed: 200)

  /// How much more is tried with `OTA_SLOW_TESTS`.
  private static let scale = TestSeed.isSlow ? 20 : 1

  /// Small devices: 1 KiB blocks, with every kind of unit.
  private static func boards() throws -> [TestBoard] {
    var boards: [TestBoard] = []
    for (writeSize, erasedByte) in [(4, 0xff), (8, 0x00), (32, 0xff)] as [(UInt32, UInt8)] {
      let geometry = try FlashGeometry(
        eraseBlockSize: 1 << 10, blockCount: 8, writeSize: writeSize, readSize: min(writeSize, 8),
        erasedByte: erasedByte)
      boards.append(
        TestBoard(
          name: "units of \(writeSize)", geometry: geometry,
          layout: try DeviceLayout(
            slotA: 4096..<6144, slotB: 6144..<8192, journalA: 0..<2048, journalB: 2048..<4096, on: geometry),
          writeToUsed: .isUndefined))
    }
    return try boards + withMoves()
  }

  /// Devices that bring images to where they run, with blocks to spare for that.
  private static func withMoves() throws -> [TestBoard] {
    let geometry = try FlashGeometry(eraseBlockSize: 1 << 10, blockCount: 13, writeSize: 4)
    let strategies: [ActivationStrategy] = [
      .swapWithScratch(12288..<13312), .swapByMove, .swapByOffset, .overwrite,
    ]
    return try strategies.map {
      TestBoard(
        name: "\($0.kind)", geometry: geometry,
        layout: try DeviceLayout(
          slotA: 4096..<8192, slotB: 8192..<12288, journalA: 0..<2048, journalB: 2048..<4096, strategy: $0,
          on: geometry),
        writeToUsed: .isUndefined)
    }
  }

  private static func isWhole(_ probe: HostileProbe, _ title: String) {
    print(
      "hostile \(title), \(probe.board.name): \(probe.outcomes.sorted { $0.key < $1.key }), seed \(TestSeed.value)"
    )
    #expect(probe.problems.isEmpty, "\(probe.problems)")
  }

  /// A device with three more records than the first.
  private static func started(_ board: TestBoard) throws -> ArrayFlash {
    var storage = try DeviceStorage(opening: try board.provisioned(old), layout: board.layout)
    for staged: UInt32 in 0..<3 { try storage.record(.staging(new.offer, stagedBytes: 1024 * staged)) }
    return ArrayFlash(storage.closed())
  }

  @Test("Flash of one byte, of noise, and of noise with heads of records")
  func noise() async throws {
    try await onOwnThread {
      for board in try Self.boards() {
        var random = SplitMix64(seed: TestSeed.value)
        var probe = HostileProbe(board: board, image: Self.new)
        for byte: UInt8 in [0x00, 0xff, 0x55] {
          probe.examine(ArrayFlash(board.geometry, filledWith: byte), "all \(byte)")
        }
        #expect(probe.count("empty") == 3)
        var flash = ArrayFlash(board.geometry, filledWith: 0)
        for round in 0..<400 * Self.scale {
          for index in 0..<4096 { flash.bytes[index] = UInt8(truncatingIfNeeded: random.next()) }
          for _ in 0..<round % 40 {
            let place = Int(random.next() % 4000)
            let head =
              Array("OTAJ".utf8) + [1, 0, UInt8(truncatingIfNeeded: random.next()), random.pick([0, 1, 2])]
            flash.bytes.replaceSubrange(place..<place + head.count, with: head)
          }
          probe.examine(flash, "noise \(round)")
        }
        Self.isWhole(probe, "noise")
      }
    }
  }

  @Test("A real journal with some bytes changed, moved and copied")
  func mutations() async throws {
    try await onOwnThread {
      for board in try Self.boards() {
        var random = SplitMix64(seed: TestSeed.value)
        var probe = HostileProbe(board: board, image: Self.new)
        let start = try Self.started(board)
        for round in 0..<600 * Self.scale {
          var flash = start
          random.mutate(&flash.bytes, in: 0..<4096, times: 1 + Int(random.next() % 12))
          if random.isOne(in: 4) { random.mutate(&flash.bytes, in: 4096..<8192, times: 1) }
          probe.examine(flash, "mutation \(round)")
        }
        Self.isWhole(probe, "mutations")
        #expect(probe.count("boots") > 1_000 && probe.count("step 2 done") > 40)
      }
    }
  }

  @Test("Records with right checksums and hostile contents")
  func crafted() async throws {
    try await onOwnThread {
      for board in try Self.boards() {
        var random = SplitMix64(seed: TestSeed.value)
        var states = HostileStates(
          board: board, image: Self.old, offered: Self.new, random: SplitMix64(seed: TestSeed.value &+ 1))
        var probe = HostileProbe(board: board, image: Self.new)
        let start = try Self.started(board)
        let stride = RawRecord.stride(board.geometry)
        for round in 0..<1_500 * Self.scale {
          var flash = start
          for area in [0, 2048] {
            if random.isOne(in: 3) {
              flash.bytes.replaceSubrange(
                area..<area + 2048, with: repeatElement(board.geometry.erasedByte, count: 2048))
            }
            for index in 0..<2048 / stride where random.isOne(in: 3) {
              let bytes = try Self.record(&states, &random).bytes(board.geometry)
              flash.bytes.replaceSubrange(area + index * stride..<area + (index + 1) * stride, with: bytes)
            }
          }
          probe.examine(flash, "crafted \(round)")
        }
        Self.isWhole(probe, "records")
        #expect(probe.count("boots") > 1_000 && probe.count("nothing boots") > 200)
        #expect(probe.count("record refused") > 100)
        #expect(probe.count("step 1 refused") > 100)
        for step in [0, 2] { #expect(probe.count("step \(step) done") > 2, "\(step)") }
      }
    }
  }

  /// A record that is right but for a few fields.
  private static func record(
    _ states: inout HostileStates, _ random: inout SplitMix64
  ) throws -> RawRecord {
    var payload = try HostileStates.serialized(try states.next())
    switch random.next() % 16 {
    case 0: payload = random.bytes(Int(random.next() % 289))
    case 1: payload = []
    case 2: payload[0] = random.pick([0, 2, 0x7f, 0xff])
    case 3: payload.removeLast(1 + Int(random.next() % UInt64(payload.count)))
    case 4: payload += random.bytes(max(0, min(3, DeviceState.maximumSize - payload.count)))
    case 5: random.mutate(&payload, in: 0..<payload.count, times: 2)
    default: break
    }
    var record = RawRecord(
      sequence: random.pick([
        0, 1, 2, 7, 7, UInt32(random.next() % 64), .max - 40, .max - 2, .max - 1, .max,
      ]), payload: payload)
    record.hasSeal = !random.isOne(in: 4)
    record.hasClaim = random.isOne(in: 4)
    switch random.next() % 24 {
    case 0: record.hasChecksum = false
    case 1: record.version = random.pick([0, 2, 0xff])
    case 2: record.zero = 1
    case 3: record.magic = Array("OTAP".utf8)
    case 4:
      record.count = random.pick([
        0, UInt16(DeviceState.maximumSize), UInt16(DeviceState.maximumSize) + 1, .max,
      ])
    default: break
    }
    return record
  }

  @Test("Any bytes are a state or a typed error, and a state that is read is written the same")
  func states() async throws {
    try await onOwnThread {
      let board = try Self.boards()[0]
      var random = SplitMix64(seed: TestSeed.value)
      var states = HostileStates(
        board: board, image: Self.old, offered: Self.new, random: SplitMix64(seed: TestSeed.value &+ 2))
      var read = 0
      var refused = 0
      for round in 0..<20_000 * Self.scale {
        var bytes = try HostileStates.serialized(try states.next())
        if round % 4 != 0 { random.mutate(&bytes, in: 0..<bytes.count, times: 1 + round % 3) }
        if round % 7 == 0 { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
        do throws(ParseError) {
          var cursor = ByteCursor(bytes.span)
          let state = try DeviceState(parsing: &cursor)
          let count = cursor.offset
          #expect(try HostileStates.serialized(state) == Array(bytes.prefix(count)), "seed \(TestSeed.value)")
          read += 1
        } catch {
          refused += 1
        }
      }
      #expect(read > 5_000 && refused > 5_000, "\(read), \(refused)")
    }
  }
}
