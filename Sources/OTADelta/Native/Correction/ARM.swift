#if !hasFeature(Embedded) || !arch(arm)
/// Addresses in A32 instructions.
///
/// - Note: Source: ARM Architecture Reference Manual ARMv7-A, A8.8.18 (B), A8.8.25 (BL, BLX), A8.8.65 (LDR literal).
enum ARM {
  /// The field of an instruction.
  @inline(__always)
  static func field(_ code: UInt32, address: UInt32) -> AddressField {
    let bits = FieldBits(code)
    if code >> 25 & 7 == 5 {
      let value = UInt32(bitPattern: Int32(bitPattern: code << 8) >> 6)
      return AddressField(.armBranch, length: 4, bits: bits, target: address &+ 8 &+ value)
    }
    if code & 0x0f7f_0000 == 0x051f_0000 {
      let value = code & 0xfff
      return AddressField(
        .armLiteral, length: 4, bits: bits,
        target: code & 0x0080_0000 != 0 ? address &+ 8 &+ value : address &+ 8 &- value)
    }
    return .plain(4)
  }

  /// The bytes of a field at a new place that means a new address, if it can be written.
  static func bits(of field: AddressField, address: UInt32, target: UInt32) -> FieldBits? {
    let code = UInt32(truncatingIfNeeded: field.bits)
    let value = target &- address &- 8
    switch field.kind {
    case .armBranch:
      let signed = Int32(bitPattern: value)
      guard value & 3 == 0, signed >= -(1 << 25), signed < 1 << 25 else { return nil }
      return FieldBits(code & 0xff00_0000 | value >> 2 & 0x00ff_ffff)
    case .armLiteral:
      let signed = Int32(bitPattern: value)
      guard signed > -4096, signed < 4096 else { return nil }
      let up: UInt32 = signed > 0 || (signed == 0 && code & 0x0080_0000 != 0) ? 0x0080_0000 : 0
      return FieldBits(code & 0xff7f_f000 | up | signed.magnitude)
    default:
      return nil
    }
  }
}
#endif
