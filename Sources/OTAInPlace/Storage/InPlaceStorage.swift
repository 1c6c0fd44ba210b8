public import OTACore
public import OTACrypto
public import OTAPartition

/// The persistent side of a device with one slot, and the only way to change it: an image, a store for the patches of one
/// update, and a journal.
///
/// ``state`` is what the journal holds. An update goes into the store first, with the patch back; then ``boot(with:)``
/// changes the image in the slot, step by step, and goes on with it after a loss of power. What it boots, it has digested
/// before.
///
/// Works without heap.
public struct InPlaceStorage<Device: Flash & ~Copyable, Hash: HashFunction & ~Copyable>: ~Copyable {
  var access: SlotAccess<Device, Hash>
  var journal: Journal
  /// Which staging is the current one; tokens of an earlier one are void.
  var generation: UInt32 = 0

  /// Where slot, store and journal are.
  public let layout: InPlaceLayout
  /// What was committed last.
  public internal(set) var state: InPlaceState

  /// The most bytes that the header of a patch may have.
  public static var maximumHeaderSize: Int { 128 }

  /// Reads the journal.
  ///
  /// - Parameters:
  ///   - flash: the device; it is lost if this throws.
  ///   - layout: made for this device.
  ///   - hash: the function of the images' and the payload's digests.
  /// - Throws: ``InPlaceError/storage(_:)`` with `StorageError.journalEmpty` if there is no record, `StorageError.record`
  ///   if the newest one is of another version, `StorageError.layout` if the layout does not fit, `StorageError.flash`. A
  ///   record that is torn is not an error: the one before it counts.
  /// - Complexity: reads the journal; at most two writes, after a cut in a commit.
  public init(
    opening flash: consuming Device, layout: InPlaceLayout, hash: Hash.Type
  ) throws(InPlaceError) {
    var journal = try layout.journal(on: flash.geometry)
    var buffer = InlineArray<352, UInt8>(repeating: 0)
    do throws(StorageError) {
      var payload = buffer.mutableSpan
      guard let count = try journal.open(&flash, payload: &payload) else { throw .journalEmpty }
      state = try InPlaceState(record: buffer.span.extracting(0..<count))
    } catch {
      throw .storage(error)
    }
    access = SlotAccess(flash)
    self.layout = layout
    self.journal = journal
  }

  private init(
    _ flash: consuming Device, layout: InPlaceLayout, journal: Journal, state: InPlaceState
  ) {
    access = SlotAccess(flash)
    self.layout = layout
    self.journal = journal
    self.state = state
  }

  /// Erases the journal and confirms the image that the factory has put into the slot.
  ///
  /// The bytes of the slot are not looked at here; ``boot(with:)`` does that before every boot. The security counter starts
  /// at the image's sequence number.
  ///
  /// - Parameters:
  ///   - flash: the device; lost if this throws.
  ///   - layout: made for this device.
  ///   - image: what is in the slot.
  ///   - hash: the function of the images' and the payload's digests.
  /// - Returns: the open storage.
  /// - Throws: ``InPlaceError/storage(_:)`` with `StorageError.layout`; `StorageError.imageTooLarge`;
  ///   `StorageError.imageCountMismatch` if there is an image beside the first; `StorageError.unsupportedAlgorithm`;
  ///   `StorageError.flash`. After an error, or a loss of power, the device is to be provisioned again.
  public static func provision(
    _ flash: consuming Device, layout: InPlaceLayout, image: ImageRecord, hash: Hash.Type
  ) throws(InPlaceError) -> InPlaceStorage {
    guard image.companions.count == 0 else { throw .storage(.imageCountMismatch) }
    guard image.image.digest.algorithm == Hash.algorithm else { throw .storage(.unsupportedAlgorithm) }
    guard image.image.size <= layout.slotSize else { throw .storage(.imageTooLarge) }
    let journal = try layout.journal(on: flash.geometry)
    let state = InPlaceState(
      phase: .confirmed(image, report: nil), securityCounter: image.sequenceNumber)
    var storage = InPlaceStorage(flash, layout: layout, journal: journal, state: state)
    do throws(StorageError) {
      var buffer = InlineArray<352, UInt8>(repeating: 0)
      let count = try state.serialize(into: buffer.mutableSpan)
      try storage.journal.format(&storage.access.flash, payload: buffer.span.extracting(0..<count))
    } catch {
      throw .storage(error)
    }
    return storage
  }

  /// Gives the device back.
  ///
  /// - Returns: the device, with everything committed.
  public consuming func closed() -> Device { access.flash }

  /// Commits one record; ``state`` changes only if that worked.
  mutating func commit(_ next: InPlaceState) throws(InPlaceError) {
    do throws(StorageError) {
      var buffer = InlineArray<352, UInt8>(repeating: 0)
      let count = try next.serialize(into: buffer.mutableSpan)
      try journal.commit(buffer.span.extracting(0..<count), to: &access.flash)
    } catch {
      throw .storage(error)
    }
    state = next
  }

  /// Commits another phase; counter and cause stay.
  mutating func commit(_ phase: InPlacePhase) throws(InPlaceError) {
    var next = state
    next.phase = phase
    try commit(next)
  }
}

extension InPlaceLayout {
  /// The journal of a device that the layout fits; nothing is read.
  fileprivate func journal(on geometry: FlashGeometry) throws(InPlaceError) -> Journal {
    do throws(LayoutError) {
      // The device may be another one than that which the layout was made for.
      guard
        try self
          == InPlaceLayout(slot: slot, store: store, journalA: journalA, journalB: journalB, on: geometry)
      else { throw .unequalBlocks }
      return try Journal(
        checking: journalA, journalB, payloadCapacity: InPlaceState.maximumSize, on: geometry)
    } catch {
      throw .storage(.layout(error))
    }
  }
}

extension InPlaceState {
  /// Reads the payload of a record, all of it.
  fileprivate init(record: Span<UInt8>) throws(StorageError) {
    var cursor = ByteCursor(record)
    do throws(ParseError) {
      try self.init(parsing: &cursor)
      try cursor.requireEnd()
    } catch {
      throw .record(error)
    }
  }

  /// Writes the serialised form and returns its length.
  fileprivate func serialize(into bytes: consuming MutableSpan<UInt8>) throws(StorageError) -> Int {
    var writer = ByteWriter(bytes)
    do throws(ParseError) {
      try serialize(into: &writer)
    } catch {
      throw .record(error)
    }
    return writer.count
  }
}
