#if !hasFeature(Embedded) || !arch(arm)
/// Addresses in Xtensa instructions of 24 and 16 bits.
///
/// - Note: Source: Xtensa Instruction Set Architecture Reference Manual, chapter 8 (CALL0 to CALL12, J, L32R, B*).
enum Xtensa {
  /// The field that three bytes begin with; instructions are at every place.
  @inline(__always)
  static func field(_ word: UInt32, address: UInt32) -> AddressField {
    let code = word & 0xff_ffff
    let bits = UInt64(code)
    switch code & 15 {
    case 5:
      let value = signed(code >> 6, 18) << 2
      return AddressField(.xtensaCall, length: 3, bits: bits, target: (address & ~3) &+ 4 &+ value)
    case 1:
      let value = (code >> 8 | 0xffff_0000) << 2
      return AddressField(.xtensaLiteral, length: 3, bits: bits, target: ((address &+ 3) & ~3) &+ value)
    case 6:
      switch code >> 4 & 3 {
      case 0:
        return AddressField(
          .xtensaJump, length: 3, bits: bits, target: address &+ 4 &+ signed(code >> 6, 18))
      case 1:
        return AddressField(
          .xtensaBranch12, length: 3, bits: bits, target: address &+ 4 &+ signed(code >> 12, 12))
      default:
        guard code >> 4 & 15 != 3 else { return .plain(3) }
        return AddressField(
          .xtensaBranch8, length: 3, bits: bits, target: address &+ 4 &+ signed(code >> 16, 8))
      }
    case 7:
      return AddressField(
        .xtensaBranch8, length: 3, bits: bits, target: address &+ 4 &+ signed(code >> 16, 8))
    case 8...13:
      return .plain(2)
    default:
      return .plain(3)
    }
  }

  /// The bytes of a field at a new place that means a new address, if it can be written.
  static func bits(of field: AddressField, address: UInt32, target: UInt32) -> UInt64? {
    let code = UInt32(truncatingIfNeeded: field.bits)
    let near = target &- address &- 4
    switch field.kind {
    case .xtensaCall:
      let value = target &- (address & ~3) &- 4
      guard value & 3 == 0, signed(value, 20) == value else { return nil }
      return UInt64(code & 0x3f | (value >> 2 & 0x3ffff) << 6)
    case .xtensaLiteral:
      let value = target &- (address &+ 3) & ~3
      guard value & 3 == 0, value >= 0xfffc_0000 else { return nil }
      return UInt64(code & 0xff | (value >> 2 & 0xffff) << 8)
    case .xtensaJump:
      guard signed(near, 18) == near else { return nil }
      return UInt64(code & 0x3f | (near & 0x3ffff) << 6)
    case .xtensaBranch12:
      guard signed(near, 12) == near else { return nil }
      return UInt64(code & 0xfff | (near & 0xfff) << 12)
    case .xtensaBranch8:
      guard signed(near, 8) == near else { return nil }
      return UInt64(code & 0xffff | (near & 0xff) << 16)
    default:
      return nil
    }
  }

  @inline(__always)
  private static func signed(_ value: UInt32, _ width: UInt32) -> UInt32 {
    UInt32(bitPattern: Int32(bitPattern: value << (32 - width)) >> Int32(32 - width))
  }
}
#endif
