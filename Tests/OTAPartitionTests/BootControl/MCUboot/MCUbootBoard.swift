import OTACore
import OTAFlashSimulator
import OTAPartition
import Testing

/// A small device under MCUboot, and its adapter as an agent sees it that tells images apart.
struct MCUbootBoard: Sendable, CustomTestStringConvertible {
  var mode: MCUbootModel.Mode
  var writeSize: UInt32
  var alignment: UInt32
  var erasedByte: UInt8 = 0xff
  var isMultiwrite = true

  var testDescription: String {
    "\(mode), units of \(writeSize), alignment \(alignment), erased \(erasedByte)"
      + (isMultiwrite ? "" : ", written once")
  }

  static let primary: Range<UInt32> = 0x200..<0x800
  static let secondary: Range<UInt32> = 0x800..<0xe00

  func model() throws -> MCUbootModel {
    let geometry = try FlashGeometry(
      eraseBlockSize: 0x200, blockCount: 8, writeSize: writeSize,
      readSize: writeSize == alignment ? writeSize : 1, erasedByte: erasedByte, isMultiwrite: isMultiwrite)
    return MCUbootModel(
      mode: mode, geometry: geometry, alignment: alignment, primary: Self.primary, secondary: Self.secondary)
  }

  /// The old image, confirmed, in the primary slot; where slots are swapped, the new one is in the other.
  func start(_ model: MCUbootModel) -> SimulatedFlash {
    var flash = SimulatedFlash(model.geometry)
    var bytes = [UInt8](repeating: erasedByte, count: Int(model.geometry.capacity))
    let first = model.slot(
      Self.primary, image: MCUbootModel.image(1), hasMagic: true, copyDone: 1, imageOK: 1)
    let second = model.slot(
      Self.secondary, image: MCUbootModel.image(2), at: mode == .swapUsingOffset ? 0x200 : 0, hasMagic: false)
    bytes.replaceSubrange(0x200..<0x800, with: first)
    bytes.replaceSubrange(0x800..<0xe00, with: second)
    flash.setContents(bytes)
    return flash
  }

  func open(_ device: SharedFlash) throws(StorageError) -> MCUbootTrailer<SharedFlash> {
    try MCUbootTrailer(
      device, primary: Self.primary, secondary: Self.secondary, mode: mode, maximumAlignment: alignment)
  }
}

/// Boot control by image: slot a is the old image and slot b the new one, wherever they are.
///
/// The scenario that all layouts share follows an image; the trailers of MCUboot follow places.
struct ByImage<Control: BootControl & ~Copyable>: ~Copyable, BootControl {
  var control: Control
  let device: SharedFlash
  let model: MCUbootModel

  var maximumAttempts: UInt8 { control.maximumAttempts }

  private var isInPlace: Bool { model.mode == .directXIP }

  /// The place of an image, or the image of a place: the same function.
  private func translated(_ slot: SlotIdentifier) throws(StorageError) -> SlotIdentifier {
    guard !isInPlace, try model.version(in: .a, on: device) == 2 else { return slot }
    return slot.other
  }

  mutating func selection() throws(StorageError) -> BootSelection? {
    switch try control.selection() {
    case .confirmed(let slot): return .confirmed(try translated(slot))
    case .trial(let slot, let attemptsLeft): return .trial(try translated(slot), attemptsLeft: attemptsLeft)
    case nil: return nil
    }
  }

  /// In place, downloads the image first: the boot loader may have erased it, or a cut have torn it.
  mutating func requestTrial(of slot: SlotIdentifier, attempts: UInt8) throws(StorageError) {
    let place = try translated(slot)
    if isInPlace {
      let range = place == .a ? model.primary : model.secondary
      var image = MCUbootModel.image(slot == .a ? 1 : 2)
      let unit = Int(model.geometry.writeSize)
      image += [UInt8](repeating: model.geometry.erasedByte, count: (unit - image.count % unit) % unit)
      do throws(FlashError) {
        try device.erase(range)
        try device.write(image.span, at: range.lowerBound)
      } catch {
        throw .flash(error)
      }
    }
    try control.requestTrial(of: place, attempts: attempts)
  }

  mutating func confirm(_ slot: SlotIdentifier) throws(StorageError) {
    try control.confirm(try translated(slot))
  }

  /// Gives up and restarts, which is when slots are swapped back.
  mutating func revert(_ cause: ErrorCode) throws(StorageError) {
    try control.revert(cause)
    _ = try model.boot(device)
  }
}
