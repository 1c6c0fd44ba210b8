import OTACore

/// The trust anchors in flash: two copies, of which one is whole at every moment.
///
/// Each copy is in an area of its own, as those of ``PartitionTableStore`` are: the newest whole copy is the set, and a
/// copy that is missing, older or damaged is written again from the good one. A set is replaced only by one that was
/// verified against it.
///
/// The copies are safe from loss of power and from bit rot, not from somebody who can write the flash: keep them where
/// only the boot loader writes, or in a ``SecureStorage``.
///
/// The store does not hold the device.
public struct TrustAnchorStore: Sendable {
  /// The bytes of the first area.
  public let copyA: Range<UInt32>
  /// The bytes of the second area.
  public let copyB: Range<UInt32>
  /// The set, as far as the last ``read(from:)``, ``install(_:on:)`` or ``format(_:on:)`` has seen; `nil` before, and after
  /// an error.
  public private(set) var current: TrustAnchors?
  /// Whether both areas hold the set.
  ///
  /// False means that an area does not take its copy any more: the set is safe from the next loss of power, but not from
  /// the loss of the other area.
  public private(set) var hasTwoCopies = false

  private var journal: Journal

  /// Checks and takes the areas of the two copies, in bytes from the start of the device; nothing is read.
  ///
  /// - Parameters:
  ///   - copyA: whole erase blocks, with room for four sets: 1408 bytes for units of writing of up to 8 bytes, 1472 for
  ///     16, 1664 for 32.
  ///   - copyB: likewise, outside `copyA`.
  ///   - geometry: the sizes of the device that the other methods are given.
  /// - Throws: ``LayoutError/tooSmall`` for an area without room for four sets, ``LayoutError/outOfBounds``,
  ///   ``LayoutError/notAligned``, ``LayoutError/overlap``.
  public init(copyA: Range<UInt32>, copyB: Range<UInt32>, on geometry: FlashGeometry) throws(LayoutError) {
    journal = try Journal(checking: copyA, copyB, payloadCapacity: TrustAnchors.maximumSize, on: geometry)
    self.copyA = copyA
    self.copyB = copyB
  }

  /// Finds the set, and repairs the copies.
  ///
  /// A loss of power at any moment leaves the set as it is.
  ///
  /// - Parameter flash: the device.
  /// - Returns: the set.
  /// - Throws: ``TrustAnchorError/unreadable`` if neither copy is whole, and then nothing was written;
  ///   ``TrustAnchorError/malformed(_:)`` if the newest copy is whole, but not a set of this version;
  ///   ``TrustAnchorError/storage(_:)`` if no copy was found and the device failed to read. An older copy is never taken
  ///   for a newer one that is whole but refused. That one copy is damaged, or cannot be repaired, is *not* an error; see
  ///   ``hasTwoCopies``.
  /// - Complexity: nothing is written if both copies are whole; otherwise up to three erases of an area, with two writes
  ///   each.
  public mutating func read<Device: Flash & ~Copyable>(
    from flash: inout Device
  ) throws(TrustAnchorError) -> TrustAnchors {
    current = nil
    hasTwoCopies = false
    var buffer = InlineArray<320, UInt8>(repeating: 0)
    let found: Int?
    do throws(StorageError) {
      var bytes = buffer.mutableSpan
      found = try journal.open(&flash, payload: &bytes)
    } catch {
      throw .storage(error)
    }
    guard let found else { throw .unreadable }
    let payload = buffer.span.extracting(0..<found)
    let anchors = try TrustAnchors(parsing: payload)
    do throws(StorageError) {
      hasTwoCopies = try journal.keepTwoCopies(of: payload, on: &flash)
    } catch {
      throw .storage(error)
    }
    current = anchors
    return anchors
  }

  /// Replaces the set by the one that follows it.
  ///
  /// A loss of power leaves the old set or the new one, never none and never keys of both, and from the return on the new
  /// one.
  ///
  /// - Parameters:
  ///   - verified: the new set.
  ///   - flash: the device.
  /// - Throws: what ``read(from:)`` throws, if there is no ``current`` set; ``TrustAnchorError/superseded`` if the new set
  ///   was verified against another one than is here, and then nothing was written; ``TrustAnchorError/storage(_:)`` if it
  ///   could not be written: one of the two is there then, to be found by ``read(from:)``. That only one of two copies
  ///   could be written is *not* an error; see ``hasTwoCopies``.
  /// - Complexity: up to two erases of an area and four writes.
  public mutating func install<Device: Flash & ~Copyable>(
    _ verified: consuming VerifiedTrustAnchors, on flash: inout Device
  ) throws(TrustAnchorError) {
    if current == nil { _ = try read(from: &flash) }
    guard current == verified.base else { throw .superseded }
    try write(verified.anchors, isFirst: false, to: &flash)
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
    try write(anchors, isFirst: true, to: &flash)
  }

  private mutating func write<Device: Flash & ~Copyable>(
    _ anchors: TrustAnchors, isFirst: Bool, to flash: inout Device
  ) throws(TrustAnchorError) {
    var buffer = InlineArray<320, UInt8>(repeating: 0)
    let count = try anchors.serialize(into: buffer.mutableSpan)
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
    current = anchors
  }
}
