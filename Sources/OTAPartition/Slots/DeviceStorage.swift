public import OTACore
public import OTACrypto

/// The persistent side of a device: two slots and a journal on one flash, and the only way to change them.
///
/// ``state`` is what the journal holds. Every method that changes it commits one record, so that a loss of power leaves
/// the state before or the state after, never one in between. A method that throws ``StorageError/flash(_:)`` may
/// leave either.
///
/// Works without heap.
public struct DeviceStorage<Device: Flash & ~Copyable>: ~Copyable {
  var flash: Device
  var journal: Journal
  var generation: UInt32 = 0
  /// The slot that runs, if the boot manager said so and it is not the selected one.
  let runningSlotOverride: SlotIdentifier?

  /// Where slots and journal are.
  public let layout: DeviceLayout
  /// What was committed last.
  public internal(set) var state: DeviceState
  /// How many bytes are staged between two checkpoints, at least; 16 KiB unless changed.
  ///
  /// A checkpoint is taken at the next border of an erase block. Less means less to repeat after a cut, and more wear
  /// of the journal.
  public var checkpointInterval: UInt32 = 16 << 10

  /// Reads the journal.
  ///
  /// - Parameters:
  ///   - flash: the device; it is lost if this throws, so that a device whose contents are not in the hardware has to be
  ///     kept elsewhere too.
  ///   - layout: where slots and journal are; made for this device.
  ///   - runningSlot: ``BootDecision/slot``, if the boot manager could hand it over. `nil` means the selected slot. They
  ///     differ only after the journal could not be written at boot.
  /// - Throws: ``StorageError/journalEmpty`` if there is no record; ``StorageError/record(_:)`` if the newest record is
  ///   of another version; ``StorageError/layout(_:)`` if the layout does not fit; ``StorageError/flash(_:)``. A record
  ///   that is torn is not an error: the one before it counts.
  /// - Complexity: reads the journal; at most two writes, after a cut in a commit.
  public init(
    opening flash: consuming Device, layout: DeviceLayout, runningSlot: SlotIdentifier? = nil
  ) throws(StorageError) {
    try layout.validate(on: flash.geometry)
    var journal = Journal(layout: layout, geometry: flash.geometry)
    var buffer = InlineArray<752, UInt8>(repeating: 0)
    var payload = buffer.mutableSpan
    guard let count = try journal.open(&flash, payload: &payload) else { throw .journalEmpty }
    let state = try DeviceState(record: buffer.span.extracting(0..<count))
    self.state = state
    self.runningSlotOverride = runningSlot
    self.flash = flash
    self.layout = layout
    self.journal = journal
  }

  private init(
    _ flash: consuming Device, layout: DeviceLayout, journal: Journal, state: DeviceState
  ) {
    self.flash = flash
    self.layout = layout
    self.journal = journal
    self.state = state
    self.runningSlotOverride = nil
  }

  /// Erases the journal and confirms the images that the factory has put into slot a, the primary place.
  ///
  /// The bytes of the slot are not looked at here; the boot manager does that before every boot. The security counter
  /// starts at the image's sequence number.
  ///
  /// - Parameters:
  ///   - flash: the device; lost if this throws.
  ///   - layout: where slots and journal are.
  ///   - image: what is in slot a.
  /// - Returns: the open storage.
  /// - Throws: ``StorageError/layout(_:)``; ``StorageError/imageTooLarge`` if an image is longer than slot a takes;
  ///   ``StorageError/imageCountMismatch`` if there are more or fewer images than a slot has;
  ///   ``StorageError/flash(_:)``. After an error, or a loss of power, the device is to be provisioned again.
  public static func provision(
    _ flash: consuming Device, layout: DeviceLayout, image: ImageRecord
  ) throws(StorageError) -> DeviceStorage {
    try layout.validate(on: flash.geometry)
    guard image.count == layout.imageCount else { throw .imageCountMismatch }
    let state = DeviceState(
      boot: BootState(
        selection: .confirmed(.a), slotA: image, securityCounter: image.sequenceNumber))
    let journal = Journal(layout: layout, geometry: flash.geometry)
    var storage = DeviceStorage(flash, layout: layout, journal: journal, state: state)
    guard storage.fits(image, in: .a) else { throw .imageTooLarge }
    var buffer = InlineArray<752, UInt8>(repeating: 0)
    let count = try state.serialize(into: buffer.mutableSpan)
    try storage.journal.format(&storage.flash, payload: buffer.span.extracting(0..<count))
    return storage
  }

  /// Writes an image into slot a, reads it back, and confirms it; for a device with one image in a slot.
  ///
  /// - Parameters:
  ///   - flash: the device; lost if this throws.
  ///   - layout: where slots and journal are.
  ///   - factoryImage: the bytes of the image; not empty.
  ///   - sequenceNumber: its sequence number; the security counter starts there.
  ///   - version: its version.
  ///   - hash: the function of its digest.
  /// - Returns: the open storage.
  /// - Throws: as ``provision(_:layout:image:)``, and ``StorageError/imageDigestMismatch`` if the slot reads differently.
  public static func provision<Hash: HashFunction & ~Copyable>(
    _ flash: consuming Device, layout: DeviceLayout, factoryImage: Span<UInt8>,
    sequenceNumber: SequenceNumber, version: Version, hash: Hash.Type
  ) throws(StorageError) -> DeviceStorage {
    try layout.validate(on: flash.geometry)
    guard let size = UInt32(exactly: factoryImage.count), size <= layout.slotA.size else {
      throw .imageTooLarge
    }
    let image = ImageDescription(digest: Hash.digest(of: factoryImage), size: size)
    var isWhole = false
    do throws(FlashError) {
      try flash.fill(layout.slotA, with: factoryImage)
      isWhole = try flash.holds(image, in: layout.slotA, using: Hash.self)
    } catch {
      throw .flash(error)
    }
    guard isWhole else { throw .imageDigestMismatch }
    let record = ImageRecord(image: image, sequenceNumber: sequenceNumber, version: version)
    return try provision(flash, layout: layout, image: record)
  }

  /// The slot that runs.
  public var runningSlot: SlotIdentifier { runningSlotOverride ?? state.boot.selection.slot }

  /// Commits how far an update has come; boot selection and slots stay as they are.
  ///
  /// - Throws: ``StorageError/flash(_:)``, ``StorageError/journalFull``.
  public mutating func record(_ update: UpdateRecord) throws(StorageError) {
    var next = state
    next.update = update
    try commit(next)
  }

  /// Reads bytes of the image that runs, from any offset and in any number; of several images, one behind the other.
  ///
  /// - Parameters:
  ///   - destination: filled whole.
  ///   - offset: from the start of the first image.
  /// - Throws: ``StorageError/slotEmpty`` if no image is recorded for the running slot; ``StorageError/flash(_:)`` with
  ///   ``FlashError/outOfBounds`` if the range is not inside the images, before anything is read.
  public mutating func readRunningImage(
    into destination: inout MutableSpan<UInt8>, at offset: UInt32
  ) throws(StorageError) {
    guard let record = state.boot[runningSlot] else { throw .slotEmpty }
    guard record.count == layout.imageCount, let size = record.totalSize,
      let count = UInt32(exactly: destination.count), count <= size, offset <= size - count
    else { throw .flash(.outOfBounds) }
    var done: UInt32 = 0
    while done < count {
      let place = record.place(ofByte: offset + done)
      let part = min(place.remaining, count - done)
      let start = start(of: runningSlot, image: place.image) + place.offset
      do throws(FlashError) {
        try flash.readPart(Int(done)..<Int(done + part), of: &destination, at: start)
      } catch {
        throw .flash(error)
      }
      done += part
    }
  }

  /// Gives the device back.
  ///
  /// - Returns: the device, with everything committed.
  public consuming func closed() -> Device { flash }

  /// Commits one record; ``state`` changes only if that worked.
  mutating func commit(_ next: DeviceState) throws(StorageError) {
    var buffer = InlineArray<752, UInt8>(repeating: 0)
    let count = try next.serialize(into: buffer.mutableSpan)
    try journal.commit(buffer.span.extracting(0..<count), to: &flash)
    state = next
  }
}

extension DeviceState {
  /// Reads the payload of a record, all of it.
  init(record: Span<UInt8>) throws(StorageError) {
    var cursor = ByteCursor(record)
    do throws(ParseError) {
      try self.init(parsing: &cursor)
      try cursor.requireEnd()
    } catch {
      throw .record(error)
    }
  }

  /// Writes the serialised form and returns its length.
  func serialize(into bytes: consuming MutableSpan<UInt8>) throws(StorageError) -> Int {
    var writer = ByteWriter(bytes)
    do throws(ParseError) {
      try serialize(into: &writer)
    } catch {
      throw .record(error)
    }
    return writer.count
  }
}

extension DeviceLayout {
  /// Refuses a device that the layout was not made for.
  func validate(on geometry: FlashGeometry) throws(StorageError) {
    do throws(LayoutError) {
      try check(on: geometry)
    } catch {
      throw .layout(error)
    }
  }
}

extension Range<UInt32> {
  /// How many bytes a range has.
  var size: UInt32 { upperBound - lowerBound }
}
