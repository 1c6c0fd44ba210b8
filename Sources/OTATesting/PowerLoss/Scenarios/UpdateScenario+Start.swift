import OTACore
import OTACrypto
public import OTAFlashSimulator
import OTAPartition

// What the device does at each start, and what must be true then.

extension UpdateScenario {
  /// Opens the journal, boots, and does what the journal says.
  public func start(_ device: SharedFlash) throws(PowerLossFailure) -> Bool {
    var storage = try booted(device)
    do throws(StorageError) {
      return try act(&storage)
    } catch {
      throw PowerLossFailure("an update that is in progress fails: \(error)")
    }
  }

  /// Nothing: the next start boots the same device, and looks at what runs.
  public func problem(of device: SharedFlash) -> String? { nil }

  /// Which image is confirmed, with which counter and cause, and whether it boots.
  public func problem(atEndOf device: SharedFlash) -> String? {
    do throws(PowerLossFailure) {
      let state = try booted(device).state
      guard state.update == .idle else { return "the update has not ended" }
      let hasNew = isHealthy || !layout.strategy.canRevert
      guard state.boot.selection == .confirmed(hasNew ? .b : .a) else {
        return "\(state.boot.selection) is selected"
      }
      guard (state.boot.lastRevert == nil) == isHealthy else {
        return isHealthy ? "a cause of a failure is recorded" : "the cause of the failure is lost"
      }
      let counter = isHealthy ? new.record.sequenceNumber : old.record.sequenceNumber
      return state.boot.securityCounter == counter
        ? nil : "the security counter is \(state.boot.securityCounter), not \(counter)"
    } catch {
      return "\(error)"
    }
  }

  // MARK: Booting

  /// Boots, and looks at what runs: the boot manager's word is not enough.
  private func booted(_ device: SharedFlash) throws(PowerLossFailure) -> DeviceStorage<SharedFlash> {
    var storage: DeviceStorage<SharedFlash>
    do throws(StorageError) {
      storage = try DeviceStorage(opening: device, layout: layout)
    } catch {
      throw PowerLossFailure("the journal does not open: \(error)")
    }
    storage.checkpointInterval = checkpointInterval
    let decision: BootDecision
    do throws(BootError) {
      decision = try BootManager.boot(&storage, hash: SHA256.self)
    } catch {
      throw PowerLossFailure("nothing boots: \(error)")
    }
    guard let generation = [old, new].first(where: { $0.record == decision.image }) else {
      throw PowerLossFailure("what boots was never installed")
    }
    guard generation.record.sequenceNumber >= storage.state.boot.securityCounter else {
      throw PowerLossFailure("an image below the security counter boots")
    }
    let place: SlotIdentifier = layout.strategy == .direct ? decision.slot : .a
    for (index, image) in generation.images.enumerated() {
      let start = layout[place, index].lowerBound
      let runs = device.withFlash { $0.contents(of: start..<start + UInt32(image.count)) }
      guard runs == image else {
        throw PowerLossFailure(
          "image \(index) of what boots is not that of number \(generation.record.sequenceNumber)")
      }
    }
    return storage
  }

  // MARK: The agent

  private func act(_ storage: inout DeviceStorage<SharedFlash>) throws(StorageError) -> Bool {
    switch storage.state.update {
    case .idle:
      let hasEnded =
        storage.state.boot.lastRevert != nil
        || storage.state.boot[storage.runningSlot]?.sequenceNumber == new.record.sequenceNumber
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
  private func giveUp(_ storage: inout DeviceStorage<SharedFlash>) throws(StorageError) {
    if layout.strategy.canRevert {
      try storage.revert(.healthCheckFailed)
    } else {
      try storage.keep(.healthCheckFailed, verifying: SHA256.self)
    }
  }

  private func install(_ storage: inout DeviceStorage<SharedFlash>) throws(StorageError) {
    var writer = try storage.beginStaging(new.verifiedManifest(), offer: new.offer)
    while writer.remaining > 0 {
      let chunk = try patched(from: Int(writer.offset), &storage)
      try storage.write(chunk.span, with: &writer)
    }
    let staged = try storage.finish(writer)
    try storage.activate(try storage.verify(staged, using: SHA256.self), attempts: attempts)
  }

  /// The next bytes of the new images, made from those that run.
  private func patched(
    from offset: Int, _ storage: inout DeviceStorage<SharedFlash>
  ) throws(StorageError) -> [UInt8] {
    let end = min(offset + chunkSize, patch.count)
    let oldSize = old.images.reduce(0) { $0 + $1.count }
    var bytes = [UInt8](repeating: 0, count: end - offset)
    var done = 0
    while done < bytes.count {
      let source = (offset + done) % oldSize
      let count = min(bytes.count - done, oldSize - source)
      var part = [UInt8](repeating: 0, count: count)
      var span = part.mutableSpan
      try storage.readRunningImage(into: &span, at: UInt32(source))
      for index in 0..<count { bytes[done + index] = part[index] ^ patch[offset + done + index] }
      done += count
    }
    return bytes
  }
}
