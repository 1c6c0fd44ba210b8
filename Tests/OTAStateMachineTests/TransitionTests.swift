import OTACore
import OTAStateMachine
import Testing

/// The transition function, cell by cell: what is not in this table is ignored and changes nothing.
@Suite struct TransitionTests {
  typealias Result = (state: UpdateState, action: UpdateAction)

  static func table() throws -> [String: [String: Result]] {
    let offer = try Samples.offer()
    func failed(_ code: ErrorCode) throws -> Result {
      let report = try Samples.report(.failed(code))
      return (.reporting(report), .report(report))
    }
    func reverted(_ code: ErrorCode) throws -> Result {
      let report = try Samples.report(.reverted(code))
      return (.reporting(report), .report(report))
    }
    let refused = Report(updateID: try Samples.digest(9), outcome: .failed(.authenticationFailed))
    let installed = try Samples.report(.installed)
    let failure = try Samples.report(.failed(.payloadDigestMismatch))
    return [
      "idle": [
        "started confirmed": (.idle, .wait), "started trial": (.idle, .wait),
        "started reverted": (.idle, .wait),
        "pollDue": (.checking, .check),
      ],
      "checking": [
        "cancelled": (.idle, .wait),
        "noUpdateFound": (.idle, .wait),
        "manifestVerified": (.offered(offer), .askToInstall(offer)),
        "manifestRefused": (.reporting(refused), .report(refused)),
        "checkFailed": (.error(.transportUnreachable), .wait),
        "storageFailed": (.error(.flashDeviceFailure), .wait),
      ],
      "offered": [
        "accept": (.downloading(offer, interruptions: 0), .download(offer)),
        "postpone": (.offered(offer), .wait),
        "reject": try failed(.policyRejected),
        "pollDue": (.offered(offer), .askToInstall(offer)),
        "cancelled": try failed(.cancelled),
        "storageFailed": try failed(.flashDeviceFailure),
      ],
      "downloading": [
        "downloadAdvanced": (.downloading(offer, interruptions: 0), .wait),
        "downloadCompleted": (.verifying(offer), .verifyImage(offer)),
        "downloadInterrupted": (
          .downloading(offer, interruptions: 3), .resumeDownload(offer, interruptions: 3)
        ),
        "payloadRefused": try failed(.payloadDigestMismatch),
        "storageFailed": try failed(.flashDeviceFailure),
        "cancelled": try failed(.cancelled),
      ],
      "verifying": [
        "imageVerified": (.readyToApply(offer), .askToApply(offer)),
        "imageRefused": try failed(.imageDigestMismatch),
        "storageFailed": try failed(.flashDeviceFailure),
        "cancelled": try failed(.cancelled),
      ],
      "readyToApply": [
        "accept": (.applying(offer), .activate(offer)),
        "postpone": (.readyToApply(offer), .wait),
        "reject": try failed(.policyRejected),
        "pollDue": (.readyToApply(offer), .askToApply(offer)),
        "cancelled": try failed(.cancelled),
        "storageFailed": try failed(.flashDeviceFailure),
      ],
      "applying": [
        "activationRecorded": (.applying(offer), .restart),
        "started trial": (.trial(offer), .checkHealth(offer)),
        "started reverted": try reverted(.bootAttemptsExhausted),
        "started confirmed": try reverted(.bootVerificationFailed),
        "storageFailed": try failed(.flashDeviceFailure),
      ],
      "trial": [
        "healthPassed": (.trial(offer), .confirm),
        "confirmationRecorded": (.reporting(installed), .report(installed)),
        "healthFailed": (.rollingBack(offer, .healthCheckTimeout), .revert(.healthCheckTimeout)),
        "storageFailed": (.trial(offer), .restart),
      ],
      "rollingBack": [
        "reversionRecorded": (.rollingBack(offer, .healthCheckFailed), .restart),
        "storageFailed": (.rollingBack(offer, .healthCheckFailed), .restart),
        "started confirmed": try reverted(.healthCheckFailed),
        "started reverted": try reverted(.healthCheckFailed),
        "started trial": (.rollingBack(offer, .healthCheckFailed), .revert(.healthCheckFailed)),
      ],
      "reporting installed": reporting(installed, delivered: .idle),
      "reporting failed": reporting(failure, delivered: .error(.payloadDigestMismatch)),
      "error": ["pollDue": (.checking, .check)],
    ]
  }

  static func reporting(_ report: Report, delivered: UpdateState) -> [String: Result] {
    [
      "started confirmed": (.reporting(report), .report(report)),
      "started trial": (.reporting(report), .report(report)),
      "started reverted": (.reporting(report), .report(report)),
      "pollDue": (.reporting(report), .report(report)),
      "reportDelivered": (delivered, .wait),
      "reportFailed": (.reporting(report), .wait),
      "storageFailed": (.reporting(report), .wait),
      "reportRefused": (.error(.receiptRefused), .wait),
    ]
  }

  @Test("Every event has its result in every state")
  func everyCell() throws {
    let table = try Self.table()
    var cells = 0
    for (stateName, state) in try Samples.states() {
      let row = try #require(table[stateName], "no row for \(stateName)")
      var used = 0
      for (eventName, event) in try Samples.events() {
        var machine = try Samples.machine(in: state)
        try #require(machine.state == state, "the path to \(stateName) is wrong")
        let action = machine.handle(event)
        let expected = row[eventName] ?? (state, .ignore)
        if row[eventName] != nil { used += 1 }
        #expect(action == expected.action, "\(stateName) × \(eventName)")
        #expect(machine.state == expected.state, "\(stateName) × \(eventName)")
        cells += 1
      }
      #expect(used == row.count, "the row of \(stateName) names an event that does not exist")
    }
    #expect(cells == 12 * 27)
  }

  @Test("The last interruption that is allowed ends the attempt and keeps what is staged")
  func interruptionLimit() throws {
    let offer = try Samples.offer()
    var machine = try Samples.machine(in: .downloading(offer, interruptions: 3))
    #expect(machine.handle(.downloadInterrupted(.transportTimeout)) == .wait)
    #expect(machine.state == .error(.transportTimeout))
    let staging = UpdateRecord.staging(offer, stagedBytes: 1024)
    #expect(machine.record(after: staging) == staging)
  }
}
