public import OTACore

/// Boot control in the layout of MCUboot: a trailer at the end of each of two slots.
///
/// Slots are places here, not images: slot a is the primary slot and slot b the secondary one, whatever is in them.
///
/// **Swapping** (``Mode/swap``, ``Mode/swapUsingOffset``): slot a runs, always. An update is written to slot b and
/// requested there: `trial(b, 1)`. At the next start the boot loader swaps, and slot a is on trial: `trial(a, 0)`, with
/// the image before in slot b. Confirmed, it is `confirmed(a)`; else it is swapped back.
///
/// **Overwriting** (``Mode/overwriteOnly``): the same until the start, which copies slot b over slot a. Then it is
/// `confirmed(a)`: there is no image to go back to, and ``revert(_:)`` works before that start only.
///
/// **In place** (``Mode/directXIP``, `MCUBOOT_DIRECT_XIP_REVERT`): the slot with the higher version runs, if its trailer
/// is good, and is erased by the boot loader if it was not confirmed the last time. Erase a slot *with its trailer*
/// before an image is written to it: an image over the trailer of another one is believed to be confirmed.
///
/// ## What power loss leaves
/// A request is: erase the erase blocks of the trailer, swap info, and last the magic number, which alone makes the
/// trailer count. A confirmation is one write of image ok. A magic number that was half written counts as none.
///
/// What does not always read the same is decided at the first call after the next start: a request is withdrawn, its
/// trailer erased. A confirmation is completed where the memory can be written again. If the flag does not take that, the
/// magic number of the slot is written over, since the boot loader never goes back from a bad one; in place, the trailer is
/// erased and the image before boots. Memory that is written once leaves the slot on trial, and ``confirm(_:)`` throws
/// ``StorageError/flash(_:)`` with ``FlashError/notErased``, until the boot loader has read the flag one way or the other.
///
/// The order is not that of MCUboot's own `boot_set_pending`, which writes the magic number first.
///
/// - Note: Source: MCUboot, `bootutil_public.c`, `loader.c`, docs/design.md; project decision, Docs/BootControl.md.
public struct MCUbootTrailer<Device: Flash & ~Copyable>: ~Copyable, BootControl {
  /// How the boot loader was built.
  public enum Mode: UInt8, Sendable {
    /// `MCUBOOT_SWAP_USING_SCRATCH` or `MCUBOOT_SWAP_USING_MOVE`.
    case swap
    /// `MCUBOOT_SWAP_USING_OFFSET`: an update begins at the second erase block of the secondary slot.
    case swapUsingOffset
    /// `MCUBOOT_OVERWRITE_ONLY`.
    case overwriteOnly
    /// `MCUBOOT_DIRECT_XIP` with `MCUBOOT_DIRECT_XIP_REVERT`.
    case directXIP
  }

  var flash: Device
  let primary: MCUbootTrailerLayout
  let secondary: MCUbootTrailerLayout
  let mode: Mode
  let imageNumber: UInt8
  let comparesBuildNumbers: Bool
  /// Whether what a cut may have left undecided has been decided.
  var isSettled = false
  /// Whether image ok of the primary slot may read as erased at the next start, or not, and cannot be mended.
  var isUndecided = false

  /// Takes a device; nothing is read.
  ///
  /// - Parameters:
  ///   - flash: the device that has both slots; it is lost if this throws.
  ///   - primary: the primary slot, whole erase blocks.
  ///   - secondary: the secondary slot, whole erase blocks.
  ///   - mode: how the boot loader was built.
  ///   - maximumAlignment: `BOOT_MAX_ALIGN` of the boot loader: 8, 16 or 32.
  ///   - imageNumber: which image the slots are for, where there are several, 0 to 15.
  ///   - comparesBuildNumbers: `MCUBOOT_VERSION_CMP_USE_BUILD_NUMBER` of the boot loader; for ``Mode/directXIP`` only.
  /// - Throws: ``StorageError/layout(_:)`` with what ``MCUbootTrailerLayout`` throws, ``LayoutError/overlap``, or
  ///   ``LayoutError/missingPartition`` for a number above 15.
  public init(
    _ flash: consuming Device, primary: Range<UInt32>, secondary: Range<UInt32>, mode: Mode,
    maximumAlignment: UInt32 = 8, imageNumber: UInt8 = 0, comparesBuildNumbers: Bool = false
  ) throws(StorageError) {
    let layouts = try Self.layouts(
      primary, secondary, maximumAlignment: maximumAlignment, imageNumber: imageNumber, on: flash.geometry)
    self.primary = layouts.primary
    self.secondary = layouts.secondary
    self.flash = flash
    self.mode = mode
    self.imageNumber = imageNumber
    self.comparesBuildNumbers = comparesBuildNumbers
  }

  private static func layouts(
    _ primary: Range<UInt32>, _ secondary: Range<UInt32>, maximumAlignment: UInt32, imageNumber: UInt8,
    on geometry: FlashGeometry
  ) throws(StorageError) -> (primary: MCUbootTrailerLayout, secondary: MCUbootTrailerLayout) {
    do throws(LayoutError) {
      let first = try MCUbootTrailerLayout(slot: primary, maximumAlignment: maximumAlignment, on: geometry)
      let second = try MCUbootTrailerLayout(
        slot: secondary, maximumAlignment: maximumAlignment, on: geometry)
      guard !primary.overlaps(secondary) else { throw .overlap }
      guard imageNumber < 16 else { throw .missingPartition }
      return (first, second)
    } catch {
      throw .layout(error)
    }
  }

  /// Gives the device back.
  ///
  /// - Returns: the device, with everything committed.
  public consuming func closed() -> Device { flash }

  // MARK: Boot control

  /// The boot loader boots an image once before it goes back.
  public var maximumAttempts: UInt8 { 1 }

  /// What the boot loader decides from the trailers at the next start.
  ///
  /// The first call after a start reads them repeatedly. A trailer that a cut has left undecided is erased, and a flag
  /// written again, so that what is returned stays true.
  ///
  /// - Returns: `nil` only with ``Mode/directXIP``, if neither slot has an image with a trailer that counts.
  public mutating func selection() throws(StorageError) -> BootSelection? {
    try settle()
    if mode == .directXIP { return try selectionInPlace() }
    let primary = try state(self.primary)
    // The boot loader takes a secondary slot that it cannot read for an empty one.
    let secondary = try? state(self.secondary)
    let type = MCUbootSwapType.next(
      primary: primary, secondary: secondary ?? MCUbootTrailerState(magic: .unset),
      usesOffset: mode == .swapUsingOffset)
    switch type {
    case .test: return .trial(.b, attemptsLeft: 1)
    case .permanent: return .confirmed(.b)
    case .revert: return .trial(.a, attemptsLeft: 0)
    case .none: return isUndecided ? .trial(.a, attemptsLeft: 0) : .confirmed(.a)
    }
  }

  /// Requests what is in a slot, as `boot_set_pending(0)`: one erase of the trailer, one or two writes.
  ///
  /// - Parameters:
  ///   - slot: where the image is; while slots are swapped or overwritten that is slot b.
  ///   - attempts: not used, the layout has one.
  /// - Throws: ``StorageError/slotInUse`` if the slot is selected already, or something is on trial or requested;
  ///   ``StorageError/slotEmpty`` if it does not begin with an image of MCUboot; ``StorageError/imageTooLarge`` if the
  ///   image runs into the erase blocks of the trailer; ``StorageError/sequenceNumberReplayed`` with ``Mode/directXIP``
  ///   if its version is not above the one that is selected, since it would not be booted; ``StorageError/flash(_:)``.
  public mutating func requestTrial(of slot: SlotIdentifier, attempts: UInt8) throws(StorageError) {
    precondition(attempts > 0, "an image on trial needs an attempt")
    try request(slot, isPermanent: false)
  }

  /// Requests what is in a slot for good, as `boot_set_pending(1)`: it is confirmed before it has run.
  ///
  /// For images that cannot confirm themselves. One erase of the trailer and up to three writes; the magic number is last,
  /// so that no cut makes a trial of it.
  ///
  /// - Parameter slot: where the image is.
  /// - Throws: as ``requestTrial(of:attempts:)``.
  public mutating func requestPermanently(_ slot: SlotIdentifier) throws(StorageError) {
    try request(slot, isPermanent: true)
  }

  /// Confirms what runs, as `boot_set_confirmed`: one write of image ok, nothing if it is there.
  ///
  /// A trailer without a good magic number needs no confirmation: the boot loader does not go back from it.
  ///
  /// - Parameter slot: the one that runs; while slots are swapped or overwritten that is slot a.
  /// - Throws: ``StorageError/notOnTrial`` if the slot is not selected; ``StorageError/flash(_:)``.
  public mutating func confirm(_ slot: SlotIdentifier) throws(StorageError) {
    guard let selection = try selection(), selection.slot == slot, mode == .directXIP || slot == .a else {
      throw .notOnTrial
    }
    let layout = layout(of: slot)
    let state = try state(layout)
    // Without a good one the boot loader never goes back.
    guard state.magic == .good else { return }
    guard !isUndecided else { throw .flash(.notErased) }
    guard state.imageOK == .unset else { return }
    try changing { (control) throws(FlashError) in try control.writeFlag(at: layout.imageOK) }
    let found = try flag(at: layout.imageOK)
    guard mode == .directXIP ? found.isSet : !found.mayBeUnset else {
      isSettled = false
      throw .flash(.deviceFailure)
    }
  }

  /// Gives a trial up.
  ///
  /// What was requested and has not been booted is withdrawn: one erase of the trailer. What runs on trial needs nothing
  /// written: it is not confirmed, and the next start goes back; until then the selection stays as it is.
  ///
  /// The layout has no place for the cause.
  ///
  /// - Throws: ``StorageError/notOnTrial``; ``StorageError/slotEmpty`` if there is no image to go back to;
  ///   ``StorageError/flash(_:)``.
  public mutating func revert(_ cause: ErrorCode) throws(StorageError) {
    guard case .trial(let slot, let attemptsLeft) = try selection() else { throw .notOnTrial }
    if mode == .directXIP {
      guard try canBoot(slot.other) else { throw .slotEmpty }
    }
    let layout = layout(of: slot)
    if attemptsLeft > 0 {
      try changing { (control) throws(FlashError) in try control.flash.erase(layout.blocks) }
    } else if mode != .directXIP {
      _ = try image(in: .b, isUpdate: false)
    }
  }
}
