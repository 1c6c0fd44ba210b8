public import OTACore

/// Boot control in the layout of ESP-IDF: a partition `otadata` with one ``EspressifEntry`` in each half.
///
/// The selectable entry with the highest number counts, the first of two with the same. An erase block that is rewritten
/// is never the one that the device would fall back to:
/// - a request is written over the entry that does not count;
/// - while a trial lasts, the entry of the slot before is not touched. ``confirm(_:)`` and ``revert(_:)`` rewrite the
///   entry on trial, as ESP-IDF does: if the power goes between erase and write, the slot before boots. Were it the
///   other way round, the boot loader would find nothing but an entry on trial, and abort it.
///
/// The layout has one attempt for each trial. ``selection()`` is `nil` if no entry counts: the boot loader then boots
/// the factory image, or looks for any that verifies.
///
/// ## What the layout cannot do
/// The checksum covers the number alone. With units of up to 4 bytes it is written last and by itself, so that the state
/// is whole before the entry counts; with larger units (flash encryption) a torn unit may hold any state. On memory
/// whose units may be written twice, an entry that was given up is made void before it is erased; elsewhere, an erase
/// that loses its power may clear the state and leave number and checksum, so that it seems to be confirmed.
///
/// - Note: Source: ESP-IDF, `bootloader_common_loader.c`, `bootloader_utility.c`, `esp_ota_ops.c`.
public struct EspressifOTAData<Device: Flash & ~Copyable>: ~Copyable, BootControl {
  private var flash: Device
  /// The erase blocks that the entries begin.
  private let blocks: InlineArray<2, Range<UInt32>>
  private let slotCount: UInt32
  private let slotA: UInt32
  private let slotB: UInt32
  private let hasFactoryImage: Bool
  /// Whether what a cut may have left undecided has been decided.
  private var isSettled = false

  /// Takes a device; nothing is read.
  ///
  /// - Parameters:
  ///   - flash: the device; it is lost if this throws.
  ///   - partition: the bytes of `otadata`; two halves of whole erase blocks.
  ///   - slotCount: how many `ota_N` partitions there are, 2 to 16. It decides what numbers mean, so it must be that of
  ///     the partition table.
  ///   - slotA: which `ota_N` slot a is.
  ///   - slotB: which `ota_N` slot b is.
  ///   - hasFactoryImage: whether the boot loader has something to boot if no entry counts.
  /// - Throws: ``StorageError/layout(_:)`` with ``LayoutError/tooSmall``, ``LayoutError/outOfBounds`` or
  ///   ``LayoutError/notAligned`` for the partition, ``LayoutError/invalidGeometry`` if the device is not erased to 0xff,
  ///   ``LayoutError/missingPartition`` if a slot is not one of `slotCount` or there are not 2 to 16,
  ///   ``LayoutError/duplicatePartition`` if both slots are the same.
  public init(
    _ flash: consuming Device, partition: Range<UInt32>, slotCount: UInt32 = 2, slotA: UInt32 = 0,
    slotB: UInt32 = 1, hasFactoryImage: Bool = false
  ) throws(StorageError) {
    guard flash.geometry.erasedByte == 0xff else { throw .layout(.invalidGeometry) }
    guard (2...16).contains(slotCount), slotA < slotCount, slotB < slotCount else {
      throw .layout(.missingPartition)
    }
    guard slotA != slotB else { throw .layout(.duplicatePartition) }
    do throws(LayoutError) {
      try flash.geometry.checkPartition(partition)
      let middle = partition.lowerBound + partition.size / 2
      try flash.geometry.checkPartition(partition.lowerBound..<middle)
      try flash.geometry.checkPartition(middle..<partition.upperBound)
      guard let first = flash.geometry.eraseBlock(containing: partition.lowerBound),
        let second = flash.geometry.eraseBlock(containing: middle)
      else { throw .outOfBounds }
      guard first.size >= UInt32(EspressifEntry.size), second.size >= UInt32(EspressifEntry.size) else {
        throw .tooSmall
      }
      blocks = [first, second]
    } catch {
      throw .layout(error)
    }
    self.flash = flash
    self.slotCount = slotCount
    self.slotA = slotA
    self.slotB = slotB
    self.hasFactoryImage = hasFactoryImage
  }

  /// Gives the device back.
  ///
  /// - Returns: the device, with everything committed.
  public consuming func closed() -> Device { flash }

  // MARK: Boot control

  /// The boot loader boots an image once before it gives it up.
  public var maximumAttempts: UInt8 { 1 }

  /// What the entry says that counts.
  ///
  /// The first call after a start reads both entries repeatedly. If a cut has left one that does not always read the
  /// same, it is erased, so that what is returned stays true.
  ///
  /// - Returns: `nil` also if the entry selects an `ota_N` that is neither slot a nor slot b.
  /// - Throws: ``StorageError/flash(_:)`` if no entry is valid and the device failed to read one.
  public mutating func selection() throws(StorageError) -> BootSelection? {
    let entries = try settledEntries()
    guard let entry = entries.counting, let slot = slot(of: entry) else { return nil }
    switch entry.state {
    case .new: return .trial(slot, attemptsLeft: 1)
    case .pendingVerify: return .trial(slot, attemptsLeft: 0)
    case .valid, .undefined, .invalid, .aborted: return .confirmed(slot)
    }
  }

  /// Writes a new entry over the one that does not count; an erase and two writes.
  ///
  /// That no entry counts is not an error: the factory image requests its first update so.
  ///
  /// - Throws: ``StorageError/slotInUse``; ``StorageError/journalFull`` if the numbers are used up;
  ///   ``StorageError/flash(_:)``.
  public mutating func requestTrial(of slot: SlotIdentifier, attempts: UInt8) throws(StorageError) {
    precondition(attempts > 0, "an image on trial needs an attempt")
    let entries = try settledEntries()
    let index = slot == .a ? slotA : slotB
    if let counting = entries.counting {
      guard counting.state != .new, counting.state != .pendingVerify,
        counting.slot(of: slotCount) != index
      else { throw .slotInUse }
    }
    let place = entries.countingPlace.map { 1 - $0 } ?? 0
    guard
      let sequence = EspressifEntry.sequence(
        after: entries.counting?.sequence ?? 0, selecting: index, of: slotCount)
    else { throw .journalFull }
    try rewrite(place, EspressifEntry(sequence: sequence, state: .new), over: entries[place])
  }

  /// Makes the entry on trial valid; an erase and two writes, nothing if it is valid already.
  ///
  /// - Throws: ``StorageError/notOnTrial`` if the slot is not selected; ``StorageError/journalFull``;
  ///   ``StorageError/flash(_:)``.
  public mutating func confirm(_ slot: SlotIdentifier) throws(StorageError) {
    let entries = try settledEntries()
    guard let place = entries.countingPlace, let entry = entries[place], self.slot(of: entry) == slot else {
      throw .notOnTrial
    }
    guard entry.state == .new || entry.state == .pendingVerify else { return }
    if entries[1 - place]?.isSelectable ?? false {
      try rewrite(place, EspressifEntry(sequence: entry.sequence, state: .valid), over: nil)
      return
    }
    // Nothing to fall back to: the entry on trial stays until a newer one is whole.
    let index = entry.slot(of: slotCount)
    guard let sequence = EspressifEntry.sequence(after: entry.sequence, selecting: index, of: slotCount)
    else {
      throw .journalFull
    }
    try rewrite(
      1 - place, EspressifEntry(sequence: sequence, state: .valid), over: entries[1 - place])
  }

  /// Makes the entry on trial invalid; an erase and up to three writes.
  ///
  /// The layout has no place for the cause.
  ///
  /// - Throws: ``StorageError/notOnTrial``; ``StorageError/slotEmpty`` if the other entry does not count either and there
  ///   is no factory image; ``StorageError/flash(_:)``.
  public mutating func revert(_ cause: ErrorCode) throws(StorageError) {
    let entries = try settledEntries()
    guard let place = entries.countingPlace, let entry = entries[place],
      entry.state == .new || entry.state == .pendingVerify
    else { throw .notOnTrial }
    guard hasFactoryImage || entries[1 - place]?.isSelectable ?? false else { throw .slotEmpty }
    try rewrite(place, EspressifEntry(sequence: entry.sequence, state: .invalid), over: entry)
  }
}

extension EspressifOTAData where Device: ~Copyable {
  /// Both entries, as far as they are valid.
  private struct Entries {
    var first: EspressifEntry?
    var second: EspressifEntry?

    subscript(place: Int) -> EspressifEntry? { place == 0 ? first : second }

    /// Where the entry is that counts.
    var countingPlace: Int? {
      let isFirst = first?.isSelectable ?? false
      let isSecond = second?.isSelectable ?? false
      if let first, let second, isFirst, isSecond { return second.sequence > first.sequence ? 1 : 0 }
      return isFirst ? 0 : isSecond ? 1 : nil
    }

    var counting: EspressifEntry? { countingPlace.flatMap { self[$0] } }
  }

  private func slot(of entry: EspressifEntry) -> SlotIdentifier? {
    let index = entry.slot(of: slotCount)
    return index == slotA ? .a : index == slotB ? .b : nil
  }

  private mutating func readEntries() throws(StorageError) -> Entries {
    var entries = Entries()
    var failure: FlashError?
    for place in 0..<2 {
      do throws(FlashError) {
        let bytes = try readBytes(of: place)
        let entry = EspressifEntry(bytes.span)
        if place == 0 { entries.first = entry } else { entries.second = entry }
      } catch {
        // Memory with error correction may refuse to read a torn unit; the other entry is still good.
        guard error != .powerLost else { throw .flash(error) }
        failure = error
      }
    }
    if entries.first == nil, entries.second == nil, let failure { throw .flash(failure) }
    return entries
  }

  private mutating func readBytes(of place: Int) throws(FlashError) -> InlineArray<32, UInt8> {
    var bytes = InlineArray<32, UInt8>(repeating: 0)
    var span = bytes.mutableSpan
    try flash.read(into: &span, at: blocks[place].lowerBound)
    return bytes
  }

  /// Both entries, after one was erased that a cut has left undecided.
  ///
  /// An entry whose last bit is torn may count now and not at the next start. It must not be relied on while the other
  /// one is overwritten. Its request never returned, so the other one is what counts.
  private mutating func settledEntries() throws(StorageError) -> Entries {
    if isSettled { return try readEntries() }
    let first = try isSteady(0)
    let second = try isSteady(1)
    let entries = try readEntries()
    if first != second, entries[first ? 0 : 1]?.isSelectable ?? false {
      do throws(FlashError) {
        try flash.erase(blocks[first ? 1 : 0])
      } catch {
        throw .flash(error)
      }
    }
    isSettled = true
    return try readEntries()
  }

  private mutating func isSteady(_ place: Int) throws(StorageError) -> Bool {
    let start = blocks[place].lowerBound
    return try flash.isSteady(start..<start + UInt32(EspressifEntry.size))
  }

  /// Replaces an entry.
  ///
  /// - Parameters:
  ///   - place: where.
  ///   - entry: the new one.
  ///   - old: what is there, if it must not become selectable on the way.
  /// - Throws: if the device refuses or fails, and then the entry is undefined.
  private mutating func rewrite(_ place: Int, _ entry: EspressifEntry, over old: EspressifEntry?)
    throws(StorageError)
  {
    let start = blocks[place].lowerBound
    let geometry = flash.geometry
    let bytes = entry.bytes
    isSettled = false
    do throws(FlashError) {
      if let old, geometry.isMultiwrite, geometry.writeSize <= 4, old.checksum != 0 {
        // Half erased, it could keep number and checksum and lose its state, and would seem to be confirmed.
        let void = InlineArray<4, UInt8>(repeating: 0)
        try flash.writeChecked(void.span, at: start + 28)
      }
      // Also if it reads as erased: that may be the work of an erase that lost its power.
      try flash.erase(blocks[place])
      if geometry.writeSize <= 4 {
        try flash.writeChecked(bytes.span.extracting(0..<28), at: start)
        try flash.writeChecked(bytes.span.extracting(28..<32), at: start + 28)
      } else {
        try flash.writeChecked(bytes.span, at: start)
      }
    } catch {
      throw .flash(error)
    }
    isSettled = true
  }
}
