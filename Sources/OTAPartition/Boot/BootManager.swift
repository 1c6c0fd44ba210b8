import OTACore
public import OTACrypto

/// Decides at every start which image boots, and brings it to where it runs.
public enum BootManager {
  /// Picks the slot to boot, brings its images to where they run, and verifies them.
  ///
  /// - Images that were moving when the power went are moved to the end first.
  /// - Every image is digested whole, and its sequence number held against the security counter, before every boot; one
  ///   that moves, both before and after. Nothing moves for the sake of an image that does not verify.
  /// - An image on trial costs one attempt, committed before this returns. When none is left, or the image does not
  ///   verify, the device reverts: one record, with the cause.
  /// - A confirmed image that does not verify any more gives way to the other slot, if that verifies.
  /// - The journal is written only for trial, move, revert and fallback. If it cannot be written, an image on trial does
  ///   not boot (its attempts could not be counted), a confirmed one that is in its place does.
  /// - An image whose trial has ended boots all the same if the image before it does not verify, or was written over: it
  ///   is then the only verified image that there is. Nothing is recorded, so that it can still be confirmed or replaced.
  /// - Of several images in a slot all must verify; those of two slots never boot together.
  ///
  /// - Parameters:
  ///   - storage: opened by the boot loader.
  ///   - hash: the function of the images' digests.
  /// - Returns: what to jump to; where it is says ``DeviceStorage/range(of:image:)``.
  /// - Throws: ``BootError/noBootableImage``, also if the device fails while images move; ``BootError/storage(_:)`` with
  ///   ``FlashError/powerLost`` only. A loss of power leaves what the next call goes on with.
  /// - Complexity: reads at most both slots, each twice; without a move, at most one commit.
  public static func boot<Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable>(
    _ storage: inout DeviceStorage<Device>, hash: Hash.Type
  ) throws(BootError) -> BootDecision {
    guard try attempt({ () throws(StorageError) in try storage.finishRelocation() }) else {
      throw .noBootableImage
    }
    let selection = storage.state.boot.selection
    switch selection {
    case .confirmed(let slot):
      if let selected = try storage.placedImage(of: slot, using: Hash.self) {
        return BootDecision(slot: slot, image: selected, kind: .confirmed)
      }
      guard let other = try storage.placedImage(of: slot.other, using: Hash.self) else {
        throw .noBootableImage
      }
      let isRecorded = try attempt { () throws(StorageError) in try storage.fallBack(to: slot.other) }
      return BootDecision(slot: slot.other, image: other, kind: .fallback, isRecorded: isRecorded)

    case .trial(let slot, let attemptsLeft):
      if attemptsLeft > 0, let selected = try storage.placedImage(of: slot, using: Hash.self),
        try attempt({ () throws(StorageError) in try storage.countAttempt() })
      {
        return BootDecision(slot: slot, image: selected, kind: .trial(attemptsLeft: attemptsLeft - 1))
      }
      let selected = try storage.bootableImage(in: slot, using: Hash.self)
      let cause: ErrorCode = selected == nil ? .bootVerificationFailed : .bootAttemptsExhausted
      if let previous = try storage.placedImage(of: slot.other, using: Hash.self) {
        let isRecorded = try attempt { () throws(StorageError) in try storage.revert(cause) }
        return BootDecision(
          slot: slot.other, image: previous, kind: .reverted(cause), isRecorded: isRecorded)
      }
      guard let last = try storage.placedImage(of: slot, using: Hash.self) else { throw .noBootableImage }
      return BootDecision(slot: slot, image: last, kind: .fallback)
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
  /// The images of a slot where they run, if they may boot there.
  ///
  /// - Returns: `nil` also if the device did not bring them there.
  fileprivate mutating func placedImage<Hash: HashFunction & ~Copyable>(
    of slot: SlotIdentifier, using hash: Hash.Type
  ) throws(BootError) -> ImageRecord? {
    // After a failure in the middle nothing can be said of either slot before the move has come to its end.
    guard case .settled = state.boot.placement else { return nil }
    guard let image = try bootableImage(in: slot, using: Hash.self) else { return nil }
    if isInPlace(slot) { return image }
    do throws(StorageError) {
      try relocate(to: slot)
    } catch {
      guard error != .flash(.powerLost) else { throw .storage(error) }
      return nil
    }
    return try bootableImage(in: slot, using: Hash.self)
  }

  /// The images of a slot, if they may boot: recorded, not below the security counter, and whole.
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
