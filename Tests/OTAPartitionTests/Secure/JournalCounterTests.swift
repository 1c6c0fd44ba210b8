import OTACore
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("JournalCounter")
struct JournalCounterTests {
  @Test("A counter counts, in other sessions too, and never back", arguments: try TestBoard.all())
  func counting(_ board: TestBoard) throws {
    let bench = SecureBench(board: board)
    let device = SharedFlash(try bench.provisioned())
    var expected: UInt64 = 0
    for session in 0..<UInt64(20) {
      var counter = try counter(bench, device)
      #expect(try counter.value() == expected)
      for step in 0..<session % 5 {
        let before = device.snapshot.counters.modifications
        try counter.advance(to: expected)
        #expect(device.snapshot.counters.modifications == before)
        expected += 1 + step * 1000
        try counter.advance(to: expected)
        #expect(throws: CounterError.wouldGoBack) { try counter.advance(to: expected - 1) }
        #expect(try counter.value() == expected)
      }
    }
    var last = try counter(bench, device)
    try last.advance(to: .max)
    var again = try counter(bench, device)
    #expect(try again.value() == .max)
  }

  @Test("A counter that was never provisioned, or is destroyed, has no number, not zero")
  func missing() throws {
    let bench = SecureBench(board: try TestBoard.uniform())
    var counter = try counter(bench, SharedFlash(bench.board.used()))
    #expect(throws: CounterError.unavailable) { try counter.value() }
    #expect(throws: CounterError.unavailable) { try counter.advance(to: 7) }
    try counter.provision()
    try counter.advance(to: 7)
    let device = counter.closed()
    for area in bench.counterAreas { device.withFlash { $0.destroy(area) } }
    var destroyed = try self.counter(bench, device)
    #expect(throws: CounterError.unavailable) { try destroyed.value() }
  }

  @Test("A whole record that is no counter is refused")
  func foreign() throws {
    let bench = SecureBench(board: try TestBoard.uniform())
    let place = RawPlace(bench.board.geometry, capacity: 16)
    let genuine = Array("OTAC".utf8) + [1, 0, 0, 0] + [9, 0, 0, 0, 0, 0, 0, 0]
    let cases: [([UInt8], UInt64?)] = [
      (genuine, 9), (Array(genuine.dropLast()), nil), (Array("OTAX".utf8) + genuine.dropFirst(4), nil),
      (Array(genuine[..<4]) + [2] + genuine[5...], nil), ([], nil),
    ]
    for (payload, value) in cases {
      var contents = [UInt8](repeating: 0xff, count: Int(bench.board.geometry.capacity))
      place.write(payload, sequence: 3, to: &contents, at: bench.counterAreas[0].lowerBound)
      var flash = SimulatedFlash(bench.board.geometry)
      flash.setContents(contents)
      var counter = try counter(bench, SharedFlash(flash))
      if let value {
        #expect(try counter.value() == value)
      } else {
        #expect(throws: CounterError.unavailable) { try counter.value() }
      }
    }
  }

  @Test("Areas are held against the device and each other", arguments: [1, 2, 4, 8, 16, 32])
  func areas(_ unit: UInt32) throws {
    let block: UInt32 = unit == 32 ? 384 : unit == 16 ? 256 : 192
    let geometry = try FlashGeometry(eraseBlockSize: block / 2, blockCount: 8, writeSize: unit)
    let device = SharedFlash(SimulatedFlash(geometry))
    #expect(throws: LayoutError.tooSmall) {
      _ = try JournalCounter(on: device, areaA: 0..<block / 2, areaB: block..<2 * block)
    }
    #expect(throws: LayoutError.overlap) {
      _ = try JournalCounter(on: device, areaA: 0..<block, areaB: block / 2..<2 * block)
    }
    #expect(throws: LayoutError.notAligned) {
      _ = try JournalCounter(on: device, areaA: 1..<block + 1, areaB: 2 * block..<3 * block)
    }
    var counter = try JournalCounter(on: device, areaA: 0..<block, areaB: block..<2 * block)
    try counter.provision()
    for value in 1..<UInt64(20) { try counter.advance(to: value) }
    #expect(try counter.value() == 19)
  }

  private func counter(_ bench: SecureBench, _ device: SharedFlash) throws -> JournalCounter<SharedFlash> {
    try JournalCounter(on: device, areaA: bench.counterAreas[0], areaB: bench.counterAreas[1])
  }
}
