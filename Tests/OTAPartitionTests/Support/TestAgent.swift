import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition

enum AgentError: Error {
  case storage(StorageError)
  case boot(BootError)
  case start(StartError)
  case doesNotConverge
}

/// What an agent does with a device until an update has found its end: boot, stage, verify, activate, boot, judge,
/// report.
///
/// Each turn of the loop is a start of the device, and takes up what the journal says.
struct TestAgent: Sendable {
  var board: TestBoard
  var image: TestImage
  /// Whether the new image passes its health check.
  var isHealthy = true
  var attempts: UInt8 = 5
  var chunkSize = 700
  var checkpointInterval: UInt32 = 2048

  func run<Device: Flash>(_ device: Device) throws(AgentError) {
    for _ in 0..<16 where try start(device) { return }
    throw .doesNotConverge
  }

  /// One start of the device.
  ///
  /// - Returns: whether the update has found its end.
  private func start<Device: Flash>(_ device: Device) throws(AgentError) -> Bool {
    var storage = try open(device)
    do throws(BootError) {
      _ = try BootManager.boot(&storage, hash: SodiumSHA256.self)
    } catch {
      throw .boot(error)
    }
    do throws(StorageError) {
      return try act(&storage)
    } catch {
      throw .storage(error)
    }
  }

  private func open<Device: Flash>(_ device: Device) throws(AgentError) -> DeviceStorage<Device> {
    do throws(StorageError) {
      var storage = try DeviceStorage(opening: device, layout: board.layout)
      storage.checkpointInterval = checkpointInterval
      return storage
    } catch {
      throw .storage(error)
    }
  }

  private func act<Device: Flash>(_ storage: inout DeviceStorage<Device>) throws(StorageError) -> Bool {
    switch storage.state.update {
    case .idle:
      let hasEnded =
        storage.state.boot.lastRevert != nil
        || storage.state.boot[storage.runningSlot]?.sequenceNumber == image.sequenceNumber
      if !hasEnded { try install(&storage) }
      return hasEnded
    case .staging:
      try install(&storage)
    case .applying:
      if isHealthy { try storage.confirm() } else { try giveUp(&storage) }
    case .rollingBack(let offer, let code):
      try storage.record(.reporting(Report(updateID: offer.updateID, outcome: .reverted(code))))
    case .reporting:
      try storage.record(.idle)
    }
    return false
  }

  /// What the agent of the product does with an image that fails its health check.
  private func giveUp<Device: Flash>(_ storage: inout DeviceStorage<Device>) throws(StorageError) {
    do throws(StorageError) {
      try storage.revert(.healthCheckFailed)
    } catch {
      guard error == .slotEmpty else { throw error }
      try storage.keep(.healthCheckFailed, verifying: SodiumSHA256.self)
    }
  }

  private func install<Device: Flash>(_ storage: inout DeviceStorage<Device>) throws(StorageError) {
    var writer = try storage.beginStaging(image.verifiedManifest(), offer: image.offer)
    let payload = image.payload
    var offset = Int(writer.offset)
    while offset < payload.count {
      let end = min(offset + chunkSize, payload.count)
      try storage.write(payload.span.extracting(offset..<end), with: &writer)
      offset = end
    }
    let staged = try storage.finish(writer)
    try storage.activate(try storage.verify(staged, using: SodiumSHA256.self), attempts: attempts)
  }
}
