#if !hasFeature(Embedded) || !arch(arm)
/// Addresses in AArch64 instructions.
///
/// - Note: Source: Arm Architecture Reference Manual for A-profile, C4.1 and C6.2.
enum AArch64 {
  /// How many instructions apart the two halves of an address may be.
  private static var pairDistance: UInt32 { 8 }

  /// The field that an instruction holds by itself.
  @inline(__always)
  static func field(_ code: UInt32, address: UInt32) -> AddressField {
    let bits = UInt64(code)
    switch code >> 24 {
    case 0x14...0x17, 0x94...0x97:
      return AddressField(
        .arm64Branch26, length: 4, bits: bits, target: address &+ signed(code, 26) << 2)
    case 0x54, 0x34, 0x35, 0xb4, 0xb5, 0x18, 0x58, 0x98, 0x1c, 0x5c, 0x9c:
      return AddressField(
        .arm64Branch19, length: 4, bits: bits, target: address &+ signed(code >> 5, 19) << 2)
    case 0x36, 0x37, 0xb6, 0xb7:
      return AddressField(
        .arm64Branch14, length: 4, bits: bits, target: address &+ signed(code >> 5, 14) << 2)
    default: break
    }
    if code & 0x9f00_0000 == 0x1000_0000 {
      return AddressField(.arm64Address, length: 4, bits: bits, target: address &+ immediate21(code))
    }
    return .plain(4)
  }

  /// The field at a place, which is a multiple of 4; pairs of instructions that make one address included.
  @inline(__always)
  static func field(at offset: UInt32, address: UInt32, in window: OldWindow) -> AddressField {
    let code = window.word(offset)
    let bits = UInt64(code)
    if code & 0x9f00_0000 == 0x9000_0000 {
      let pages = immediate21(code)
      // Farther than addresses of 32 bits reach.
      guard fits(pages, 20) else { return .plain(4) }
      let page = address & ~0xfff &+ pages << 12
      return AddressField(
        .arm64Page, length: 4, bits: bits,
        target: page &+ lowPart(after: offset, register: code & 31, in: window))
    }
    if let low = low(code),
      let page = pagePart(before: offset, register: code >> 5 & 31, address: address, in: window)
    {
      return AddressField(.arm64Low12, length: 4, bits: bits, target: page &+ low)
    }
    return field(code, address: address)
  }

  static func bits(of field: AddressField, address: UInt32, target: UInt32) -> UInt64? {
    let code = UInt32(truncatingIfNeeded: field.bits)
    let distance = target &- address
    switch field.kind {
    case .arm64Branch26:
      guard fits(distance, 28), distance & 3 == 0 else { return nil }
      return UInt64(code & 0xfc00_0000 | distance >> 2 & 0x3ff_ffff)
    case .arm64Branch19:
      guard fits(distance, 21), distance & 3 == 0 else { return nil }
      return UInt64(code & 0xff00_001f | (distance >> 2 & 0x7ffff) << 5)
    case .arm64Branch14:
      guard fits(distance, 16), distance & 3 == 0 else { return nil }
      return UInt64(code & 0xfff8_001f | (distance >> 2 & 0x3fff) << 5)
    case .arm64Address:
      guard fits(distance, 21) else { return nil }
      return UInt64(code & 0x9f00_001f | (distance & 3) << 29 | (distance >> 2 & 0x7ffff) << 5)
    case .arm64Page:
      let pages = UInt32(bitPattern: Int32(bitPattern: target & ~0xfff &- address & ~0xfff) >> 12)
      return UInt64(code & 0x9f00_001f | (pages & 3) << 29 | (pages >> 2 & 0x7ffff) << 5)
    case .arm64Low12:
      guard let scale = lowScale(code), target & ((1 << scale) - 1) == 0 else { return nil }
      return UInt64(code & 0xffc0_03ff | ((target & 0xfff) >> scale) << 10)
    default:
      return nil
    }
  }

  /// Sign-extends the low bits.
  @inline(__always)
  private static func signed(_ value: UInt32, _ width: UInt32) -> UInt32 {
    UInt32(bitPattern: Int32(bitPattern: value << (32 - width)) >> Int32(32 - width))
  }

  @inline(__always)
  private static func fits(_ value: UInt32, _ width: UInt32) -> Bool { signed(value, width) == value }

  private static func immediate21(_ code: UInt32) -> UInt32 {
    signed((code >> 5 & 0x7ffff) << 2 | code >> 29 & 3, 21)
  }

  /// By how much the low part of an address is scaled in ADD, LDR or STR with an unsigned offset; nil for others.
  @inline(__always)
  private static func lowScale(_ code: UInt32) -> UInt32? {
    if code & 0x7fc0_0000 == 0x1100_0000 { return 0 }
    guard code & 0x3b00_0000 == 0x3900_0000 else { return nil }
    let isVector = code & 0x0480_0000 == 0x0480_0000
    return isVector && code >> 30 == 0 ? 4 : code >> 30
  }

  /// The low part of an address in an instruction; one that reaches beyond its page is none.
  @inline(__always)
  private static func low(_ code: UInt32) -> UInt32? {
    guard let scale = lowScale(code) else { return nil }
    let value = (code >> 10 & 0xfff) << scale
    return value < 0x1000 ? value : nil
  }

  /// The low part in the first instruction behind an ADRP that uses its register as a base.
  private static func lowPart(after offset: UInt32, register: UInt32, in window: OldWindow) -> UInt32 {
    var place = offset
    for _ in 0..<pairDistance {
      place &+= 4
      let code = window.word(place)
      if let low = low(code), code >> 5 & 31 == register { return low }
    }
    return 0
  }

  /// The page in the last ADRP in front that sets a register.
  private static func pagePart(
    before offset: UInt32, register: UInt32, address: UInt32, in window: OldWindow
  ) -> UInt32? {
    var distance: UInt32 = 0
    for _ in 0..<pairDistance {
      distance &+= 4
      let code = window.word(offset &- distance)
      if code & 0x9f00_001f == 0x9000_0000 | register {
        return (address &- distance) & ~0xfff &+ immediate21(code) << 12
      }
    }
    return nil
  }
}
#endif
