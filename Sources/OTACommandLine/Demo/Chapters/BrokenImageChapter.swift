import OTACore
import OTAPartition
import OTAServer

extension DemoWorld {
  /// An image that boots, and is no good.
  func tellBrokenImage() async throws(CommandFailure) {
    try story.chapter("revert", "A signed image fails its health check")
    let device = leader
    var broken = firmware.new
    broken.bytes += demoFaultMark
    broken.version = Version(1, 2)
    let release = try await publisher.release(broken, from: firmware.new, sequenceNumber: 3)
    try await server.publish(release)
    let startsBefore = device.starts.count
    _ = try await follow(device, over: server.transport, for: release)
    let starts = Array(device.starts.dropFirst(startsBefore))
    try tell(device)
    try story.check(
      "it booted on trial, failed its self-test, and the image before it boots again",
      starts.map(\.kind) == [.confirmed, .trial(attemptsLeft: 2), .confirmed]
        && starts.map(\.version) == [firmware.new.version, broken.version, firmware.new.version])
    let state = try device.state()
    try story.check(
      "the security counter was not raised",
      state.boot.securityCounter == SequenceNumber(2) && state.update == .idle)
    let deployment = try await server.deployment(of: release.updateID, on: device)
    try story.check(
      "the server recorded the revert and its reason: \(deployment?.code?.text ?? "none")",
      deployment?.state == .reverted && deployment?.code == .healthCheckFailed)
    totals.reverts += deployment?.state == .reverted ? 1 : 0
    story.text("reason", deployment?.code.map { "\($0)" } ?? "")
  }
}
