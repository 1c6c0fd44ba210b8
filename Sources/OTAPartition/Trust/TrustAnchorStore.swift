import OTACore
import OTACrypto

/// The trust anchors in flash: two copies, of which one is whole at every moment.
///
/// Each copy is in an area of its own, as those of ``PartitionTableStore`` are: the newest whole copy is the state, and a
/// copy that is missing, older or damaged is written again from the good one. A set is replaced only by one that was
/// verified against it.
///
/// The copies are safe from loss of power and from bit rot, not from somebody who can write the flash: keep them where
/// only the boot loader writes, or let a ``SecureStorage`` pin them, with the methods that take one. It then has the digest
/// of the state, 32 bytes of the 412 that it takes, and the keys, which are no secret, stay here.
///
/// The store does not hold the device.
public struct TrustAnchorStore: Sendable {
  /// The bytes of the first area.
  public let copyA: Range<UInt32>
  /// The bytes of the second area.
  public let copyB: Range<UInt32>
  /// The state, as far as the last method that was given the device has seen; `nil` before, and after an error.
  public private(set) var current: TrustState?
  /// Whether both areas hold the state.
  ///
  /// False means that an area does not take its copy any more: the state is safe from the next loss of power, but not from
  /// the loss of the other area.
  public private(set) var hasTwoCopies = false

  private var journal: Journal

  /// Checks and takes the areas of the two copies, in bytes from the start of the device; nothing is read.
  ///
  /// - Parameters:
  ///   - copyA: whole erase blocks, with room for four states: 3136 bytes for units of writing of up to 8 bytes, 3200 for
  ///     16, 3328 for 32.
  ///   - copyB: likewise, outside `copyA`.
  ///   - geometry: the sizes of the device that the other methods are given.
  /// - Throws: ``LayoutError/tooSmall`` for an area without room for four states, ``LayoutError/outOfBounds``,
  ///   ``LayoutError/notAligned``, ``LayoutError/overlap``.
  public init(copyA: Range<UInt32>, copyB: Range<UInt32>, on geometry: FlashGeometry) throws(LayoutError) {
    journal = try Journal(checking: copyA, copyB, payloadCapacity: TrustState.maximumSize, on: geometry)
    self.copyA = copyA
    self.copyB = copyB
  }

  /// Finds the state, and repairs the copies.
  ///
  /// A loss of power at any moment leaves the state as it is.
  ///
  /// - Parameter flash: the device.
  /// - Returns: the state.
  /// - Throws: ``TrustAnchorError/unreadable`` if neither copy is whole, and then nothing was written;
  ///   ``TrustAnchorError/malformed(_:)`` if the newest copy is whole, but not a state of this version;
  ///   ``TrustAnchorError/storage(_:)`` if no copy was found and the device failed to read. An older copy is never taken
  ///   for a newer one that is whole but refused. That one copy is damaged, or cannot be repaired, is *not* an error; see
  ///   ``hasTwoCopies``.
  /// - Complexity: nothing is written if both copies are whole; otherwise up to three erases of an area, with two writes
  ///   each.
  public mutating func read<Device: Flash & ~Copyable>(
    from flash: inout Device
  ) throws(TrustAnchorError) -> TrustState {
    try read(from: &flash, pins: nil)
  }

  /// Finds the state, refuses it if another one is pinned, and only then repairs the copies.
  mutating func read<Device: Flash & ~Copyable>(
    from flash: inout Device, pins: TrustPins?
  ) throws(TrustAnchorError) -> TrustState {
    current = nil
    hasTwoCopies = false
    var buffer = InlineArray<752, UInt8>(repeating: 0)
    let found: Int?
    do throws(StorageError) {
      var bytes = buffer.mutableSpan
      found = try journal.open(&flash, payload: &bytes)
    } catch {
      throw .storage(error)
    }
    guard let found else { throw .unreadable }
    let payload = buffer.span.extracting(0..<found)
    let state = try TrustState(parsing: payload)
    if let pins {
      let digest = SHA256.digest(of: payload)
      guard digest == pins.present || digest == pins.next else { throw .tampered }
    }
    do throws(StorageError) {
      hasTwoCopies = try journal.keepTwoCopies(of: payload, on: &flash)
    } catch {
      throw .storage(error)
    }
    current = state
    return state
  }

  /// Replaces the set by one that follows it.
  ///
  /// From then on, nothing is installed that a key which the set left out has signed. What runs goes on booting: its keys
  /// stay good for that, until ``retire(on:signers:from:)``.
  ///
  /// A loss of power leaves the old set or the new one, never none and never keys of both, and from the return on the new
  /// one.
  ///
  /// - Parameters:
  ///   - verified: the new set.
  ///   - image: what runs, from ``DeviceStorage/runningImage``.
  ///   - flash: the device.
  /// - Throws: what ``read(from:)`` throws, if there is no ``current`` state. And, without anything having been written,
  ///   ``TrustAnchorError/superseded`` if the new set was verified against another one than is here,
  ///   ``TrustAnchorError/updateInProgress`` if an image is on trial or moves, or an update is being written,
  ///   ``TrustAnchorError/retirementPending``. ``TrustAnchorError/storage(_:)`` if it could not be written: one of the two
  ///   is there then, to be found by ``read(from:)``. That only one of two copies could be written is *not* an error; see
  ///   ``hasTwoCopies``. That the new set has expired is not either: it installs nothing, and leads on to the next.
  /// - Complexity: up to two erases of an area and four writes.
  public mutating func install<Device: Flash & ~Copyable>(
    _ verified: borrowing VerifiedTrustAnchors, on image: RunningImage, to flash: inout Device
  ) throws(TrustAnchorError) {
    let state = try present(on: &flash)
    try replace(with: try state.following(verified, on: image), on: &flash)
  }

  /// Ends the life of the keys that earlier sets had, if what runs can do without them: it was confirmed, and keys of the
  /// set have signed it.
  ///
  /// Call it after ``DeviceStorage/confirm()`` and at every start: it looks at what is there and remembers nothing, so that
  /// a loss of power between the confirmation and this only puts it off.
  ///
  /// A loss of power leaves the keys or takes them, and from the return on they never come back.
  ///
  /// - Parameters:
  ///   - image: what runs, from ``DeviceStorage/runningImage``.
  ///   - signers: the keys that have signed its images, from
  ///     ``DeviceStorage/signersOfRunningImage(trusting:by:using:)``.
  ///   - flash: the device.
  /// - Returns: whether the keys of earlier sets are gone, or there were none; `false` if what runs needs them, or may
  ///   still be reverted.
  /// - Throws: what ``read(from:)`` throws, if there is no ``current`` state; ``TrustAnchorError/storage(_:)``.
  /// - Complexity: nothing is written if nothing changes; otherwise up to two erases of an area and four writes.
  @discardableResult
  public mutating func retire<Device: Flash & ~Copyable>(
    on image: RunningImage, signers: borrowing ImageSigners, from flash: inout Device
  ) throws(TrustAnchorError) -> Bool {
    let state = try present(on: &flash)
    let next = state.settled(on: image, signers: signers)
    try replace(with: next, on: &flash)
    return !next.isRetirementPending
  }

  /// Remembers that it is not earlier than a time that a signed document has told; nothing is written if that is known.
  ///
  /// Never from a clock: one that is wrong once would make the sets of the device expire for ever.
  ///
  /// - Parameters:
  ///   - time: seconds of Unix time.
  ///   - flash: the device.
  /// - Throws: as ``retire(on:signers:from:)``.
  public mutating func remember<Device: Flash & ~Copyable>(
    earliestTime time: UInt64, on flash: inout Device
  ) throws(TrustAnchorError) {
    let state = try present(on: &flash)
    try replace(with: state.notEarlier(than: time), on: &flash)
  }

  /// Writes the first set to a device, over whatever the two areas hold: for the factory.
  ///
  /// A loss of power leaves what was there before, no set, or this one; format again.
  ///
  /// - Parameters:
  ///   - anchors: the set.
  ///   - flash: the device.
  /// - Throws: ``TrustAnchorError/storage(_:)``. That only one of two copies could be written is *not* an error; see
  ///   ``hasTwoCopies``.
  public mutating func format<Device: Flash & ~Copyable>(
    _ anchors: TrustAnchors, on flash: inout Device
  ) throws(TrustAnchorError) {
    try write(TrustState(anchors), isFirst: true, to: &flash)
  }

  // MARK: Common to all

  /// The state, read if that has not happened yet.
  mutating func present<Device: Flash & ~Copyable>(
    on flash: inout Device
  ) throws(TrustAnchorError) -> TrustState {
    if let current { return current }
    return try read(from: &flash)
  }

  /// Takes a state that was read and found good elsewhere; `nil` while that is open.
  mutating func take(_ state: TrustState?) { current = state }

  /// Writes a state, unless it is there already.
  mutating func replace<Device: Flash & ~Copyable>(
    with state: TrustState, on flash: inout Device
  ) throws(TrustAnchorError) {
    guard state != current else { return }
    try write(state, isFirst: false, to: &flash)
  }

  private mutating func write<Device: Flash & ~Copyable>(
    _ state: TrustState, isFirst: Bool, to flash: inout Device
  ) throws(TrustAnchorError) {
    var buffer = InlineArray<752, UInt8>(repeating: 0)
    let count = try state.serialize(into: buffer.mutableSpan)
    let payload = buffer.span.extracting(0..<count)
    current = nil
    hasTwoCopies = false
    do throws(StorageError) {
      if isFirst {
        try journal.format(&flash, payload: payload)
      } else {
        try journal.commit(payload, to: &flash)
      }
      hasTwoCopies = try journal.keepTwoCopies(of: payload, on: &flash)
    } catch {
      throw .storage(error)
    }
    current = state
  }
}
