import OTACore

extension MCUbootTrailer where Device: ~Copyable {
  func layout(of slot: SlotIdentifier) -> MCUbootTrailerLayout {
    switch slot {
    case .a: primary
    case .b: secondary
    }
  }

  mutating func state(_ layout: MCUbootTrailerLayout) throws(StorageError) -> MCUbootTrailerState {
    do throws(FlashError) {
      return try MCUbootTrailerState(reading: &flash, layout)
    } catch {
      throw .flash(error)
    }
  }

  // The image in a slot, which must end before the erase blocks of the trailer; an update, or what was swapped out.
  mutating func image(
    in slot: SlotIdentifier, isUpdate: Bool = true
  ) throws(StorageError) -> MCUbootContainer {
    let layout = layout(of: slot)
    var start = layout.slot.lowerBound
    if isUpdate, mode == .swapUsingOffset, slot == .b,
      let block = flash.geometry.eraseBlock(containing: start)
    {
      start = block.upperBound
    }
    guard start < layout.blocks.lowerBound else { throw .imageTooLarge }
    do throws(MCUbootError) {
      return try MCUbootContainer(reading: &flash, in: start..<layout.blocks.lowerBound)
    } catch {
      switch error {
      case .flash(let failure): throw .flash(failure)
      case .outOfSlot: throw .imageTooLarge
      default: throw .slotEmpty
      }
    }
  }

  mutating func request(_ slot: SlotIdentifier, isPermanent: Bool) throws(StorageError) {
    let selection = try selection()
    if case .trial = selection { throw .slotInUse }
    guard selection?.slot != slot, mode == .directXIP || (slot == .b && selection?.slot == .a) else {
      throw .slotInUse
    }
    let image = try image(in: slot)
    if mode == .directXIP, let selected = selection?.slot, let version = try version(in: selected),
      !isBooted(image.header.version, rather: version, than: selected)
    {
      throw .sequenceNumberReplayed
    }
    let layout = layout(of: slot)
    let type = isPermanent ? MCUbootSwapType.permanent : .test
    let info = type.rawValue | imageNumber << 4
    try changing { (control) throws(FlashError) in
      // Also if it reads as erased: that may be the work of an erase that lost its power.
      try control.flash.erase(layout.blocks)
      if isPermanent { try control.write(1, at: layout.imageOK) }
      // The boot loader that boots in place has nothing to resume.
      if control.mode != .directXIP { try control.write(info, at: layout.swapInfo) }
      try control.writeMagic(layout)
    }
  }

  /// Carries out writes; if one fails, the next call looks again at what is there.
  mutating func changing(
    _ body: (inout MCUbootTrailer<Device>) throws(FlashError) -> Void
  ) throws(StorageError) {
    isSettled = false
    do throws(FlashError) {
      try body(&self)
    } catch {
      throw .flash(error)
    }
    isSettled = true
  }

  /// Writes a field of one byte, with the rest of its unit erased.
  mutating func write(_ byte: UInt8, at offset: UInt32) throws(FlashError) {
    var unit = InlineArray<32, UInt8>(repeating: flash.geometry.erasedByte)
    unit[0] = byte
    try flash.writeChecked(unit.span.extracting(0..<Int(flash.geometry.writeSize)), at: offset)
  }

  private mutating func writeMagic(_ layout: MCUbootTrailerLayout) throws(FlashError) {
    var units = InlineArray<32, UInt8>(repeating: flash.geometry.erasedByte)
    let bytes = layout.magicBytes
    for index in 0..<16 { units[16 + index] = bytes[index] }
    let count = max(16, Int(flash.geometry.writeSize))
    try flash.writeChecked(
      units.span.extracting(32 - count..<32), at: layout.slot.upperBound - UInt32(count))
  }

  /// Writes over the magic number, on memory where that can be done, so that it is bad for sure.
  private mutating func voidMagic(_ layout: MCUbootTrailerLayout) throws(FlashError) {
    let units = InlineArray<32, UInt8>(repeating: ~flash.geometry.erasedByte)
    let count = max(16, Int(flash.geometry.writeSize))
    try flash.write(units.span.extracting(0..<count), at: layout.slot.upperBound - UInt32(count))
  }

  // MARK: After a cut

  /// Decides what the last cut has left undecided, once after a start.
  ///
  /// A request that never returned is withdrawn. A confirmation that never returned is completed, or withdrawn where the
  /// boot loader would otherwise decide anew at each start.
  mutating func settle() throws(StorageError) {
    guard !isSettled else { return }
    isUndecided = false
    if mode == .directXIP {
      try settleInPlace(.b)
      try settleInPlace(.a)
    } else {
      try settleSecondary()
      try settlePrimary()
    }
    isSettled = true
  }

  private mutating func isMagicSteady(_ layout: MCUbootTrailerLayout) throws(StorageError) -> Bool {
    // With the padding before it, so that it begins at a unit of reading.
    try flash.isSteady(layout.imageOK + layout.maximumAlignment..<layout.slot.upperBound)
  }

  private mutating func settleSecondary() throws(StorageError) {
    if try isMagicSteady(secondary) {
      // A secondary slot that cannot be read is empty to the boot loader.
      guard (try? state(secondary))?.magic == .good, try !flag(at: secondary.imageOK).isSteady else { return }
    }
    try withdraw(.b)
  }

  /// A swapping boot loader goes back if the magic number is good and it reads the flag as erased, and only then.
  ///
  /// The trailer cannot be erased here: with half of it gone, the progress of the last swap would be resumed. So where a
  /// flag cannot be written once more, the magic number is written over: a bad one never goes back.
  private mutating func settlePrimary() throws(StorageError) {
    let isSteady = try isMagicSteady(primary)
    if isSteady { guard try state(primary).magic == .good else { return } }
    var found = try flag(at: primary.imageOK)
    guard found.mayBeUnset, !isSteady || !found.isSteady else { return }
    guard flash.geometry.isMultiwrite else {
      isUndecided = true
      return
    }
    if isSteady {
      try changing { (control) throws(FlashError) in try control.writeFlag(at: control.primary.imageOK) }
      found = try flag(at: primary.imageOK)
    }
    guard found.mayBeUnset else { return }
    try changing { (control) throws(FlashError) in try control.voidMagic(control.primary) }
  }

  /// In place, a flag must always read 1 to count.
  private mutating func settleInPlace(_ slot: SlotIdentifier) throws(StorageError) {
    let layout = layout(of: slot)
    if try isMagicSteady(layout) {
      guard try state(layout).magic == .good else { return }
      var found = try flag(at: layout.imageOK)
      if found.isSteady { return }
      if flash.geometry.isMultiwrite {
        try changing { (control) throws(FlashError) in try control.writeFlag(at: layout.imageOK) }
        found = try flag(at: layout.imageOK)
        if found.isSteady { return }
      }
    }
    try withdraw(slot)
  }

  /// Erases a trailer by which the boot loader would decide anew at each start, if what is left can boot.
  private mutating func withdraw(_ slot: SlotIdentifier) throws(StorageError) {
    if mode == .directXIP { guard try canBoot(slot.other) else { return } }
    // An image that somebody else has put there and that reaches so far is not ours to cut off.
    do throws(StorageError) {
      _ = try image(in: slot)
    } catch {
      guard error != .imageTooLarge else { return }
    }
    let blocks = layout(of: slot).blocks
    try changing { (control) throws(FlashError) in try control.flash.erase(blocks) }
  }

  // MARK: Flags

  /// Writes 1 over whatever a flag holds; on memory that is written once, an error unless it is erased.
  mutating func writeFlag(at offset: UInt32) throws(FlashError) {
    var unit = InlineArray<32, UInt8>(repeating: flash.geometry.erasedByte)
    unit[0] = 1
    try flash.write(unit.span.extracting(0..<Int(flash.geometry.writeSize)), at: offset)
  }

  /// What a flag reads, as far as 24 readings tell.
  mutating func flag(at offset: UInt32) throws(StorageError) -> MCUbootFlagReadings {
    let erased = flash.geometry.erasedByte
    var unit = InlineArray<32, UInt8>(repeating: 0)
    var found = MCUbootFlagReadings()
    for _ in 0..<24 {
      do throws(FlashError) {
        var whole = unit.mutableSpan
        var window = whole.prefix(Int(flash.geometry.readSize))
        try flash.read(into: &window, at: offset)
        found.add(unit[0], erased: erased)
      } catch {
        guard error != .powerLost else { throw .flash(error) }
        found.addFailure()
      }
    }
    return found
  }
}

/// What a flag was seen with.
struct MCUbootFlagReadings {
  private var first: UInt8?
  private var varies = false
  private var flag = MCUbootTrailerState.Flag.bad

  /// Whether it is always set, or always unset.
  var isSteady: Bool { !varies && flag != .bad }
  /// Whether it is always set.
  var isSet: Bool { !varies && flag == .set }
  /// Whether it may read as erased: what varies may read as anything.
  var mayBeUnset: Bool { varies || flag == .unset }

  mutating func add(_ byte: UInt8, erased: UInt8) {
    if let first, first != byte { varies = true }
    first = byte
    flag = MCUbootTrailerState.Flag(byte, erased: erased)
  }

  mutating func addFailure() { varies = true }
}
