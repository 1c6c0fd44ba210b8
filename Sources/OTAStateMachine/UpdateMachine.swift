public import OTACore

/// The life cycle of an update as a pure function: a state and an event give the next state and one action.
///
/// No input, no output, no clock. The same machine drives a Linux agent, a microcontroller and a simulated fleet.
/// The function is total: every event has a defined result in every state, and one that means nothing there gives
/// ``UpdateAction/ignore`` and changes nothing. The driver calls ``handle(_:)`` with what happened, makes
/// ``record(after:)`` durable where it differs from what the journal holds, and does what it is told.
///
/// Power loss: the machine is made anew from the journal with ``init(resuming:interruptionLimit:)``, and goes on with
/// ``UpdateEvent/started(_:)``.
public struct UpdateMachine: ~Copyable {
  /// Where the device is now.
  public private(set) var state: UpdateState

  /// How many interruptions in a row, without an authenticated block, end a download attempt.
  public let interruptionLimit: UInt8

  /// Goes on from what the journal holds.
  ///
  /// A staging record leads to `idle`: the manifest must be verified again before its slot is touched, and then the
  /// download goes on where it was left.
  ///
  /// - Parameters:
  ///   - record: the update part of the journal's newest record.
  ///   - interruptionLimit: see ``interruptionLimit``; at least 1.
  /// - Precondition: the limit is not zero.
  public init(resuming record: UpdateRecord, interruptionLimit: UInt8 = 8) {
    precondition(interruptionLimit > 0, "a download needs at least one attempt")
    self.interruptionLimit = interruptionLimit
    switch record {
    case .idle, .staging: state = .idle
    case .applying(let offer): state = .applying(offer)
    case .rollingBack(let offer, let code): state = .rollingBack(offer, code)
    case .reporting(let report): state = .reporting(report)
    }
  }

  /// What the journal must hold in this state, given what it holds now.
  ///
  /// A refused offer leaves no trace in flash: the device forgets it at a loss of power and refuses it again.
  public func record(after current: UpdateRecord) -> UpdateRecord {
    switch state {
    case .idle, .checking, .offered, .downloading, .verifying, .readyToApply, .error:
      if case .staging = current { return current }
      return .idle
    case .applying(let offer), .trial(let offer):
      return .applying(offer)
    case .rollingBack(let offer, let code):
      return .rollingBack(offer, code)
    case .reporting(let report):
      if case .idle = current, case .failed = report.outcome { return .idle }
      return .reporting(report)
    }
  }

  /// Takes in what happened and says what to do.
  public mutating func handle(_ event: UpdateEvent) -> UpdateAction {
    switch state {
    case .idle: handleIdle(event)
    case .checking: handleChecking(event)
    case .offered(let offer): handleOffered(offer, event)
    case .downloading(let offer, let interruptions): handleDownloading(offer, interruptions, event)
    case .verifying(let offer): handleVerifying(offer, event)
    case .readyToApply(let offer): handleReadyToApply(offer, event)
    case .applying(let offer): handleApplying(offer, event)
    case .trial(let offer): handleTrial(offer, event)
    case .rollingBack(let offer, let code): handleRollingBack(offer, code, event)
    case .reporting(let report): handleReporting(report, event)
    case .error: handleError(event)
    }
  }

  mutating func move(to next: UpdateState, _ action: UpdateAction) -> UpdateAction {
    state = next
    return action
  }

  mutating func fail(_ offer: Offer, _ code: ErrorCode) -> UpdateAction {
    report(Report(updateID: offer.updateID, outcome: .failed(code)))
  }

  mutating func report(_ report: Report) -> UpdateAction {
    move(to: .reporting(report), .report(report))
  }
}
