public import OTACore
import OTACrypto
public import OTAPartition
public import OTAStateMachine

/// Drives the update machine of one device against its flash, its server and its application.
///
/// An agent owns the flash while it runs. Call ``start()`` once after the device has booted, then ``poll()`` when it is
/// time to ask the server; each returns when there is nothing more to do, or when the device has to restart. Everything
/// that must survive a loss of power is in the journal before the agent acts on it.
public actor UpdateAgent<Device: Flash & ~Copyable> {
  let configuration: AgentConfiguration
  var machine: UpdateMachine
  var target: SlotTarget<Device>
  var candidate: VerifiedManifest?
  var offeredManifest: Manifest?
  var installation: Installation?
  var staged: StagedImage?
  var verified: VerifiedImage?
  /// The set by whose keys ``verified`` may be installed; `nil` if no signature was asked for.
  var imageAnchors: TrustAnchors?
  /// The pause that the server asked for in its last answer.
  var requestedPause: Duration?
  /// Refusals of what the server says; it is the only peer.
  private var threats: ThreatMonitor<1>
  private let started = ContinuousClock.now
  private var isBusy = false
  private var isCancelRequested = false

  /// Takes over a device.
  ///
  /// - Parameters:
  ///   - storage: its flash and journal, as the boot manager left them.
  ///   - configuration: who the device is and how it decides.
  /// - Precondition: the numbers of attempts in the configuration are not zero.
  public init(_ storage: consuming sending DeviceStorage<Device>, configuration: AgentConfiguration) {
    precondition(configuration.trialAttempts > 0, "a trial needs at least one attempt")
    self.configuration = configuration
    threats = ThreatMonitor(policy: configuration.threatPolicy)
    machine = UpdateMachine(
      resuming: storage.state.update, interruptionLimit: configuration.interruptionLimit)
    target = SlotTarget(storage)
  }

  /// Where the device is in the life of an update.
  public var state: UpdateState { machine.state }

  /// What the journal holds.
  public var deviceState: DeviceState { target.storage.state }

  /// Goes on after a start of the device: a trial is decided, an unsent report is sent.
  public func start() async -> AgentPause {
    await drive(.started(startReason))
  }

  /// Asks the server for an update, and installs it as far as policy lets it.
  public func poll() async -> AgentPause {
    await drive(.pollDue)
  }

  /// Gives up what is going on, if it is not on trial already.
  ///
  /// A poll that is running is told, and ends before its next action, or at the next piece of a download. What is in
  /// the inactive slot by then stays there unused.
  ///
  /// - Returns: where the agent is; a running poll may still be about to end.
  public func cancel() async -> AgentPause {
    guard isBusy else { return await drive(.cancelled) }
    isCancelRequested = true
    return .waiting(machine.state)
  }

  /// Starts, then polls again and again, until the device has to restart or the task is cancelled.
  ///
  /// The server may ask for another pause than `interval`, within a tenth and ten times of it: it can spread its load,
  /// but neither silence a device nor be made to flood itself. A burst of refusals makes pauses longer, within the same
  /// bounds.
  ///
  /// - Parameter interval: the time between two polls.
  /// - Returns: ``AgentPause/restart``, or ``AgentPause/waiting(_:)`` if the task was cancelled.
  public func run(every interval: Duration) async -> AgentPause {
    var pause = await start()
    while pause != .restart, !Task.isCancelled {
      pause = await poll()
      guard pause != .restart else { break }
      let delay = Duration.milliseconds(threats.delay(for: 0, at: uptime))
      let wait = min(max(requestedPause ?? interval, interval / 10, delay), interval * 10)
      do { try await configuration.sleep(wait) } catch { break }
    }
    return pause
  }

  private func drive(_ first: UpdateEvent) async -> AgentPause {
    // An actor takes calls in while it awaits; the machine must not.
    guard !isBusy else { return .waiting(machine.state) }
    isBusy = true
    defer {
      isBusy = false
      isCancelRequested = false
    }
    if case .started = first { await retireImageKeys() }
    var action = advance(first)
    while true {
      if takeCancelRequest() {
        let next = advance(.cancelled)
        if next != .ignore { action = next }
      }
      switch action {
      case .ignore, .wait:
        settle()
        return .waiting(machine.state)
      case .restart:
        return .restart
      case .check: action = advance(await check())
      case .askToInstall: action = advance(await askToInstall())
      case .download(let offer): action = advance(await download(offer, interruptions: 0))
      case .resumeDownload(let offer, let interruptions):
        action = advance(await download(offer, interruptions: interruptions))
      case .verifyImage: action = advance(await verifyImage())
      case .askToApply: action = advance(await askToApply())
      case .activate: action = advance(await activate())
      case .checkHealth: action = advance(await checkHealth())
      case .confirm: action = advance(await confirm())
      case .revert(let code): action = advance(revert(code))
      case .report(let report): action = advance(await send(report))
      }
    }
  }

  /// Milliseconds since this agent was made.
  private var uptime: UInt64 {
    let (seconds, attoseconds) = (ContinuousClock.now - started).components
    return UInt64(clamping: seconds) &* 1000 &+ UInt64(clamping: attoseconds / 1_000_000_000_000_000)
  }

  /// Tells the observer of a refusal.
  func notice(refusal code: ErrorCode) {
    configuration.observer(.refused(code))
    watch(code)
  }

  /// Counts an error that may be an attack, and tells the observer if it looks like one.
  func watch(_ code: ErrorCode) {
    guard let event = threats.record(code, from: 0, at: uptime) else { return }
    configuration.observer(.threat(event))
  }

  /// Why this image was started, as far as the journal and the boot manager say.
  private var startReason: StartReason {
    let boot = target.storage.state.boot
    switch boot.selection {
    case .trial(let slot, _) where slot == target.storage.runningSlot:
      return .trial
    case .trial:
      // The boot manager gave the trial up and could not record it.
      return .reverted(boot.lastRevert ?? .bootVerificationFailed)
    case .confirmed:
      return boot.lastRevert.map { .reverted($0) } ?? .confirmed
    }
  }

  /// The image that runs.
  var runningImage: ImageRecord? { target.storage.state.boot[target.storage.runningSlot] }

  /// Whether somebody wants to cancel; only once for each request.
  func takeCancelRequest() -> Bool {
    defer { isCancelRequested = false }
    return isCancelRequested
  }

  /// Gives an event to the machine.
  func advance(_ event: UpdateEvent) -> UpdateAction {
    let before = machine.state
    let action = machine.handle(event)
    if machine.state != before { configuration.observer(.entered(machine.state)) }
    return action
  }

  /// Makes the machine's record durable, unless the journal holds it already.
  ///
  /// Activation, confirmation and reversion write it themselves, together with the boot selection.
  func settle() {
    let current = target.storage.state.update
    let record = machine.record(after: current)
    guard record != current else { return }
    do {
      try target.storage.record(record)
    } catch {
      configuration.observer(.storageFailed(error.code))
    }
  }

  /// Forgets what belongs to an update that is over.
  func dropUpdate() {
    candidate = nil
    offeredManifest = nil
    installation = nil
    staged = nil
    verified = nil
    imageAnchors = nil
    target.abandon()
  }
}
