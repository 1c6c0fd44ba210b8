import OTACore
import OTACrypto
import OTAPartition

/// Provisions a device on the chip in RAM, and does to it what an agent, a boot manager and the power grid do.
///
/// Staging and activating an image needs a `VerifiedManifest`, which only the verifier of a signed manifest makes: the
/// records of an update are committed here, the image of one is not.
enum StorageCheck {
  /// Provisions, restarts, and boots.
  ///
  /// - Returns: what the boot manager decided, or `nil` if any of that failed.
  static func boot() -> BootDecision? {
    do throws(StorageError) {
      _ = try ExampleStorage.provision()
      var loader = try ExampleStorage.reopen()
      return decide(&loader)
    } catch {
      return nil
    }
  }

  /// Whether the image that was provisioned boots, as what it was provisioned as.
  static func provisionedImageBoots() -> Bool {
    guard let decision = boot() else { return false }
    return decision.slot == .a && decision.kind == .confirmed && decision.isRecorded
      && decision.image.version == Application.version
      && decision.image.sequenceNumber == ExampleStorage.sequenceNumber
      && decision.image.image.size == UInt32(ExampleStorage.FactoryImage.count)
  }

  /// Whether each record of an update is there after a restart, and the slots stay what they were.
  static func recordsSurviveRestarts() -> Bool {
    do throws(StorageError) {
      guard let decision = boot() else { return false }
      let offer = offer(for: decision)
      let records: InlineArray<5, UpdateRecord> = [
        .staging(offer, stagedBytes: 0), .staging(offer, stagedBytes: 2048), .applying(offer),
        .reporting(Report(updateID: offer.updateID, outcome: .failed(.imageDigestMismatch))), .idle,
      ]
      for index in 0..<records.count {
        var agent = try ExampleStorage.reopen(after: decision)
        let before = agent.state.boot
        try agent.record(records[index])
        let restarted = try ExampleStorage.reopen()
        guard restarted.state == DeviceState(boot: before, update: records[index]) else { return false }
      }
      // More commits in one session than an area of the journal has places.
      var agent = try ExampleStorage.reopen(after: decision)
      for bytes in UInt32(1)...20 { try agent.record(.staging(offer, stagedBytes: bytes)) }
      return try ExampleStorage.reopen().state.update == .staging(offer, stagedBytes: 20)
    } catch {
      return false
    }
  }

  /// Cuts the power in every operation of a commit, each a different one, and restarts.
  ///
  /// The record must be the one before or the one after, and the image must boot.
  static func cutsLeaveOneRecord() -> Bool {
    do throws(StorageError) {
      guard let decision = boot() else { return false }
      let offer = offer(for: decision)
      var cuts: UInt32 = 0
      while cuts < 1000 {
        let before = try ExampleStorage.reopen().state.update
        let next = UpdateRecord.staging(offer, stagedBytes: cuts + 1)
        let isCommitted = commit(next, cutIn: cuts + 1)
        var restarted = try ExampleStorage.reopen()
        let after = restarted.state.update
        guard after == next || (after == before && !isCommitted) else { return false }
        guard decide(&restarted) == decision else { return false }
        // A commit writes a record and its seal and erases a block before: far more than a few operations.
        if isCommitted { return cuts > 16 }
        cuts += 1
      }
      return false
    } catch {
      return false
    }
  }

  /// Whether a slot with a bad byte is not booted, and an image is not confirmed or given up that is not on trial.
  static func wrongIsRefused() -> Bool {
    do throws(StorageError) {
      var storage = try ExampleStorage.provision()
      guard refusal({ () throws(StorageError) in try storage.confirm() }) == .notOnTrial,
        refusal({ () throws(StorageError) in try storage.revert(.healthCheckFailed) }) == .notOnTrial
      else { return false }
      var chip = storage.closed()
      guard chip.decay(at: 2000) || chip.decay(at: 2001) else { return false }
      var loader = try ExampleStorage.reopen()
      do throws(BootError) {
        _ = try BootManager.boot(&loader, hash: SHA256.self)
        return false
      } catch {
        return error == .noBootableImage
      }
    } catch {
      return false
    }
  }

  /// Whether the image can be read back from the slot, at an offset that is no border of anything.
  static func imageIsReadBack() -> Bool {
    do throws(StorageError) {
      guard let decision = boot() else { return false }
      var agent = try ExampleStorage.reopen(after: decision)
      var read = InlineArray<100, UInt8>(repeating: 0)
      var bytes = read.mutableSpan
      try agent.readRunningImage(into: &bytes, at: 2003)
      var expected = InlineArray<100, UInt8>(repeating: 0)
      var source = expected.mutableSpan
      do throws(ImageMemory.Failure) {
        try ImageMemory().read(into: &source, at: 2003)
      } catch {
        return false
      }
      for index in 0..<100 where read[index] != expected[index] { return false }
      let pastEnd = refusal { () throws(StorageError) in
        var bytes = read.mutableSpan
        try agent.readRunningImage(into: &bytes, at: UInt32(ExampleStorage.FactoryImage.count - 99))
      }
      return pastEnd == .flash(.outOfBounds)
    } catch {
      return false
    }
  }

  private static func decide(_ storage: inout DeviceStorage<RAMFlash>) -> BootDecision? {
    do throws(BootError) {
      return try BootManager.boot(&storage, hash: SHA256.self)
    } catch {
      return nil
    }
  }

  /// An update to the very image that is there; its digest stands for that of a manifest.
  private static func offer(for decision: BootDecision) -> Offer {
    Offer(
      updateID: decision.image.image.digest, sequenceNumber: SequenceNumber(8),
      imageSize: decision.image.image.size)
  }

  /// Commits a record on a board whose power goes in one operation.
  ///
  /// - Returns: whether it was committed before that.
  private static func commit(_ record: UpdateRecord, cutIn operation: UInt32) -> Bool {
    refusal { () throws(StorageError) in
      var agent = try ExampleStorage.reopen(cutIn: operation)
      try agent.record(record)
    } == nil
  }

  private static func refusal(_ body: () throws(StorageError) -> Void) -> StorageError? {
    do throws(StorageError) {
      try body()
      return nil
    } catch {
      return error
    }
  }
}
