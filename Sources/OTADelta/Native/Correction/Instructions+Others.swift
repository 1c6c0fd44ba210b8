#if !hasFeature(Embedded) || !(arch(arm) || arch(riscv32) || arch(riscv64))
extension Instructions {
  static var hasOthers: Bool { true }

  static func otherField(_ word: UInt32, address: UInt32, architecture: Architecture) -> AddressField {
    architecture == .arm64 ? AArch64.field(word, address: address) : Xtensa.field(word, address: address)
  }

  static func otherBits(of field: AddressField, address: UInt32, target: UInt32) -> FieldBits? {
    switch field.kind {
    case .x86Relative: X86.bits(of: field, address: address, target: target)
    case .xtensaCall, .xtensaLiteral, .xtensaJump, .xtensaBranch8, .xtensaBranch12:
      Xtensa.bits(of: field, address: address, target: target)
    default: AArch64.bits(of: field, address: address, target: target)
    }
  }
}

extension Predictor {
  /// Sets ``field`` to the one at the current place in AArch64, x86-64 or Xtensa code.
  @inline(__always)
  mutating func detectOther(_ address: UInt32, hasPointers: Bool) {
    switch architecture {
    case .x8664:
      if hasPointers, old & 7 == 0, isPointer64() { return }
      field = X86.field(at: old, address: address, space: &oldSpace, in: window)
    case .xtensa:
      if hasPointers, old & 3 == 0, isPointer32() { return }
      field = Xtensa.field(word, address: address)
    default:
      if old & 3 != 0 { return skipWord() }
      if hasPointers, old & 7 == 0, isPointer64() { return }
      field = AArch64.field(at: old, address: address, in: window)
    }
  }
}
#else
extension Instructions {
  static var hasOthers: Bool { false }

  static func otherField(_ word: UInt32, address: UInt32, architecture: Architecture) -> AddressField {
    .plain(4)
  }

  static func otherBits(of field: AddressField, address: UInt32, target: UInt32) -> FieldBits? { nil }
}

extension Predictor {
  mutating func detectOther(_ address: UInt32, hasPointers: Bool) {}
}
#endif
