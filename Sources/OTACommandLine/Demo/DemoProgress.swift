import OTAAgent
import OTAStateMachine
import Synchronization

/// Turns what an agent tells into a progress bar; a new one for each payload.
final class DemoProgress: Sendable {
  private let story: DemoStory
  private let label: String
  private let bar = Mutex<ProgressBar?>(nil)

  init(_ story: DemoStory, label: String) {
    self.story = story
    self.label = label
  }

  /// Takes in what happened.
  func note(_ notice: AgentNotice) {
    switch notice {
    case .advanced(let payloadBytes, let total):
      bar.withLock { bar in
        if bar == nil { bar = story.progress(label, total: Int(total)) }
        bar?.update(completed: UInt64(payloadBytes))
      }
    case .interrupted:
      finish()
    case .entered(let state):
      if case .verifying(_) = state { finish() }
    case .offered, .downloading, .refused, .threat, .imageKeysRetired, .storageFailed:
      break
    }
  }

  /// Ends the bar.
  func finish() {
    bar.withLock { bar in
      bar?.finish()
      bar = nil
    }
  }
}
