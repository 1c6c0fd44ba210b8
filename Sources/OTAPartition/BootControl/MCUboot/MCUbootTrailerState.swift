/// What the trailer of one slot says.
///
/// - Note: Source: MCUboot, `struct boot_swap_state` and `boot_read_swap_state`.
public struct MCUbootTrailerState: Equatable, Sendable {
  /// What stands where the magic number must stand.
  public enum Magic: UInt8, Sendable {
    /// The magic number: all of its 16 bytes.
    case good
    /// Something else, as after a write that lost its power, or with another alignment.
    case bad
    /// Erased.
    case unset
  }

  /// What stands where a flag must stand.
  public enum Flag: UInt8, Sendable {
    /// 1.
    case set
    /// Something else, as after a write that lost its power.
    case bad
    /// Erased.
    case unset
  }

  /// Whether there is a trailer.
  public var magic: Magic
  /// The swap type as it was written down; ``MCUbootSwapType/none`` if none was, or it has no meaning.
  ///
  /// For the boot loader, which resumes a swap by it. What it does next is not decided by this field but by
  /// ``MCUbootSwapType/next(primary:secondary:usesOffset:)``.
  public var swapType: MCUbootSwapType
  /// The number of the image; 0 without a swap type.
  public var imageNumber: UInt8
  /// Whether a swap to this slot is complete, or the image was chosen in place.
  public var copyDone: Flag
  /// Whether the image is confirmed.
  public var imageOK: Flag

  /// Makes a state from its parts.
  public init(
    magic: Magic, swapType: MCUbootSwapType = .none, imageNumber: UInt8 = 0, copyDone: Flag = .unset,
    imageOK: Flag = .unset
  ) {
    self.magic = magic
    self.swapType = swapType
    self.imageNumber = imageNumber
    self.copyDone = copyDone
    self.imageOK = imageOK
  }

  /// Reads a trailer.
  ///
  /// - Parameters:
  ///   - flash: the device; it is only read.
  ///   - layout: where the fields are.
  /// - Throws: what the device throws.
  public init<Device: Flash & ~Copyable>(
    reading flash: inout Device, _ layout: MCUbootTrailerLayout
  ) throws(FlashError) {
    let erased = flash.geometry.erasedByte
    var bytes = InlineArray<128, UInt8>(repeating: 0)
    var whole = bytes.mutableSpan
    var window = whole.prefix(Int(layout.fields.size))
    try flash.read(into: &window, at: layout.swapInfo)

    let expected = layout.magicBytes
    let start = Int(layout.magic - layout.swapInfo)
    var isGood = true
    var isErased = true
    for index in 0..<16 {
      if bytes[start + index] != expected[index] { isGood = false }
      if bytes[start + index] != erased { isErased = false }
    }
    magic = isErased ? .unset : isGood ? .good : .bad
    let info = bytes[0]
    let type = MCUbootSwapType(rawValue: info & 0xf) ?? .none
    swapType = info == erased ? .none : type
    imageNumber = swapType == .none ? 0 : info >> 4
    copyDone = Flag(bytes[Int(layout.copyDone - layout.swapInfo)], erased: erased)
    imageOK = Flag(bytes[Int(layout.imageOK - layout.swapInfo)], erased: erased)
  }
}

extension MCUbootTrailerState.Flag {
  init(_ byte: UInt8, erased: UInt8) { self = byte == erased ? .unset : byte == 1 ? .set : .bad }
}

/// What the boot loader does at the next start.
///
/// - Note: Source: MCUboot, `BOOT_SWAP_TYPE_*`.
public enum MCUbootSwapType: UInt8, Sendable {
  /// It boots what is in the primary slot.
  case none = 1
  /// It swaps the slots, and back again at the start after that, unless the image is confirmed.
  case test = 2
  /// It swaps the slots for good.
  case permanent = 3
  /// It swaps the slots back, because the image was not confirmed.
  case revert = 4

  /// Decides as the boot loader does, from both trailers; the first rule that fits counts.
  ///
  /// | primary slot | secondary slot | result |
  /// |---|---|---|
  /// | – | magic good, copy done set, image ok unset; with `usesOffset` only | ``revert`` |
  /// | – | magic good, image ok unset | ``test`` |
  /// | – | magic good, image ok set | ``permanent`` |
  /// | magic good, copy done set, image ok unset | – | ``revert`` |
  /// | anything else | | ``none`` |
  ///
  /// The last rule but one does not look at the magic number of the secondary slot. It did once: a device whose revert was
  /// interrupted while that was written never booted again (MCUboot, issue 1966).
  ///
  /// - Parameters:
  ///   - primary: the trailer of the primary slot.
  ///   - secondary: the trailer of the secondary slot.
  ///   - usesOffset: whether the boot loader swaps with `MCUBOOT_SWAP_USING_OFFSET`.
  /// - Returns: what it does, if the image in the secondary slot verifies.
  /// - Note: Source: MCUboot, docs/design.md, "New swaps (non-resumes)".
  public static func next(
    primary: MCUbootTrailerState, secondary: MCUbootTrailerState, usesOffset: Bool = false
  ) -> MCUbootSwapType {
    if secondary.magic == .good {
      switch secondary.imageOK {
      case .unset: return usesOffset && secondary.copyDone == .set ? .revert : .test
      case .set: return .permanent
      case .bad: break
      }
    }
    let isOnTrial = primary.magic == .good && primary.copyDone == .set && primary.imageOK == .unset
    return isOnTrial ? .revert : .none
  }
}
