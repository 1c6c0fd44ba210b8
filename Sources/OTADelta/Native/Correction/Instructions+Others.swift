#if !hasFeature(Embedded) || !(arch(arm) || arch(riscv32) || arch(riscv64))
extension Instructions {
  static var hasOthers: Bool { true }

  static func otherField(_ word: UInt32, address: UInt32, architecture: Architecture) -> AddressField {
    architecture == .arm64 ? AArch64.field(word, address: address) : Xtensa.field(word, address: address)
  }

  static func otherBits(of field: AddressField, address: UInt32, target: UInt32) -> UInt64? {
    switch field.kind {
    case .x86Relative: X86.bits(of: field, address: address, target: target)
    case .xtensaCall, .xtensaLiteral, .xtensaJump, .xtensaBranch8, .xtensaBranch12:
      Xtensa.bits(of: field, address: address, target: target)
    default: AArch64.bits(of: field, address: address, target: target)
    }
  }
}

extension Predictor {
  /// The field at the current place in AArch64, x86-64 or Xtensa code.
  @inline(__always)
  mutating func otherCode(_ address: UInt32, hasPointers: Bool) -> AddressField {
    switch architecture {
    case .x8664:
      if hasPointers, old & 7 == 0, let pointer = pointer64() { return pointer }
      return X86.field(at: old, address: address, space: &oldSpace, in: window)
    case .xtensa:
      if hasPointers, old & 3 == 0, let pointer = pointer32() { return pointer }
      return Xtensa.field(window.word(old), address: address)
    default:
      if old & 3 != 0 { return .plain(4 - (old & 3)) }
      if hasPointers, old & 7 == 0, let pointer = pointer64() { return pointer }
      return AArch64.field(at: old, address: address, in: window)
    }
  }
}
#else
extension Instructions {
  static var hasOthers: Bool { false }

  static func otherField(_ word: UInt32, address: UInt32, architecture: Architecture) -> AddressField {
    .plain(4)
  }

  static func otherBits(of field: AddressField, address: UInt32, target: UInt32) -> UInt64? { nil }
}

extension Predictor {
  mutating func otherCode(_ address: UInt32, hasPointers: Bool) -> AddressField { .plain(4) }
}
#endif
