import OTACore

/// Booting in place: the slot with the higher version, if its trailer is good.
extension MCUbootTrailer where Device: ~Copyable {
  /// What the boot loader finds at the next start; it erases what it refuses and looks at the other slot.
  mutating func selectionInPlace() throws(StorageError) -> BootSelection? {
    let first = try version(in: .a)
    let second = try version(in: .b)
    var slot: SlotIdentifier
    if let first, let second {
      slot = isBooted(second, rather: first, than: .a) ? .b : .a
    } else if first != nil {
      slot = .a
    } else if second != nil {
      slot = .b
    } else {
      return nil
    }
    var state = try state(layout(of: slot))
    if state.magic != .good {
      slot = slot.other
      guard try version(in: slot) != nil else { return nil }
      state = try self.state(layout(of: slot))
      guard state.magic == .good else { return nil }
    }
    if state.imageOK == .set { return .confirmed(slot) }
    // Once chosen, an image that is not confirmed is erased at the next start.
    return .trial(slot, attemptsLeft: state.copyDone == .set ? 0 : 1)
  }

  /// Whether the boot loader would go on with what is in a slot, as far as header and trailer tell.
  mutating func canBoot(_ slot: SlotIdentifier) throws(StorageError) -> Bool {
    guard try version(in: slot) != nil else { return false }
    let state = try state(layout(of: slot))
    return state.magic == .good && (state.imageOK == .set || state.copyDone != .set)
  }

  /// Whether the boot loader prefers a version in the other slot; of equal ones it takes the primary slot.
  func isBooted(_ version: MCUbootVersion, rather other: MCUbootVersion, than slot: SlotIdentifier) -> Bool {
    var version = version
    var other = other
    if !comparesBuildNumbers {
      version.build = 0
      other.build = 0
    }
    return slot == .a ? version > other : version >= other
  }

  /// The version in the header of a slot; `nil` if there is no image.
  mutating func version(in slot: SlotIdentifier) throws(StorageError) -> MCUbootVersion? {
    var bytes = InlineArray<32, UInt8>(repeating: 0)
    do throws(FlashError) {
      var window = bytes.mutableSpan
      try flash.read(into: &window, at: layout(of: slot).slot.lowerBound)
    } catch {
      throw .flash(error)
    }
    do throws(MCUbootError) {
      return try MCUbootHeader(parsing: bytes.span).version
    } catch {
      return nil
    }
  }
}
