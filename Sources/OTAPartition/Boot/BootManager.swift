import OTACore
public import OTACrypto

/// Decides at every start which image boots.
public enum BootManager {
  /// Picks the slot to boot, and verifies it.
  ///
  /// - Every image is digested whole, and its sequence number held against the security counter, before every boot.
  /// - An image on trial costs one attempt, committed before this returns. When none is left, or the image does not
  ///   verify, the device reverts: one record, with the cause.
  /// - A confirmed image that does not verify any more gives way to the other slot, if that verifies.
  /// - The journal is written only for trial, revert and fallback. If it cannot be written, an image on trial does not
  ///   boot (its attempts could not be counted), a confirmed one does.
  /// - An image whose trial has ended boots all the same if the image before it does not verify: it is then the only
  ///   verified image that there is. Nothing is recorded, so that it can still be confirmed or replaced.
  ///
  /// - Parameters:
  ///   - storage: opened by the boot loader.
  ///   - hash: the function of the images' digests.
  /// - Returns: what to jump to.
  /// - Throws: ``BootError/noBootableImage``; ``BootError/storage(_:)`` with ``FlashError/powerLost`` only.
  /// - Complexity: reads at most both images, each once; at most one commit.
  public static func boot<Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable>(
    _ storage: inout DeviceStorage<Device>, hash: Hash.Type
  ) throws(BootError) -> BootDecision {
    let selection = storage.state.boot.selection
    let selected = try storage.bootableImage(in: selection.slot, using: Hash.self)
    switch selection {
    case .confirmed(let slot):
      if let selected { return BootDecision(slot: slot, image: selected, kind: .confirmed) }
      guard let other = try storage.bootableImage(in: slot.other, using: Hash.self) else {
        throw .noBootableImage
      }
      let isRecorded = try attempt { () throws(StorageError) in try storage.fallBack(to: slot.other) }
      return BootDecision(slot: slot.other, image: other, kind: .fallback, isRecorded: isRecorded)

    case .trial(let slot, let attemptsLeft):
      if let selected, attemptsLeft > 0,
        try attempt({ () throws(StorageError) in try storage.countAttempt() })
      {
        return BootDecision(slot: slot, image: selected, kind: .trial(attemptsLeft: attemptsLeft - 1))
      }
      let cause: ErrorCode = selected == nil ? .bootVerificationFailed : .bootAttemptsExhausted
      if let previous = try storage.bootableImage(in: slot.other, using: Hash.self) {
        let isRecorded = try attempt { () throws(StorageError) in try storage.revert(cause) }
        return BootDecision(
          slot: slot.other, image: previous, kind: .reverted(cause), isRecorded: isRecorded)
      }
      guard let selected else { throw .noBootableImage }
      return BootDecision(slot: slot, image: selected, kind: .fallback)
    }
  }

  /// Tries to commit.
  ///
  /// - Returns: whether it worked; a worn-out journal is no reason not to boot.
  private static func attempt(_ commit: () throws(StorageError) -> Void) throws(BootError) -> Bool {
    do throws(StorageError) {
      try commit()
      return true
    } catch {
      guard error != .flash(.powerLost) else { throw .storage(error) }
      return false
    }
  }
}

extension DeviceStorage where Device: ~Copyable {
  /// The image of a slot, if it may boot: recorded, not below the security counter, and whole.
  fileprivate mutating func bootableImage<Hash: HashFunction & ~Copyable>(
    in slot: SlotIdentifier, using hash: Hash.Type
  ) throws(BootError) -> ImageRecord? {
    guard let record = state.boot[slot], record.sequenceNumber >= state.boot.securityCounter else {
      return nil
    }
    do throws(StorageError) {
      return try holds(record, in: slot, using: Hash.self) ? record : nil
    } catch {
      throw .storage(error)
    }
  }
}
