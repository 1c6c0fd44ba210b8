import OTACore

// From rest to a verified image in the inactive slot: nothing here changes what boots.
extension UpdateMachine {
  mutating func handleIdle(_ event: UpdateEvent) -> UpdateAction {
    switch event {
    case .pollDue:
      move(to: .checking, .check)
    case .started(.confirmed), .started(.reverted):
      .wait
    case .started(.trial):
      // Selection and update stand in one record, so this does not happen; if it did, the boot manager's budget of
      // attempts would end the trial.
      .wait
    case .cancelled, .noUpdateFound, .manifestVerified, .manifestRefused, .checkFailed, .policyDecided,
      .downloadAdvanced, .downloadCompleted, .downloadInterrupted, .payloadRefused, .imageVerified,
      .imageRefused,
      .activationRecorded, .healthPassed, .healthFailed, .confirmationRecorded, .reversionRecorded,
      .storageFailed, .reportDelivered, .reportFailed, .reportRefused:
      .ignore
    }
  }

  mutating func handleChecking(_ event: UpdateEvent) -> UpdateAction {
    switch event {
    case .noUpdateFound:
      move(to: .idle, .wait)
    case .manifestVerified(let offer):
      move(to: .offered(offer), .askToInstall(offer))
    case .manifestRefused(let updateID, let code):
      report(Report(updateID: updateID, outcome: .failed(code)))
    case .checkFailed(let code), .storageFailed(let code):
      move(to: .error(code), .wait)
    case .cancelled:
      move(to: .idle, .wait)
    case .started, .pollDue, .policyDecided, .downloadAdvanced, .downloadCompleted, .downloadInterrupted,
      .payloadRefused, .imageVerified, .imageRefused, .activationRecorded, .healthPassed, .healthFailed,
      .confirmationRecorded, .reversionRecorded, .reportDelivered, .reportFailed, .reportRefused:
      .ignore
    }
  }

  mutating func handleOffered(_ offer: Offer, _ event: UpdateEvent) -> UpdateAction {
    switch event {
    case .policyDecided(.accept):
      move(to: .downloading(offer, interruptions: 0), .download(offer))
    case .policyDecided(.postpone):
      .wait
    case .policyDecided(.reject):
      fail(offer, .policyRejected)
    case .pollDue:
      .askToInstall(offer)
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

  mutating func handleDownloading(
    _ offer: Offer, _ interruptions: UInt8, _ event: UpdateEvent
  ) -> UpdateAction {
    switch event {
    case .downloadAdvanced:
      move(to: .downloading(offer, interruptions: 0), .wait)
    case .downloadCompleted:
      move(to: .verifying(offer), .verifyImage(offer))
    case .downloadInterrupted(let code):
      if interruptions < interruptionLimit - 1 {
        move(
          to: .downloading(offer, interruptions: interruptions + 1),
          .resumeDownload(offer, interruptions: interruptions + 1))
      } else {
        // What is staged stays staged: the next check offers the same update, and the download goes on.
        move(to: .error(code), .wait)
      }
    case .payloadRefused(let code), .storageFailed(let code):
      fail(offer, code)
    case .cancelled:
      fail(offer, .cancelled)
    case .started, .pollDue, .noUpdateFound, .manifestVerified, .manifestRefused, .checkFailed,
      .policyDecided,
      .imageVerified, .imageRefused, .activationRecorded, .healthPassed, .healthFailed, .confirmationRecorded,
      .reversionRecorded, .reportDelivered, .reportFailed, .reportRefused:
      .ignore
    }
  }

  mutating func handleVerifying(_ offer: Offer, _ event: UpdateEvent) -> UpdateAction {
    switch event {
    case .imageVerified:
      move(to: .readyToApply(offer), .askToApply(offer))
    case .imageRefused(let code), .storageFailed(let code):
      fail(offer, code)
    case .cancelled:
      fail(offer, .cancelled)
    case .started, .pollDue, .noUpdateFound, .manifestVerified, .manifestRefused, .checkFailed,
      .policyDecided,
      .downloadAdvanced, .downloadCompleted, .downloadInterrupted, .payloadRefused, .activationRecorded,
      .healthPassed, .healthFailed, .confirmationRecorded, .reversionRecorded, .reportDelivered,
      .reportFailed,
      .reportRefused:
      .ignore
    }
  }
}
