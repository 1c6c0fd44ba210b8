public import OTACore
import Synchronization

/// What a server has refused that looks like an attack: counted, by peer and by kind, for its operator's alarms.
///
/// A device's name is a claim until its signature proves it. So what is counted under a name never keeps a request that is
/// in order from being served at once: it only makes the server ask for more patience with each refusal, by `Retry-After`.
/// Devices that are not registered share one place. Memory is bounded, whatever arrives.
public final class ThreatAlarms: Sendable {
  /// How many peers are followed at a time.
  public static let peerLimit = 256
  /// How many events are kept for ``recent``.
  public static let eventLimit = 128

  private struct State {
    var monitor: ThreatMonitor<256>
    /// In order of arrival; the oldest is dropped.
    var events: [ThreatEvent] = []
  }

  private let state: Mutex<State>
  private let observer: @Sendable (ThreatEvent) -> Void

  /// Makes alarms that have seen nothing.
  ///
  /// - Parameters:
  ///   - policy: when a peer is asked for patience.
  ///   - observer: is told of each event, on the thread of the request; it must be quick.
  public init(
    policy: ThreatPolicy = ThreatPolicy(), observer: @escaping @Sendable (ThreatEvent) -> Void = { _ in }
  ) {
    state = Mutex(State(monitor: ThreatMonitor(policy: policy)))
    self.observer = observer
  }

  /// The number that stands for a device in events; 0 is everybody who is not registered.
  public static func peer(_ device: UniversalIdentifier) -> UInt64 {
    (device.high &* 0x9e37_79b9_7f4a_7c15 ^ device.low) | 1
  }

  /// The last events, the newest last.
  public var recent: [ThreatEvent] { state.withLock { $0.events } }

  /// How many events of a kind there were since the server started.
  public func total(of threat: ThreatClass) -> UInt32 { state.withLock { $0.monitor.total(of: threat) } }

  /// Counts a refusal.
  ///
  /// - Returns: for how long the peer is asked to wait, in seconds; 0 if not at all.
  func note(_ code: ErrorCode, from peer: UInt64, at time: Timestamp) -> UInt32 {
    let event = state.withLock { state in
      let milliseconds = UInt64(clamping: time.secondsSince1970).multipliedReportingOverflow(by: 1000)
      let event = state.monitor.record(
        code, from: peer, at: milliseconds.overflow ? .max : milliseconds.partialValue)
      if let event {
        if state.events.count == ThreatAlarms.eventLimit { state.events.removeFirst() }
        state.events.append(event)
      }
      return event
    }
    guard let event else { return 0 }
    observer(event)
    return event.delay / 1000 + (event.delay % 1000 > 0 ? 1 : 0)
  }
}
