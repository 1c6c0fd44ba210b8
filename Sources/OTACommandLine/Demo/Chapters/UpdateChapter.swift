import OTAAgent
import OTACore
import OTAPartition
import OTAServer
import OTAStateMachine
import Synchronization

extension DemoWorld {
  /// One device, undisturbed, from check-in to receipt.
  func tellUpdate() async throws(CommandFailure) {
    try story.chapter("update", "A device updates itself")
    let device = try await device("alpha")
    let path = StatePath(counting: device.operationCounter)
    let fetches = try await follow(device, over: server.transport, for: patch) { path.note($0) }
    let fetched = fetches.map(\.bytes.count).reduce(0, +)
    installOperations = path.operationsUntilVerifying
    try tell(device)
    story.figure("payloadBytesFetched", fetched)
    let states = path.names.joined(separator: ", ")
    try story.say(states)
    story.text("states", states)
    try story.check(
      "it was offered the update, verified the manifest, asked its policy, and went through every step once",
      states
        == "checking, offered, downloading, verifying, readyToApply, applying, trial, reporting, idle")
    try story.check("it fetched the patch, once", fetched == patch.payload.count)
    try story.check(
      "it booted the new image on trial, from the other slot",
      device.starts.map(\.slot) == [.a, .b] && device.starts.last?.kind == .trial(attemptsLeft: 2))
    try await checkInstalled(patch, on: device)
    let receipts = try await demoStep("server records") {
      try await server.updates.receipts(of: device.profile.deviceID)
    }
    try story.check("the server keeps the one receipt as evidence", receipts.count == 1)
  }

  /// Runs a device with a progress bar.
  ///
  /// - Returns: what it fetched of the payload of a release.
  func follow(
    _ device: DemoDevice, over transport: any Transport, for release: DemoRelease,
    observer: @escaping @Sendable (AgentNotice) -> Void = { _ in }
  ) async throws(CommandFailure) -> [MeteredTransport.Fetch] {
    let bar = DemoProgress(story, label: "\(device.name) downloads")
    let reference = UpdateServer.artifactReference(release.manifest.payload.digest)
    let fetches = try await device.run(over: transport) { notice in
      bar.note(notice)
      observer(notice)
    }
    .filter { $0.reference == reference }
    bar.finish()
    totals.bytesOnWire += fetches.map(\.bytes.count).reduce(0, +)
    return fetches
  }

  /// What the device must run, and the server must know, after a release was installed.
  func checkInstalled(_ release: DemoRelease, on device: DemoDevice) async throws(CommandFailure) {
    let state = try device.state()
    let deployment = try await server.deployment(of: release.updateID, on: device)
    try story.check(
      "\(device.name) runs the new image, confirmed, and its security counter is raised",
      try device.runningImage() == release.manifest.image.digest
        && state.boot.selection == .confirmed(state.boot.selection.slot)
        && state.boot.securityCounter == release.manifest.sequenceNumber && state.update == .idle)
    try story.check(
      "the server verified the signed receipt of \(device.name): installed", deployment?.state == .installed)
  }

  /// One line on what was done to the flash.
  func tell(_ device: DemoDevice) throws(CommandFailure) {
    let wear = device.wear
    try story.say(
      "\(device.name): starts \(device.starts.count), blocks erased \(wear.blocksErased), "
        + "writes \(grouped(wear.writes))")
    story.figure("\(device.name)BlocksErased", wear.blocksErased)
    story.figure("\(device.name)Writes", wear.writes)
    story.figure("\(device.name)Starts", device.starts.count)
  }
}

/// The states that a machine goes through, and how much it has done to the flash when the image is complete.
private final class StatePath: Sendable {
  private let path = Mutex<[String]>([])
  private let operations = Mutex(0)
  private let counter: @Sendable () -> Int

  init(counting counter: @escaping @Sendable () -> Int) { self.counter = counter }

  /// Their names without payloads, in order, each once in a row.
  var names: [String] { path.withLock { $0 } }

  /// The operations that the installation took.
  var operationsUntilVerifying: Int { operations.withLock { $0 } }

  func note(_ notice: AgentNotice) {
    guard case .entered(let state) = notice else { return }
    if case .verifying(_) = state { operations.withLock { $0 = counter() } }
    let name = state.name.description
    path.withLock { if $0.last != name { $0.append(name) } }
  }
}
