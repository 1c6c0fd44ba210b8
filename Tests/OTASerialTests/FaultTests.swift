import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAManifest
import OTASerial
import Testing

/// Lines that lose, repeat, exchange and damage bytes, and devices that are started again in the middle.
@Suite struct FaultTests {
  let world: TestWorld
  /// A host that is never tired.
  let times = SerialPatience(attempts: 200, questions: 2000, restarts: 2000)

  init() throws { world = try TestWorld.shared.get() }

  private func task(isPatch: Bool) throws -> SerialTask {
    .update(
      SerialUpdate(
        envelope: try world.envelope(world.manifest(isPatch: isPatch)),
        payloads: [world.new, world.patch], nonce: [9]))
  }

  private func installs(_ line: inout TestLine) throws {
    let result = try line.run().get()
    #expect(result.status.outcome == .installed)
    #expect(result.receipt != nil)
    #expect(try line.board.runningImage() == world.new)
  }

  /// How many frames an update takes from the host.
  private func frameCount(isPatch: Bool) throws -> Int {
    var line = TestLine(try TestBoard(world), try task(isPatch: isPatch))
    _ = try line.run().get()
    return line.exchanges
  }

  @Test(arguments: [false, true]) func deviceIsStartedAgainAtEveryFrame(isPatch: Bool) throws {
    for frame in 0..<(try frameCount(isPatch: isPatch)) {
      for isBefore in [true, false] {
        let board = try TestBoard(world)
        var line = TestLine(board, try task(isPatch: isPatch), times: times)
        var count = 0
        if isBefore {
          line.toDevice = { bytes in
            defer { count += 1 }
            if count == frame { board.start() }
            return bytes
          }
        } else {
          line.toHost = { bytes in
            defer { count += 1 }
            guard count == frame else { return bytes }
            board.start()
            return []
          }
        }
        try installs(&line)
      }
    }
  }

  @Test func deviceIsStartedAgainNowAndThen() throws {
    let seed = TestSeed.value
    print("seed \(seed)")
    var random = SplitMix64(seed: seed)
    for round in 0..<10 {
      let board = try TestBoard(world)
      var line = TestLine(board, try task(isPatch: round % 2 == 0), times: times)
      line.between = { board in if random.next() % 16 == 0 { board.start() } }
      try installs(&line)
    }
  }

  @Test func everyKindOfLineFault() throws {
    let seed = TestSeed.value
    print("seed \(seed)")
    var random = SplitMix64(seed: seed)
    for round in 0..<24 {
      let board = try TestBoard(world)
      // What a boot loader prints, and what ends in the middle of it.
      board.bootText = Array("boot 1.0\r\nslot b\r\n".utf8)
      var line = TestLine(board, try task(isPatch: round % 2 == 0), times: times)
      var (late, lateAnswer): ([UInt8], [UInt8]) = ([], [])
      line.toDevice = { disturb($0, &late, &random) }
      var other = SplitMix64(seed: seed &+ UInt64(round) &+ 1)
      line.toHost = { disturb($0, &lateAnswer, &other) }
      try installs(&line)
    }
  }

  @Test func requestToStartAgainIsLost() throws {
    for lost in 0..<12 {
      let board = try TestBoard(world)
      var line = TestLine(board, try task(isPatch: true), times: times)
      var left = lost
      line.toDevice = { bytes in
        guard bytes.count > 3, bytes[3] == SerialRequest.reset.rawValue, left > 0 else { return bytes }
        left -= 1
        return []
      }
      try installs(&line)
      #expect(left == 0)
    }
  }

  @Test func everySplitOfTheStream() throws {
    // Up to the restart: what comes with that frame or behind it is lost.
    let frames = try recordedFrames().prefix { $0[3] != SerialRequest.reset.rawValue }
    #expect(frames.count > 6)
    var expected: [UInt8] = []
    let board = try TestBoard(world)
    for frame in frames { expected += board.receive(frame) }
    let stream = frames.flatMap { $0 }
    // One byte at a time.
    let slow = try TestBoard(world)
    let isSame = stream.flatMap { slow.receive([$0]) } == expected
    #expect(isSame)
    // All at once.
    let fast = try TestBoard(world)
    let isSameAtOnce = fast.receive(stream) == expected
    #expect(isSameAtOnce)
    // In two parts, at places all over the first frames and now and then behind.
    for cut in Array(0..<60) + Array(stride(from: 61, to: stream.count, by: 131)) {
      let board = try TestBoard(world)
      let isSame =
        board.receive(Array(stream[..<cut])) + board.receive(Array(stream[cut...])) == expected
      #expect(isSame, "cut at \(cut)")
    }
  }

  @Test func garbageIsCountedAndHarmless() throws {
    let seed = TestSeed.value
    print("seed \(seed)")
    var random = SplitMix64(seed: seed)
    let board = try TestBoard(world)
    for _ in 0..<200 {
      let count = Int(random.next() % 300)
      _ = board.receive((0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) })
    }
    _ = board.receive([0])
    #expect(board.counters.garbage > 0)
    #expect(board.counters.frames == 0)
    // Longer than any frame, without a zero.
    let oversized = board.counters.oversized
    _ = board.receive([UInt8](repeating: 0x55, count: 100_000) + [0])
    #expect(board.counters.oversized == oversized + 1)
    // Frames with a good checksum and no sense get an answer each.
    for type: UInt8 in [0, 0x0c, 0x3f, 0x7f] {
      let answer = board.receive(frame(type: type, body: []))
      #expect(code(of: answer) == ErrorCode.unsupported.rawValue)
    }
    for type in SerialRequest.allCases where type != .status && type != .reset && type != .receipt {
      for count in [0, 1, 7, 31, 33] {
        let answer = board.receive(frame(type: type.rawValue, body: [UInt8](repeating: 0xa5, count: count)))
        #expect(code(of: answer) != 0, "\(type), \(count) bytes")
      }
    }
    // The device works afterwards.
    var line = TestLine(board, try task(isPatch: true))
    try installs(&line)
  }

  @Test func powerIsCutInFlash() throws {
    let seed = TestSeed.value
    print("seed \(seed)")
    for isPatch in [false, true] {
      let counted = try TestBoard(world)
      let before = counted.flash.withFlash { $0.counters.modifications }
      var whole = TestLine(counted, try task(isPatch: isPatch))
      try installs(&whole)
      let operations = counted.flash.withFlash { $0.counters.modifications } - before
      for operation in stride(from: Int(seed % 5), to: operations, by: TestSeed.isSlow ? 1 : 7) {
        let board = try TestBoard(world)
        board.flash.withFlash {
          $0.cutPower(atOperation: operation, outcome: .randomBits(seed: seed &+ UInt64(operation)))
        }
        var line = TestLine(board, try task(isPatch: isPatch), times: times)
        line.toHost = { bytes in
          guard !board.flash.withFlash({ $0.isPowered }) else { return bytes }
          board.flash.withFlash { $0.restorePower(seed: seed) }
          board.start()
          #expect(board.isRunning)
          return []
        }
        try installs(&line)
      }
    }
  }

  // MARK: Helpers

  /// Loses, repeats, delays, cuts and damages.
  private func disturb(_ bytes: [UInt8], _ late: inout [UInt8], _ random: inout SplitMix64) -> [UInt8] {
    var bytes = bytes
    defer { if late.count > 4096 { late = [] } }
    switch random.next() % 16 {
    case 0: return []
    case 1: return bytes + bytes
    case 2:
      // Overtaken by the next one.
      late = bytes
      return []
    case 3:
      defer { late = [] }
      return bytes + late
    case 4 where !bytes.isEmpty:
      bytes[Int(random.next() % UInt64(bytes.count))] ^= 1 << UInt8(random.next() % 8)
      return bytes
    case 5 where !bytes.isEmpty:
      return Array(bytes[..<Int(random.next() % UInt64(bytes.count))])
    case 6 where !bytes.isEmpty:
      return Array(bytes[Int(random.next() % UInt64(bytes.count))...])
    case 7: return (0..<9).map { _ in UInt8(truncatingIfNeeded: random.next()) } + bytes
    default: return bytes
    }
  }

  /// What a host sends in an update.
  private func recordedFrames() throws -> [[UInt8]] {
    var frames: [[UInt8]] = []
    var line = TestLine(try TestBoard(world), try task(isPatch: true))
    line.toDevice = {
      frames.append($0)
      return $0
    }
    _ = try line.run().get()
    return frames
  }
}

/// A request as it goes over the line.
func frame(type: UInt8, number: UInt16 = 1, body: [UInt8]) -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: SerialFrame.encodedSize(ofBody: body.count))
  var span = bytes.mutableSpan
  let count = SerialFrame.encode(type: type, number: number, body: body.span, into: &span)
  return Array(bytes[..<count])
}

/// The code of an answer; `nil` if it is none.
func code(of answer: [UInt8]) -> UInt16? {
  var buffer = [UInt8](repeating: 0, count: 1024)
  var collector = FrameCollector()
  var span = buffer.mutableSpan
  for byte in answer {
    guard case .bytes(let count) = collector.take(byte, into: &span) else { continue }
    guard let (_, _, body) = SerialFrame.parse(span.span.extracting(0..<count)), body.count >= 2 else {
      return nil
    }
    return UInt16(span[body.lowerBound]) | UInt16(span[body.lowerBound + 1]) << 8
  }
  return nil
}
