import OTACore
import OTAStateMachine

/// One of everything, with payloads that can be told apart.
enum Samples {
  static func digest(_ byte: UInt8) throws -> Digest {
    let bytes = [UInt8](repeating: byte, count: 32)
    return try Digest(algorithm: .sha256, bytes: bytes.span)
  }

  static func offer() throws -> Offer {
    Offer(updateID: try digest(7), sequenceNumber: SequenceNumber(2), imageSize: 4096)
  }

  static func report(_ outcome: Report.Outcome) throws -> Report {
    Report(updateID: try digest(7), outcome: outcome)
  }

  /// Every state, by name.
  static func states() throws -> [(name: String, state: UpdateState)] {
    let offer = try offer()
    return [
      ("idle", .idle),
      ("checking", .checking),
      ("offered", .offered(offer)),
      ("downloading", .downloading(offer, interruptions: 2)),
      ("verifying", .verifying(offer)),
      ("readyToApply", .readyToApply(offer)),
      ("applying", .applying(offer)),
      ("trial", .trial(offer)),
      ("rollingBack", .rollingBack(offer, .healthCheckFailed)),
      ("reporting installed", .reporting(try report(.installed))),
      ("reporting failed", .reporting(try report(.failed(.payloadDigestMismatch)))),
      ("error", .error(.transportUnreachable)),
    ]
  }

  /// Every event, by name.
  static func events() throws -> [(name: String, event: UpdateEvent)] {
    [
      ("started confirmed", .started(.confirmed)),
      ("started trial", .started(.trial)),
      ("started reverted", .started(.reverted(.bootAttemptsExhausted))),
      ("pollDue", .pollDue),
      ("cancelled", .cancelled),
      ("noUpdateFound", .noUpdateFound),
      ("manifestVerified", .manifestVerified(try offer())),
      ("manifestRefused", .manifestRefused(updateID: try digest(9), .authenticationFailed)),
      ("checkFailed", .checkFailed(.transportUnreachable)),
      ("accept", .policyDecided(.accept)),
      ("postpone", .policyDecided(.postpone)),
      ("reject", .policyDecided(.reject)),
      ("downloadAdvanced", .downloadAdvanced),
      ("downloadCompleted", .downloadCompleted),
      ("downloadInterrupted", .downloadInterrupted(.transportInterrupted)),
      ("payloadRefused", .payloadRefused(.payloadDigestMismatch)),
      ("imageVerified", .imageVerified),
      ("imageRefused", .imageRefused(.imageDigestMismatch)),
      ("activationRecorded", .activationRecorded),
      ("healthPassed", .healthPassed),
      ("healthFailed", .healthFailed(.healthCheckTimeout)),
      ("confirmationRecorded", .confirmationRecorded),
      ("reversionRecorded", .reversionRecorded),
      ("storageFailed", .storageFailed(.flashDeviceFailure)),
      ("reportDelivered", .reportDelivered),
      ("reportFailed", .reportFailed(.transportTimeout)),
      ("reportRefused", .reportRefused(.receiptRefused)),
    ]
  }

  /// A machine in this state, reached by events alone: nobody can put it there otherwise.
  static func machine(in state: UpdateState) throws -> UpdateMachine {
    var machine = UpdateMachine(resuming: .idle, interruptionLimit: 4)
    for event in try path(to: state) { _ = machine.handle(event) }
    return machine
  }

  private static func path(to state: UpdateState) throws -> [UpdateEvent] {
    let offered: [UpdateEvent] = [.pollDue, .manifestVerified(try offer())]
    let verifying = offered + [.policyDecided(.accept), .downloadCompleted]
    let applying = verifying + [.imageVerified, .policyDecided(.accept)]
    let trial = applying + [.activationRecorded, .started(.trial)]
    switch state {
    case .idle: return []
    case .checking: return [.pollDue]
    case .offered: return offered
    case .downloading(_, let interruptions):
      let cuts = [UpdateEvent](
        repeating: .downloadInterrupted(.transportInterrupted), count: Int(interruptions))
      return offered + [.policyDecided(.accept)] + cuts
    case .verifying: return verifying
    case .readyToApply: return verifying + [.imageVerified]
    case .applying: return applying
    case .trial: return trial
    case .rollingBack(_, let code): return trial + [.healthFailed(code)]
    case .reporting(let report):
      switch report.outcome {
      case .installed: return trial + [.confirmationRecorded]
      case .failed(let code): return offered + [.policyDecided(.accept), .payloadRefused(code)]
      case .reverted(let code): return applying + [.started(.reverted(code))]
      }
    case .error(let code): return [.pollDue, .checkFailed(code)]
    }
  }
}
