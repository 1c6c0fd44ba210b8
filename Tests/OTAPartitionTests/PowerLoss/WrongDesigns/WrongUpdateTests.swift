import OTACore
import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// Updates that do what the tokens of `DeviceStorage` forbid, and a boot loader that believes the journal.
@Suite("The checker finds wrong updates")
struct WrongUpdateTests {
  @Test("An image that is selected before it is whole is found")
  func selectedEarly() throws {
    let report = try check(HastyAgent(board: try TestBoard.uniform(), selectsEarly: true))
    #expect(report.violations.first?.trace.count == 1, "\(report)")
  }

  @Test("The same update in the right order is not")
  func selectedLast() throws {
    let report = try check(HastyAgent(board: try TestBoard.uniform(), selectsEarly: false))
    #expect(report.violations.isEmpty && report.singleCuts > 50, "\(report)")
  }

  private func check(_ agent: HastyAgent) throws -> PowerLossReport {
    var checker = PowerLossChecker(seed: TestSeed.value, mayChange: agent.board.ownRanges)
    checker.stopsEarly = true
    return checker.check(
      try agent.board.provisioned(.old),
      scenario: { device throws(StorageError) in try agent.run(device) },
      invariant: agent.problem, completion: agent.problem)
  }
}

/// Writes the slot and selects it, with no more than the journal.
struct HastyAgent {
  var board: TestBoard
  /// The flaw: selects the slot, then fills it.
  var selectsEarly: Bool

  func run(_ device: SharedFlash) throws(StorageError) {
    var device = device
    var journal = Journal(layout: board.layout, geometry: board.geometry)
    var state = try Self.read(&journal, from: &device)
    let isDone = state.boot.selection == .confirmed(.b) && state.update == .idle
    if isDone { return }
    state.boot.slotB = TestImage.new.record
    state.boot.selection = .confirmed(.b)
    if selectsEarly {
      state.update = .applying(TestImage.new.offer)
      try commit(state, journal: &journal, device: &device)
    }
    try fill(&device)
    state.update = .idle
    try commit(state, journal: &journal, device: &device)
  }

  /// Boots what the journal says, and looks at it.
  func problem(on device: SharedFlash) -> String? {
    var journal = Journal(layout: board.layout, geometry: board.geometry)
    var flash = device
    guard let state = try? Self.read(&journal, from: &flash) else { return "the journal cannot be opened" }
    let slot = state.boot.selection.slot
    let image = slot == .a ? TestImage.old : TestImage.new
    let isWhole = board.bytes(image.bytes.count, of: slot, on: device.snapshot) == image.bytes
    return isWhole ? nil : "slot \(slot) boots, and is not whole"
  }

  private static func read(_ journal: inout Journal, from device: inout SharedFlash) throws(StorageError)
    -> DeviceState
  {
    var buffer = InlineArray<320, UInt8>(repeating: 0)
    var payload = buffer.mutableSpan
    guard let count = try journal.open(&device, payload: &payload) else { throw .journalEmpty }
    var cursor = ByteCursor(buffer.span.extracting(0..<count))
    do throws(ParseError) { return try DeviceState(parsing: &cursor) } catch { throw .record(error) }
  }

  private func commit(
    _ state: DeviceState, journal: inout Journal, device: inout SharedFlash
  ) throws(StorageError) {
    var payload: [UInt8] = []
    do throws(ParseError) {
      payload = try [UInt8](capacity: DeviceState.maximumSize) { (writer) throws(ParseError) in
        try state.serialize(into: &writer)
      }
    } catch {
      throw .record(error)
    }
    try journal.commit(payload.span, to: &device)
  }

  private func fill(_ device: inout SharedFlash) throws(StorageError) {
    let padding = [UInt8](repeating: 0xff, count: 5004 - TestImage.new.bytes.count)
    let bytes = TestImage.new.bytes + padding
    do throws(FlashError) {
      try device.erase(board.layout.slotB)
      try device.write(bytes.span, at: board.layout.slotB.lowerBound)
    } catch {
      throw .flash(error)
    }
  }
}
