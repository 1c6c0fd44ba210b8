import OTACore
import OTACrypto
public import OTAFlashSimulator
import OTAInPlace
import OTAPartition

// What the device does at each start, and what must be true then.

extension InPlaceScenario {
  private typealias Storage = InPlaceStorage<SharedFlash, SHA256>

  /// Opens the journal, boots, and does what the journal says.
  public func start(_ device: SharedFlash) throws(PowerLossFailure) -> Bool {
    var storage = try booted(device)
    do throws(InPlaceError) {
      switch storage.state.phase {
      case .confirmed(_, .some):
        try storage.markReported()
      case .confirmed(let image, nil):
        if storage.state.lastRevert != nil || image == new.record { return true }
        try install(&storage)
      case .trial:
        switch fate {
        case .healthy: try storage.confirm()
        case .unhealthy: try storage.revert(.healthCheckFailed)
        case .hanging: break
        }
      case .applying, .reverting:
        throw InPlaceError.noBootableImage
      }
      return false
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
      let expected = fate == .healthy ? new : old
      guard state.phase == .confirmed(expected.record, report: nil) else {
        return "\(state.phase) is the end"
      }
      guard state.lastRevert == fate.cause else {
        return "\(String(describing: state.lastRevert)) is the cause"
      }
      return state.securityCounter == expected.record.sequenceNumber
        ? nil : "the security counter is \(state.securityCounter)"
    } catch {
      return "\(error)"
    }
  }

  // MARK: Booting

  /// Boots, and looks at what runs: the word of the engine is not enough.
  private func booted(_ device: SharedFlash) throws(PowerLossFailure) -> Storage {
    var storage: Storage
    do throws(InPlaceError) {
      storage = try Storage(opening: device, layout: layout, hash: SHA256.self)
    } catch {
      throw PowerLossFailure("the journal does not open: \(error)")
    }
    let decision: BootDecision
    do throws(InPlaceError) {
      var codec = DifferenceCodec()
      decision = try storage.boot(with: &codec)
    } catch {
      throw PowerLossFailure("nothing boots: \(error)")
    }
    guard let image = [old, new].first(where: { $0.record == decision.image }) else {
      throw PowerLossFailure("what boots was never installed")
    }
    guard decision.kind != .fallback, decision.isRecorded else {
      throw PowerLossFailure("what boots is the last resort")
    }
    guard image.record.sequenceNumber >= storage.state.securityCounter else {
      throw PowerLossFailure("an image below the security counter boots")
    }
    let start = layout.slot.lowerBound
    let runs = device.withFlash { $0.contents(of: start..<start + UInt32(image.bytes.count)) }
    guard runs == image.bytes else {
      throw PowerLossFailure("what boots is not image \(image.record.sequenceNumber)")
    }
    return storage
  }

  // MARK: The agent

  private func install(_ storage: inout Storage) throws(InPlaceError) {
    var writer = try storage.beginStaging(verifiedManifest())
    while writer.remaining > 0 {
      let start = Int(writer.offset)
      let chunk = payload[start..<min(start + chunkSize, payload.count)]
      try storage.write(chunk.span, with: &writer)
    }
    let verified = try storage.finish(writer)
    try storage.begin(verified, codec: DifferenceCodec.self, attempts: attempts)
  }
}

extension InPlaceScenario.Fate {
  /// What is recorded at the end as the reason why there is still the old image.
  fileprivate var cause: ErrorCode? {
    switch self {
    case .healthy: nil
    case .unhealthy: .healthCheckFailed
    case .hanging: .bootAttemptsExhausted
    }
  }
}
