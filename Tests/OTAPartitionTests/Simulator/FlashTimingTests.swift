import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("The virtual clock")
struct FlashTimingTests {
  private static let timing = FlashTiming(
    erasePerBlock: .milliseconds(85), writePerUnit: .microseconds(41), readPerByte: .nanoseconds(16))

  private static func flash() throws -> SimulatedFlash {
    var flash = SimulatedFlash(try TestBoard.uniform().geometry)
    flash.timing = timing
    return flash
  }

  @Test("Each operation costs what it does, and one that is refused nothing")
  func operations() throws {
    var flash = try Self.flash()
    let bytes = [UInt8](repeating: 1, count: 20)
    try flash.erase(0..<3072)
    #expect(flash.counters.time == .milliseconds(255))
    try flash.write(bytes.span, at: 1020)
    #expect(flash.counters.time == .microseconds(255_205))
    var read = [UInt8](repeating: 0, count: 100)
    var span = read.mutableSpan
    try flash.read(into: &span, at: 7)
    let total: Duration = .nanoseconds(255_206_600)
    #expect(flash.counters.time == total)
    #expect(Self.timing.duration(erasingBlocks: 3, writingUnits: 5, readingBytes: 100) == total)
    #expect(throws: FlashError.notErased) { try flash.write(bytes.span, at: 1020) }
    #expect(throws: FlashError.notAligned) { try flash.erase(1..<1024) }
    #expect(throws: FlashError.outOfBounds) { try flash.read(into: &span, at: .max) }
    try flash.erase(0..<0)
    try flash.write([UInt8]().span, at: 0)
    flash.cutPower()
    #expect(throws: FlashError.powerLost) { try flash.erase(0..<1024) }
    #expect(flash.counters.time == total)
    flash.resetCounters()
    #expect(flash.counters.time == .zero)
  }

  @Test("What is interrupted or fails costs as much as the whole")
  func interrupted() throws {
    var flash = try Self.flash()
    flash.cutPower(atOperation: 0, outcome: .prefix(units: 1))
    #expect(throws: FlashError.powerLost) { try flash.erase(0..<2048) }
    #expect(flash.counters.time == .milliseconds(170))
    flash.restorePower()
    flash.setFaults([.programError, .readError], in: 4096..<4097)
    let bytes = [UInt8](repeating: 1, count: 8)
    #expect(throws: FlashError.deviceFailure) { try flash.write(bytes.span, at: 4096) }
    #expect(flash.counters.time == .microseconds(170_082))
    var read = bytes
    var span = read.mutableSpan
    #expect(throws: FlashError.deviceFailure) { try flash.read(into: &span, at: 4096) }
    #expect(flash.counters.time == .nanoseconds(170_082_128))
  }

  @Test("Without costs the clock stands still")
  func none() throws {
    var flash = SimulatedFlash(try TestBoard.uniform().geometry)
    try flash.erase(0..<1024)
    #expect(flash.counters.time == .zero)
  }

  @Test("The flash time of an update is the sum over its log, and the same every time")
  func update() throws {
    func run() throws -> (time: Duration, log: [SimulatedFlash.Operation], bytesRead: Int) {
      let board = try TestBoard.uniform()
      var start = try board.provisioned(.old)
      start.timing = Self.timing
      start.log = []
      let device = SharedFlash(start)
      try TestAgent(board: board, image: .new).run(device)
      let end = device.snapshot
      return (end.counters.time, try #require(end.log), end.counters.bytesRead)
    }
    let (time, log, bytesRead) = try run()
    let erased = log.filter { $0.kind == .erase }.reduce(0) { $0 + $1.range.count / 1024 }
    let written = log.filter { $0.kind == .write }.reduce(0) { $0 + $1.range.count / 4 }
    #expect(erased >= 6)
    #expect(written >= TestImage.new.bytes.count / 4)
    #expect(bytesRead > TestImage.new.bytes.count)
    let erasing: Duration = .milliseconds(85 * erased)
    let writing: Duration = .microseconds(41 * written)
    let reading: Duration = .nanoseconds(16 * bytesRead)
    #expect(time == erasing + writing + reading)
    #expect(log.allSatisfy { $0.result == .completed })
    #expect(try run().time == time)
  }
}
