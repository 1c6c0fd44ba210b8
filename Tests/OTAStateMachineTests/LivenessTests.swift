import OTACore
import OTAStateMachine
import Testing

/// A world in which power and network are back, and the update itself is good or bad.
private struct World {
  var isHealthy: Bool
  var isImageGood: Bool
  /// What the boot manager would say at the next start.
  var nextStart = StartReason.confirmed

  /// Does what the machine asks for, successfully.
  mutating func perform(_ action: UpdateAction, offer: Offer) -> UpdateEvent {
    switch action {
    case .ignore, .wait: return .pollDue
    case .check: return .manifestVerified(offer)
    case .askToInstall, .askToApply: return .policyDecided(.accept)
    case .download, .resumeDownload: return .downloadCompleted
    case .verifyImage: return isImageGood ? .imageVerified : .imageRefused(.imageDigestMismatch)
    case .activate:
      nextStart = .trial
      return .activationRecorded
    case .restart: return .started(nextStart)
    case .checkHealth: return isHealthy ? .healthPassed : .healthFailed(.healthCheckFailed)
    case .confirm:
      nextStart = .confirmed
      return .confirmationRecorded
    case .revert(let code):
      nextStart = .reverted(code)
      return .reversionRecorded
    case .report: return .reportDelivered
    }
  }
}

@Suite struct LivenessTests {
  @Test(
    "From every state the machine comes to rest when nothing stands in its way",
    arguments: [true, false], [true, false])
  func comesToRest(isHealthy: Bool, isImageGood: Bool) throws {
    let offer = try Samples.offer()
    for (name, state) in try Samples.states() {
      var machine = try Samples.machine(in: state)
      var world = World(isHealthy: isHealthy, isImageGood: isImageGood)
      if case .trial = state { world.nextStart = .trial }
      var event = restartEvent(for: state)
      var steps = 0
      var isAtRest = false
      repeat {
        let action = machine.handle(event)
        switch machine.state {
        case .idle, .error: isAtRest = true
        default: isAtRest = false
        }
        event = world.perform(action, offer: offer)
        steps += 1
      } while !isAtRest && steps < 40
      #expect(isAtRest, "\(name) is still in \(machine.state) after \(steps) steps")
    }
  }

  /// The next thing that happens in this state when all is well.
  private func restartEvent(for state: UpdateState) -> UpdateEvent {
    switch state {
    case .idle, .error: .noUpdateFound
    case .checking: .noUpdateFound
    case .offered, .readyToApply: .pollDue
    case .downloading: .downloadCompleted
    case .verifying: .imageVerified
    case .applying: .activationRecorded
    case .trial: .healthPassed
    case .rollingBack: .reversionRecorded
    case .reporting: .pollDue
    }
  }

  @Test("A random walk of 50,000 events never leaves the defined states", arguments: [1, 2, 3] as [UInt64])
  func randomWalk(seed: UInt64) throws {
    var generator = seed
    func next() -> UInt64 {
      // SplitMix64: any generator with a seed will do, so that a failure can be repeated.
      generator &+= 0x9e37_79b9_7f4a_7c15
      var value = generator
      value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
      value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
      return value ^ (value >> 31)
    }
    let events = try Samples.events()
    let offer = try Samples.offer()
    var world = World(isHealthy: true, isImageGood: true)
    var machine = UpdateMachine(resuming: .idle)
    var record = UpdateRecord.idle
    var last = UpdateAction.wait
    var visited: Set<String> = []
    for step in 0..<50_000 {
      let before = machine.state
      // Half of the events are what the last action leads to, or the walk would hardly ever come to a trial.
      let random = events[Int(next() % UInt64(events.count))]
      let (name, event) = next() % 2 == 0 ? random : ("result", world.perform(last, offer: offer))
      let action = machine.handle(event)
      if action == .ignore {
        #expect(
          machine.state == before, "seed \(seed), step \(step): \(name) was ignored but moved the machine")
      }
      if action != .ignore { last = action }
      record = machine.record(after: record)
      if next() % 1024 == 0 { machine = UpdateMachine(resuming: record) }
      visited.insert(String(describing: machine.state).prefix { $0 != "(" }.description)
    }
    #expect(visited.count == 11, "seed \(seed) visited only \(visited.sorted())")
  }
}
