public import OTACore

extension DeviceStorage where Device: ~Copyable {
  /// Where the image of a slot is now, in bytes from the start of the device.
  ///
  /// - Parameters:
  ///   - slot: which one.
  ///   - image: the index of the image, on a device that has several.
  /// - Returns: a range as long as the longest image that the slot takes. While images are moving, which only the boot
  ///   manager can see, it is where the image was before.
  /// - Precondition: the index is less than ``DeviceLayout/imageCount``.
  public func range(of slot: SlotIdentifier, image: Int = 0) -> Range<UInt32> {
    let start = start(of: slot, image: image)
    return start..<start + capacity(of: slot, image: image)
  }

  /// Where ``range(of:image:)`` begins; asked for with every piece that is read or written, so without the walk over all
  /// blocks that the length takes.
  func start(of slot: SlotIdentifier, image: Int) -> UInt32 {
    guard layout.strategy != .direct else { return layout[slot, image].lowerBound }
    guard slot != primarySlot else { return layout[.a, image].lowerBound }
    // Of a device that swaps by offset, slot b waits one group further up, slot a at the start.
    let offset = slot == .b ? layout.offset(of: image, on: flash.geometry) : 0
    return layout[.b, image].lowerBound + offset
  }

  /// The longest image that a slot takes, in bytes.
  func capacity(of slot: SlotIdentifier, image: Int) -> UInt32 {
    layout.strategy == .direct
      ? layout[slot, image].size : layout.capacity(of: image, on: flash.geometry)
  }

  /// Whether a record is of as many images as a slot has, and none is too long.
  func fits(_ record: ImageRecord, in slot: SlotIdentifier) -> Bool {
    guard record.count == layout.imageCount else { return false }
    for index in 0..<record.count {
      guard let image = record[image: index], image.size <= capacity(of: slot, image: index) else {
        return false
      }
    }
    return true
  }

  /// The slot whose image is in the primary place, or was before images began to move.
  private var primarySlot: SlotIdentifier {
    switch state.boot.placement {
    case .settled(let slot): slot
    case .moving(let slot, _): slot.other
    }
  }

  /// Whether the image of a slot is where it runs.
  func isInPlace(_ slot: SlotIdentifier) -> Bool {
    layout.strategy == .direct || state.boot.placement == .settled(primary: slot)
  }

  /// Refuses to change anything while images are between two places.
  func requireSettled() throws(StorageError) {
    guard case .settled = state.boot.placement else { throw .slotInUse }
  }

  /// Brings the image of a slot to the primary place; the caller has verified it where it is.
  ///
  /// One record says that it begins, one is committed after each step, and one when it is done; the last step has none of
  /// its own. Where the image in the primary place is overwritten, the first record also says that its slot is empty.
  ///
  /// - Throws: ``StorageError/slotEmpty`` if nothing is recorded for the slot, ``StorageError/journalFull`` if the journal
  ///   has too few numbers left for all steps, and then nothing has changed; ``StorageError/flash(_:)``. After an
  ///   error in the first record nothing has moved; after a later one, or a loss of power, ``finishRelocation()`` goes on.
  mutating func relocate(to slot: SlotIdentifier) throws(StorageError) {
    guard let arriving = state.boot[slot] else { throw .slotEmpty }
    // Nothing begins that the journal has no numbers left to bring to its end.
    let steps = relocation(of: arriving, to: slot).stepCount
    guard journal.remainingNumbers > UInt64(steps) + 64 else { throw .journalFull }
    var next = state
    next.boot.placement = .moving(to: slot, step: 0)
    if !layout.strategy.canRevert { next.boot[slot.other] = nil }
    try commit(next)
    try finishRelocation()
  }

  /// Goes on with bringing an image to the primary place, if that was begun.
  ///
  /// - Throws: ``StorageError/slotEmpty`` if nothing is recorded for the slot, and ``StorageError/imageTooLarge`` if an
  ///   image does not fit its place, which no device with this layout has committed; ``StorageError/flash(_:)``,
  ///   ``StorageError/journalFull``: nothing is lost, and it can be tried again.
  mutating func finishRelocation() throws(StorageError) {
    guard case .moving(let slot, let first) = state.boot.placement else { return }
    guard let arriving = state.boot[slot] else { throw .slotEmpty }
    guard fits(arriving, in: slot), state.boot[slot.other].map({ fits($0, in: slot.other) }) ?? true else {
      throw .imageTooLarge
    }
    let relocation = relocation(of: arriving, to: slot)
    let count = relocation.stepCount
    var number = first
    var pending: UInt32 = 0
    while number < count {
      if let copy = relocation.step(number) {
        if pending == relocation.stepsPerRecord {
          try commit(placement: .moving(to: slot, step: number))
          pending = 0
        }
        try perform(copy)
        pending += 1
      }
      number += 1
    }
    try commit(placement: .settled(primary: slot))
  }

  private func relocation(of arriving: ImageRecord, to slot: SlotIdentifier) -> Relocation {
    Relocation(
      layout: layout, geometry: flash.geometry, target: slot, arriving: arriving,
      leaving: state.boot[slot.other])
  }

  private mutating func commit(placement: Placement) throws(StorageError) {
    var next = state
    next.boot.placement = placement
    try commit(next)
  }

  /// Erases the blocks at the destination and copies bytes there, each read back.
  private mutating func perform(_ copy: BlockCopy) throws(StorageError) {
    do throws(FlashError) {
      try flash.eraseBlocks(at: copy.destination, covering: copy.size)
      try flash.copy(copy)
    } catch {
      throw .flash(error)
    }
  }
}

extension Flash where Self: ~Copyable {
  /// Erases whole blocks, one at a time, from the border of one on until so many bytes are erased.
  fileprivate mutating func eraseBlocks(at start: UInt32, covering size: UInt32) throws(FlashError) {
    let end = start + size
    var position = start
    while position < end {
      guard let block = geometry.eraseBlock(containing: position) else { throw .outOfBounds }
      try erase(block)
      position = block.upperBound
    }
  }

  /// Copies bytes to erased memory, the last unit padded with erased bytes, and reads them back.
  fileprivate mutating func copy(_ copy: BlockCopy) throws(FlashError) {
    let unit = geometry.writeSize
    var buffer = InlineArray<512, UInt8>(repeating: 0)
    var done: UInt32 = 0
    while done < copy.size {
      let count = min(512, copy.size - done)
      var whole = buffer.mutableSpan
      var window = whole.prefix(Int(count))
      try readUnaligned(into: &window, at: copy.source + done)
      let rounded = (count + unit - 1) / unit * unit
      for index in count..<rounded { buffer[Int(index)] = geometry.erasedByte }
      try writeChecked(buffer.span.extracting(0..<Int(rounded)), at: copy.destination + done)
      done += count
    }
  }
}
