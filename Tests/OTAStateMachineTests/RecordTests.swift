import OTACore
import OTAStateMachine
import Testing

@Suite struct RecordTests {
  @Test("An offer that is refused before anything was staged leaves no trace in the journal")
  func refusalLeavesNoTrace() throws {
    var machine = try Samples.machine(in: .checking)
    _ = machine.handle(.manifestRefused(updateID: try Samples.digest(9), .authenticationFailed))
    #expect(machine.record(after: .idle) == .idle)
  }

  @Test("A failure after something was staged is remembered until it is reported")
  func failureAfterStaging() throws {
    let staging = UpdateRecord.staging(try Samples.offer(), stagedBytes: 4096)
    var machine = try Samples.machine(in: .downloading(try Samples.offer(), interruptions: 0))
    #expect(machine.record(after: staging) == staging)
    _ = machine.handle(.payloadRefused(.payloadDigestMismatch))
    let report = try Samples.report(.failed(.payloadDigestMismatch))
    #expect(machine.record(after: staging) == .reporting(report))
    _ = machine.handle(.reportDelivered)
    #expect(machine.record(after: .reporting(report)) == .idle)
  }

  @Test("After a loss of power in any state, the machine goes on towards the same end")
  func resumption() throws {
    let offer = try Samples.offer()
    for (name, state) in try Samples.states() {
      let machine = try Samples.machine(in: state)
      let record = machine.record(after: .idle)
      let resumed = UpdateMachine(resuming: record)
      switch state {
      case .idle, .checking, .offered, .downloading, .verifying, .readyToApply, .error:
        #expect(resumed.state == .idle, "\(name)")
      case .applying, .trial:
        #expect(resumed.state == .applying(offer), "\(name)")
      case .rollingBack:
        #expect(resumed.state == state, "\(name)")
      case .reporting(let report):
        // A plain refusal is forgotten, and found again by the next check.
        #expect(resumed.state == (report.outcome.kind == .failed ? .idle : state), "\(name)")
      }
    }
  }

  @Test("Every record fits one journal record")
  func recordsFit() throws {
    let offer = try Samples.offer()
    let image = ImageRecord(
      image: ImageDescription(digest: try Samples.digest(1), size: 1), sequenceNumber: SequenceNumber(1),
      version: Version(1, 0))
    for (name, state) in try Samples.states() {
      let machine = try Samples.machine(in: state)
      for current in [UpdateRecord.idle, .staging(offer, stagedBytes: .max)] {
        let boot = BootState(
          selection: .trial(.b, attemptsLeft: 3), slotA: image, slotB: image,
          securityCounter: SequenceNumber(.max), lastRevert: .healthCheckFailed)
        let device = DeviceState(boot: boot, update: machine.record(after: current))
        let bytes = try [UInt8](capacity: DeviceState.maximumSize) { (writer) throws(ParseError) in
          try device.serialize(into: &writer)
        }
        var cursor = ByteCursor(bytes.span)
        #expect(try DeviceState(parsing: &cursor) == device, "\(name)")
        try cursor.requireEnd()
      }
    }
  }
}
