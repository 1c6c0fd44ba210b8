public import OTACore

/// Boot control in a redundant environment of U-Boot, with the variables that RAUC and its boot scripts use.
///
/// There are two copies. Each begins with the CRC-32 (little endian) of its data and one byte of flags; then come the
/// data, `name=value` strings that each end with a zero, and one more zero. The copy with a right checksum and the newer
/// flags counts: the higher number, with 0 following on 255. A change is written whole over the other copy, so that the
/// one that counts is never touched. All other variables are kept.
///
/// Only flags that count up are supported, as U-Boot has them on serial flash, NAND and block devices and
/// `libubootenv` has them in files; not those that mark copies as active and obsolete on parallel NOR.
///
/// A boot script boots the first slot of `BOOT_ORDER` with attempts left, and takes one away, also from a confirmed slot:
/// ``confirm(_:)`` is therefore to be called after every good start. Slots that are missing in the variables have the
/// attempts that scripts give them. Works without heap, whatever the size of the environment.
///
/// - Note: Source: U-Boot, `include/env_internal.h` and `env/common.c`; `libubootenv`, `uboot_env.c`; RAUC,
///   `src/bootloaders/uboot.c`.
public struct UBootEnvironment<Device: Flash & ~Copyable>: ~Copyable, BootControl {
  var flash: Device
  /// The erase blocks of both copies.
  let copies: InlineArray<2, Range<UInt32>>
  /// The length of an environment.
  let size: UInt32
  /// Whether what a cut may have left undecided has been decided.
  var isSettled = false
  /// Which variables say what boots.
  public let variables: UBootVariables

  /// Takes a device; nothing is read.
  ///
  /// - Parameters:
  ///   - flash: the device; it is lost if this throws.
  ///   - first: the erase blocks that are for the first copy alone; the copy is at their start.
  ///   - second: those of the second copy.
  ///   - size: the length of an environment with checksum and flags, `CONFIG_ENV_SIZE`.
  ///   - variables: which variables say what boots.
  /// - Throws: ``StorageError/layout(_:)`` with ``LayoutError/invalidGeometry`` for a unit of writing of 1 byte that cannot
  ///   be written twice (an erase that lost its power could then change the flags alone, which no checksum covers);
  ///   ``LayoutError/tooSmall`` if a range is empty, has fewer than `size` bytes,
  ///   or `size` is below 64; ``LayoutError/outOfBounds``, ``LayoutError/notAligned`` also for a size that is not a
  ///   multiple of the unit of writing; ``LayoutError/overlap``.
  /// - Precondition: no two variables and no two slots have the same name; 1 to 9 attempts.
  public init(
    _ flash: consuming Device, first: Range<UInt32>, second: Range<UInt32>, size: UInt32,
    variables: UBootVariables = UBootVariables()
  ) throws(StorageError) {
    precondition(variables.areValid, "names differ, and there are 1 to 9 attempts")
    guard flash.geometry.writeSize > 1 || flash.geometry.isMultiwrite else {
      throw .layout(.invalidGeometry)
    }
    do throws(LayoutError) {
      try flash.geometry.checkPartition(first)
      try flash.geometry.checkPartition(second)
    } catch {
      throw .layout(error)
    }
    guard !first.overlaps(second) else { throw .layout(.overlap) }
    guard size >= 64, size <= first.size, size <= second.size else { throw .layout(.tooSmall) }
    guard size % flash.geometry.writeSize == 0 else { throw .layout(.notAligned) }
    self.flash = flash
    copies = [first, second]
    self.size = size
    self.variables = variables
  }

  /// Gives the device back.
  ///
  /// - Returns: the device, with everything committed.
  public consuming func closed() -> Device { flash }

  // MARK: Boot control

  /// What one decimal and hexadecimal digit can say: scripts and programs do not agree on the base.
  public var maximumAttempts: UInt8 { 9 }

  /// What the variables say.
  ///
  /// The first call after a start reads both copies repeatedly. If a cut has left one that does not always read the
  /// same, it is erased, so that what is returned stays true.
  ///
  /// - Returns: `nil` also if the order begins with something that is neither slot.
  /// - Throws: ``StorageError/record(_:)`` if the copy that counts does not end, kind `ParseError.Kind.truncated`, or a
  ///   variable of booting has more than 128 characters, kind `ParseError.Kind.limitExceeded`;
  ///   ``StorageError/flash(_:)`` if no copy is valid and the device failed to read one.
  public mutating func selection() throws(StorageError) -> BootSelection? {
    try settle()
    return try counting()?.settings.selection(variables)
  }

  /// Puts a slot in front of the order; one new copy.
  ///
  /// The slot that was selected gets all its attempts, so that it is there to go back to.
  ///
  /// - Throws: ``StorageError/slotInUse``; ``StorageError/journalEmpty`` if no copy is valid: U-Boot then uses variables
  ///   that are built into it, and a new environment without them would not boot; ``StorageError/record(_:)`` as
  ///   ``selection()``, and kind `ParseError.Kind.capacityExceeded` if the environment or the order is full;
  ///   ``StorageError/flash(_:)``.
  public mutating func requestTrial(of slot: SlotIdentifier, attempts: UInt8) throws(StorageError) {
    precondition(attempts > 0, "an image on trial needs an attempt")
    try settle()
    guard var copy = try counting() else { throw .journalEmpty }
    switch copy.settings.selection(variables) {
    case .trial: throw .slotInUse
    case .confirmed(let selected):
      guard selected != slot else { throw .slotInUse }
      copy.settings[selected] = variables.defaultAttempts
    case nil: break
    }
    guard copy.settings.move(variables.name(of: slot), toFront: true) else {
      throw .record(ParseError(.capacityExceeded, at: 0))
    }
    copy.settings[slot] = min(attempts, maximumAttempts)
    copy.settings.trial = slot
    try commit(copy)
  }

  /// Gives a slot all its attempts, and ends its trial; one new copy, or none if nothing changes.
  ///
  /// - Throws: ``StorageError/notOnTrial`` if the slot is neither selected nor first in the order, or the other one is on
  ///   trial; ``StorageError/journalEmpty``; ``StorageError/record(_:)``; ``StorageError/flash(_:)``.
  public mutating func confirm(_ slot: SlotIdentifier) throws(StorageError) {
    try settle()
    guard var copy = try counting() else { throw .journalEmpty }
    switch copy.settings.selection(variables) {
    case .trial(let selected, _):
      guard selected == slot else { throw .notOnTrial }
    case .confirmed(let selected):
      // The last attempt of a confirmed slot is as good as any.
      guard selected == slot || copy.settings.leads(variables.name(of: slot)) else { throw .notOnTrial }
      if copy.settings[slot] == variables.defaultAttempts { return }
    case nil:
      guard copy.settings.leads(variables.name(of: slot)) else { throw .notOnTrial }
    }
    copy.settings[slot] = variables.defaultAttempts
    copy.settings.trial = nil
    try commit(copy)
  }

  /// Takes the slot on trial out of the order; one new copy.
  ///
  /// There is no place for the cause.
  ///
  /// - Throws: ``StorageError/notOnTrial``; ``StorageError/slotEmpty`` if the order names nothing else;
  ///   ``StorageError/journalEmpty``; ``StorageError/record(_:)``; ``StorageError/flash(_:)``.
  public mutating func revert(_ cause: ErrorCode) throws(StorageError) {
    try settle()
    guard var copy = try counting() else { throw .journalEmpty }
    guard case .trial(let slot, _) = copy.settings.selection(variables) else { throw .notOnTrial }
    let name = variables.name(of: slot)
    guard copy.settings.hasOther(than: name), copy.settings.move(name, toFront: false) else {
      throw .slotEmpty
    }
    copy.settings[slot] = 0
    copy.settings.trial = nil
    if copy.settings[slot.other] == 0 { copy.settings[slot.other] = variables.defaultAttempts }
    try commit(copy)
  }
}
