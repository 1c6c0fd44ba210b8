#if !hasFeature(Embedded) || !arch(arm)
/// Addresses relative to the instruction pointer in x86-64 code.
///
/// Instructions are not decoded: an opcode in front of four bytes that mean a place in the image is enough.
///
/// - Note: Source: Intel 64 and IA-32 Architectures Software Developer's Manual, Volume 2, chapters 2 and A.
enum X86 {
  /// The field at a place; its length includes the opcode.
  @inline(__always)
  static func field(at offset: UInt32, address: UInt32, space: inout AddressSpace, in window: OldWindow)
    -> AddressField
  {
    let first = window.byte(offset)
    let second = window.byte(offset &+ 1)
    if first == 0xe8 || first == 0xe9 {
      return relative(at: offset, skip: 1, address: address, space: &space, in: window) ?? .plain(1)
    }
    if first == 0x0f, second & 0xf0 == 0x80 {
      return relative(at: offset, skip: 2, address: address, space: &space, in: window) ?? .plain(1)
    }
    if second & 0xc7 == 0x05, takesMemory(first) {
      return relative(at: offset, skip: 2, address: address, space: &space, in: window) ?? .plain(1)
    }
    if first == 0x0f, window.byte(offset &+ 2) & 0xc7 == 0x05 {
      return relative(at: offset, skip: 3, address: address, space: &space, in: window) ?? .plain(1)
    }
    return .plain(1)
  }

  /// The one-byte opcodes with a ModR/M byte that compilers use with static data.
  @inline(__always)
  private static func takesMemory(_ opcode: UInt32) -> Bool {
    switch opcode {
    case 0x8b, 0x8d, 0x89, 0x88, 0x8a, 0x63, 0xff, 0x80, 0x81, 0x83, 0x84, 0x85, 0xc6, 0xc7, 0xf6, 0xf7, 0x01,
      0x03,
      0x29, 0x2b, 0x38...0x3b, 0x10, 0x11, 0x28, 0x6f, 0x7f, 0x58, 0x59, 0x2e, 0x2f:
      true
    default: false
    }
  }

  @inline(__always)
  private static func relative(
    at offset: UInt32, skip: UInt32, address: UInt32, space: inout AddressSpace, in window: OldWindow
  ) -> AddressField? {
    let value = window.word(offset &+ skip)
    let target = address &+ skip &+ 4 &+ value
    guard space.offset(of: target) != nil else { return nil }
    var bits = UInt64(value) << (8 * UInt64(skip))
    for index in 0..<skip { bits |= UInt64(window.byte(offset &+ index)) << (8 * UInt64(index)) }
    var field = AddressField(.x86Relative, length: skip + 4, bits: bits, target: target)
    field.pairDistance = skip
    return field
  }

  static func bits(of field: AddressField, address: UInt32, target: UInt32) -> UInt64? {
    let shift = 8 * UInt64(field.pairDistance)
    let value = target &- address &- field.pairDistance &- 4
    return field.bits & ((1 << shift) - 1) | UInt64(value) << shift
  }
}
#endif
