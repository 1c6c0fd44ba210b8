import OTACore

// From a verified image to a confirmed one, or back: what boots changes here, one durable record at a time.
extension UpdateMachine {
  mutating func handleReadyToApply(_ offer: Offer, _ event: UpdateEvent) -> UpdateAction {
    switch event {
    case .policyDecided(.accept):
      move(to: .applying(offer), .activate(offer))
    case .policyDecided(.postpone):
      .wait
    case .policyDecided(.reject):
      fail(offer, .policyRejected)
    case .pollDue:
      .askToApply(offer)
    case .cancelled:
      fail(offer, .cancelled)
    case .storageFailed(let code):
      fail(offer, code)
    case .started, .noUpdateFound, .manifestVerified, .manifestRefused, .checkFailed, .downloadAdvanced,
      .downloadCompleted, .downloadInterrupted, .payloadRefused, .imageVerified, .imageRefused,
      .activationRecorded, .healthPassed, .healthFailed, .confirmationRecorded, .reversionRecorded,
      .reportDelivered, .reportFailed, .reportRefused:
      .ignore
    }
  }

  mutating func handleApplying(_ offer: Offer, _ event: UpdateEvent) -> UpdateAction {
    switch event {
    case .activationRecorded:
      .restart
    case .started(.trial):
      move(to: .trial(offer), .checkHealth(offer))
    case .started(.reverted(let code)):
      report(Report(updateID: offer.updateID, outcome: .reverted(code)))
    case .started(.confirmed):
      // The boot manager fell back without a trial: the image did not even verify.
      report(Report(updateID: offer.updateID, outcome: .reverted(.bootVerificationFailed)))
    case .storageFailed(let code):
      fail(offer, code)
    case .pollDue, .cancelled, .noUpdateFound, .manifestVerified, .manifestRefused, .checkFailed,
      .policyDecided,
      .downloadAdvanced, .downloadCompleted, .downloadInterrupted, .payloadRefused, .imageVerified,
      .imageRefused,
      .healthPassed, .healthFailed, .confirmationRecorded, .reversionRecorded, .reportDelivered,
      .reportFailed,
      .reportRefused:
      .ignore
    }
  }

  mutating func handleTrial(_ offer: Offer, _ event: UpdateEvent) -> UpdateAction {
    switch event {
    case .healthPassed:
      .confirm
    case .confirmationRecorded:
      report(Report(updateID: offer.updateID, outcome: .installed))
    case .healthFailed(let code):
      move(to: .rollingBack(offer, code), .revert(code))
    case .storageFailed:
      // It could not be confirmed; each restart spends an attempt, and the boot manager ends the trial.
      .restart
    case .started, .pollDue, .cancelled, .noUpdateFound, .manifestVerified, .manifestRefused, .checkFailed,
      .policyDecided, .downloadAdvanced, .downloadCompleted, .downloadInterrupted, .payloadRefused,
      .imageVerified, .imageRefused, .activationRecorded, .reversionRecorded, .reportDelivered, .reportFailed,
      .reportRefused:
      .ignore
    }
  }

  mutating func handleRollingBack(
    _ offer: Offer, _ code: ErrorCode, _ event: UpdateEvent
  ) -> UpdateAction {
    switch event {
    case .reversionRecorded, .storageFailed:
      .restart
    case .started(.confirmed), .started(.reverted):
      report(Report(updateID: offer.updateID, outcome: .reverted(code)))
    case .started(.trial):
      .revert(code)
    case .pollDue, .cancelled, .noUpdateFound, .manifestVerified, .manifestRefused, .checkFailed,
      .policyDecided,
      .downloadAdvanced, .downloadCompleted, .downloadInterrupted, .payloadRefused, .imageVerified,
      .imageRefused,
      .activationRecorded, .healthPassed, .healthFailed, .confirmationRecorded, .reportDelivered,
      .reportFailed,
      .reportRefused:
      .ignore
    }
  }

  mutating func handleReporting(_ report: Report, _ event: UpdateEvent) -> UpdateAction {
    switch event {
    case .started, .pollDue:
      .report(report)
    case .reportDelivered:
      switch report.outcome {
      case .installed: move(to: .idle, .wait)
      case .failed(let code), .reverted(let code): move(to: .error(code), .wait)
      }
    case .reportFailed, .storageFailed:
      .wait
    case .reportRefused(let code):
      move(to: .error(code), .wait)
    case .cancelled, .noUpdateFound, .manifestVerified, .manifestRefused, .checkFailed, .policyDecided,
      .downloadAdvanced, .downloadCompleted, .downloadInterrupted, .payloadRefused, .imageVerified,
      .imageRefused,
      .activationRecorded, .healthPassed, .healthFailed, .confirmationRecorded, .reversionRecorded:
      .ignore
    }
  }

  mutating func handleError(_ event: UpdateEvent) -> UpdateAction {
    switch event {
    case .pollDue:
      move(to: .checking, .check)
    case .started, .cancelled, .noUpdateFound, .manifestVerified, .manifestRefused, .checkFailed,
      .policyDecided,
      .downloadAdvanced, .downloadCompleted, .downloadInterrupted, .payloadRefused, .imageVerified,
      .imageRefused,
      .activationRecorded, .healthPassed, .healthFailed, .confirmationRecorded, .reversionRecorded,
      .storageFailed, .reportDelivered, .reportFailed, .reportRefused:
      .ignore
    }
  }
}
