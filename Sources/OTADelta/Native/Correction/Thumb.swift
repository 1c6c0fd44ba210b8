/// Addresses in Thumb-2 and ARMv6-M instructions.
///
/// - Note: Source: ARMv7-M Architecture Reference Manual, A5 and A7.7.
enum Thumb {
  /// The field that two halfwords begin with.
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  static func field(_ word: UInt32, address: UInt32) -> AddressField {
    let first = word & 0xffff
    if first < 0xe800 {
      return short(first, address: address)
    }
    let second = word >> 16
    let bits = FieldBits(first | second << 16)
    if first & 0xf800 == 0xf000, second & 0x8000 != 0 {
      switch second & 0x5000 {
      case 0x1000, 0x5000, 0x4000:
        if second & 0x5001 == 0x4001 { return .plain(4) }
        let sign = first >> 10 & 1
        let i1 = ~(second >> 13 ^ sign) & 1
        let i2 = ~(second >> 11 ^ sign) & 1
        let value =
          (sign == 1 ? 0xff00_0000 : 0) | i1 << 23 | i2 << 22 | (first & 0x3ff) << 12 | (second & 0x7ff) << 1
        let origin = second & 0x5000 == 0x4000 ? (address &+ 4) & ~3 : address &+ 4
        return AddressField(.thumbBranch, length: 4, bits: bits, target: origin &+ value)
      default:
        guard first & 0x0380 != 0x0380 else { return .plain(4) }
        let sign = first >> 10 & 1
        let value =
          (sign == 1 ? 0xfff0_0000 : 0) | (second >> 11 & 1) << 19 | (second >> 13 & 1) << 18
          | (first & 0x3f) << 12 | (second & 0x7ff) << 1
        return AddressField(.thumbConditional, length: 4, bits: bits, target: address &+ 4 &+ value)
      }
    }
    let isFloat = first & 0xff3f == 0xed1f && second & 0x0e00 == 0x0a00
    guard isFloat || first & 0xff7f == 0xf85f else { return .plain(4) }
    let value = isFloat ? (second & 0xff) << 2 : second & 0xfff
    return AddressField(
      isFloat ? .thumbLiteralFloat : .thumbLiteralWide, length: 4, bits: bits,
      target: (address &+ 4) & ~3 &+ (first & 0x80 != 0 ? value : 0 &- value))
  }

  @inline(__always)
  private static func short(_ code: UInt32, address: UInt32) -> AddressField {
    let bits = FieldBits(code)
    switch code >> 11 {
    case 0b01001:
      return AddressField(
        .thumbLiteral, length: 2, bits: bits, target: (address &+ 4) & ~3 &+ (code & 0xff) << 2)
    case 0b11100:
      let value = code & 0x7ff
      return AddressField(
        .thumbBranch11, length: 2, bits: bits,
        target: address &+ 4 &+ (value << 1 ^ 0x800) &- 0x800)
    case 0b11010, 0b11011:
      guard code & 0x0e00 != 0x0e00 else { return .plain(2) }
      return AddressField(
        .thumbBranch8, length: 2, bits: bits, target: address &+ 4 &+ ((code & 0xff) << 1 ^ 0x100) &- 0x100)
    case 0b10110, 0b10111:
      guard code & 0x0500 == 0x0100 else { return .plain(2) }
      let value = (code >> 9 & 1) << 6 | (code >> 3 & 31) << 1
      return AddressField(.thumbCompare, length: 2, bits: bits, target: address &+ 4 &+ value)
    default:
      return .plain(2)
    }
  }

  /// The bytes of a field at a new place that means a new address, if it can be written.
  static func bits(of field: AddressField, address: UInt32, target: UInt32) -> FieldBits? {
    let first = UInt32(truncatingIfNeeded: field.bits) & 0xffff
    let second = UInt32(truncatingIfNeeded: field.bits >> 16) & 0xffff
    let near = target &- address &- 4
    let aligned = target &- (address &+ 4) & ~3
    switch field.kind {
    case .thumbBranch:
      let isExchange = second & 0x5000 == 0x4000
      let value = isExchange ? aligned : near
      guard value & (isExchange ? 3 : 1) == 0, value &+ 0xff_fffe < 0x1ff_fffe else { return nil }
      let sign = value >> 31
      let j1 = ~(value >> 23 ^ sign) & 1
      let j2 = ~(value >> 22 ^ sign) & 1
      let high = first & 0xf800 | sign << 10 | value >> 12 & 0x3ff
      let low = second & 0xd000 | j1 << 13 | j2 << 11 | value >> 1 & 0x7ff
      return FieldBits(high | low << 16)
    case .thumbConditional:
      guard near & 1 == 0, near &+ 0x10_0000 < 0x20_0000 else { return nil }
      let high = first & 0xfbc0 | (near >> 31) << 10 | near >> 12 & 0x3f
      let low = second & 0xd000 | (near >> 19 & 1) << 11 | (near >> 18 & 1) << 13 | near >> 1 & 0x7ff
      return FieldBits(high | low << 16)
    case .thumbLiteralWide, .thumbLiteralFloat:
      let shift: UInt32 = field.kind == .thumbLiteralFloat ? 2 : 0
      let distance = Int32(bitPattern: aligned)
      let value = distance.magnitude >> shift
      // Both have their sign in the same place; one counts bytes in twelve bits, the other words in eight.
      let mask: UInt32 = shift == 2 ? 0xff : 0xfff
      guard value << shift == distance.magnitude, value <= mask else { return nil }
      let up: UInt32 = distance > 0 || (distance == 0 && first & 0x80 != 0) ? 0x80 : 0
      return FieldBits(first & ~0x80 | up | (second & ~mask | value) << 16)
    case .thumbLiteral:
      guard aligned & 3 == 0, aligned < 1024 else { return nil }
      return FieldBits(first & 0xff00 | aligned >> 2)
    case .thumbBranch11:
      guard near & 1 == 0, near &+ 2048 < 4096 else { return nil }
      return FieldBits(first & 0xf800 | near >> 1 & 0x7ff)
    case .thumbBranch8:
      guard near & 1 == 0, near &+ 256 < 512 else { return nil }
      return FieldBits(first & 0xff00 | near >> 1 & 0xff)
    case .thumbCompare:
      guard near & 1 == 0, near < 128 else { return nil }
      return FieldBits(first & 0xfd07 | (near >> 6 & 1) << 9 | (near >> 1 & 31) << 3)
    default:
      return nil
    }
  }
}
