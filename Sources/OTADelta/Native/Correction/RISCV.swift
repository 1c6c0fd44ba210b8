#if !hasFeature(Embedded) || !arch(arm)
/// Addresses in RISC-V instructions, compressed ones included.
///
/// - Note: Source: The RISC-V Instruction Set Manual, Volume I, chapters "RV32I", "RV64I" and "C".
enum RISCV {
  /// How many bytes apart the two halves of an address may be.
  private static var pairReach: UInt32 { 32 }

  /// The field at a place, which is even; pairs of instructions that make one address included.
  @inline(__always)
  static func field(at offset: UInt32, address: UInt32, is64: Bool, in window: OldWindow) -> AddressField {
    let code = window.word(offset)
    guard code & 3 == 3 else { return short(code & 0xffff, address: address, is64: is64) }
    let opcode = code & 0x7f
    if opcode == 0x17 || opcode == 0x37 {
      let upper = code & 0xffff_f000 &+ (opcode == 0x17 ? address : 0)
      guard let low = lowPart(after: offset, register: code >> 7 & 31, in: window) else { return .plain(4) }
      return AddressField(.riscvUpper, length: 4, bits: UInt64(code), target: upper &+ low)
    }
    if hasLowPart(code) { return low(code, at: offset, address: address, in: window) }
    return field(code, address: address)
  }

  /// The field that an instruction holds by itself.
  @inline(__always)
  static func field(_ code: UInt32, address: UInt32) -> AddressField {
    if code & 3 != 3 { return short(code & 0xffff, address: address, is64: false) }
    switch code & 0x7f {
    case 0x6f:
      let value =
        (code >> 31) << 20 | (code >> 12 & 0xff) << 12 | (code >> 20 & 1) << 11 | (code >> 21 & 0x3ff) << 1
      return AddressField(.riscvJump, length: 4, bits: UInt64(code), target: address &+ signed(value, 21))
    case 0x63:
      let value =
        (code >> 31) << 12 | (code >> 7 & 1) << 11 | (code >> 25 & 0x3f) << 5 | (code >> 8 & 15) << 1
      return AddressField(.riscvBranch, length: 4, bits: UInt64(code), target: address &+ signed(value, 13))
    default:
      return .plain(4)
    }
  }

  @inline(__always)
  private static func short(_ code: UInt32, address: UInt32, is64: Bool) -> AddressField {
    guard code & 3 == 1 else { return .plain(2) }
    switch code >> 13 {
    case 1 where !is64, 5:
      let value =
        (code >> 12 & 1) << 11 | (code >> 11 & 1) << 4 | (code >> 9 & 3) << 8 | (code >> 8 & 1) << 10
        | (code >> 7 & 1) << 6 | (code >> 6 & 1) << 7 | (code >> 3 & 7) << 1 | (code >> 2 & 1) << 5
      return AddressField(
        .riscvShortJump, length: 2, bits: UInt64(code), target: address &+ signed(value, 12))
    case 6, 7:
      let value =
        (code >> 12 & 1) << 8 | (code >> 10 & 3) << 3 | (code >> 5 & 3) << 6 | (code >> 3 & 3) << 1
        | (code >> 2 & 1) << 5
      return AddressField(
        .riscvShortBranch, length: 2, bits: UInt64(code), target: address &+ signed(value, 9))
    default:
      return .plain(2)
    }
  }

  /// The bytes of a field at a new place that means a new address, if it can be written.
  static func bits(of field: AddressField, address: UInt32, target: UInt32) -> UInt64? {
    let code = UInt32(truncatingIfNeeded: field.bits)
    let value = target &- address
    switch field.kind {
    case .riscvJump:
      guard signed(value, 21) == value, value & 1 == 0 else { return nil }
      return UInt64(
        code & 0xfff | (value >> 20 & 1) << 31 | (value >> 12 & 0xff) << 12 | (value >> 11 & 1) << 20
          | (value >> 1 & 0x3ff) << 21)
    case .riscvBranch:
      guard signed(value, 13) == value, value & 1 == 0 else { return nil }
      return UInt64(
        code & 0x01ff_f07f | (value >> 12 & 1) << 31 | (value >> 11 & 1) << 7 | (value >> 5 & 0x3f) << 25
          | (value >> 1 & 15) << 8)
    case .riscvShortJump:
      guard signed(value, 12) == value, value & 1 == 0 else { return nil }
      var result = code & 0xe003
      result |= (value >> 11 & 1) << 12 | (value >> 4 & 1) << 11 | (value >> 8 & 3) << 9
      result |= (value >> 10 & 1) << 8 | (value >> 6 & 1) << 7 | (value >> 7 & 1) << 6
      result |= (value >> 1 & 7) << 3 | (value >> 5 & 1) << 2
      return UInt64(result)
    case .riscvShortBranch:
      guard signed(value, 9) == value, value & 1 == 0 else { return nil }
      var result = code & 0xe383
      result |= (value >> 8 & 1) << 12 | (value >> 3 & 3) << 10 | (value >> 6 & 3) << 5
      result |= (value >> 1 & 3) << 3 | (value >> 5 & 1) << 2
      return UInt64(result)
    case .riscvUpper:
      let base = code & 0x7f == 0x17 ? value : target
      return UInt64(code & 0xfff | (base &+ 0x800) & 0xffff_f000)
    case .riscvLow:
      let low = field.pairDistance == 0 ? target : value &+ field.pairDistance
      if isStore(code) {
        return UInt64(code & 0x01ff_f07f | (low >> 5 & 0x7f) << 25 | (low & 31) << 7)
      }
      return UInt64(code & 0x000f_ffff | (low & 0xfff) << 20)
    default:
      return nil
    }
  }

  @inline(__always)
  private static func signed(_ value: UInt32, _ width: UInt32) -> UInt32 {
    UInt32(bitPattern: Int32(bitPattern: value << (32 - width)) >> Int32(32 - width))
  }

  /// ADDI, JALR, loads, stores, and those of floating point.
  @inline(__always)
  private static func hasLowPart(_ code: UInt32) -> Bool {
    switch code & 0x7f {
    case 0x03, 0x07, 0x23, 0x27, 0x67: true
    case 0x13: code & 0x7000 == 0
    default: false
    }
  }

  private static func lowImmediate(_ code: UInt32) -> UInt32 {
    isStore(code) ? signed((code >> 25) << 5 | code >> 7 & 31, 12) : signed(code >> 20, 12)
  }

  /// Stores, those of floating point included, have their low part in two pieces.
  @inline(__always)
  private static func isStore(_ code: UInt32) -> Bool { code & 0x7b == 0x23 }

  private static func lowPart(after offset: UInt32, register: UInt32, in window: OldWindow) -> UInt32? {
    var distance: UInt32 = 4
    while distance < pairReach {
      let code = window.word(offset &+ distance)
      if code & 3 != 3 {
        distance += 2
        continue
      }
      if hasLowPart(code), code >> 15 & 31 == register { return lowImmediate(code) }
      distance += 4
    }
    return nil
  }

  /// The low part of an address whose upper part is set in front of it.
  ///
  /// Instructions cannot be told apart backwards, so every even place is looked at; the nearest one counts.
  private static func low(
    _ code: UInt32, at offset: UInt32, address: UInt32, in window: OldWindow
  ) -> AddressField {
    let register = code >> 15 & 31
    var distance: UInt32 = 4
    while distance < pairReach, register != 0 {
      let upper = window.word(offset &- distance)
      if upper >> 7 & 31 == register {
        if upper & 0x7f == 0x17 {
          var field = AddressField(
            .riscvLow, length: 4, bits: UInt64(code),
            target: address &- distance &+ (upper & 0xffff_f000) &+ lowImmediate(code))
          field.pairDistance = distance
          return field
        }
        if upper & 0x7f == 0x37 {
          return AddressField(
            .riscvLow, length: 4, bits: UInt64(code), target: (upper & 0xffff_f000) &+ lowImmediate(code))
        }
      }
      distance += 2
    }
    return .plain(4)
  }
}
#endif
