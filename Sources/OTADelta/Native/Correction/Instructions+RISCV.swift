#if !hasFeature(Embedded) || !arch(arm)
extension Instructions {
  static var hasRISCV: Bool { true }

  static func riscvField(_ word: UInt32, address: UInt32) -> AddressField {
    RISCV.field(word, address: address)
  }

  static func riscvBits(of field: AddressField, address: UInt32, target: UInt32) -> UInt64? {
    RISCV.bits(of: field, address: address, target: target)
  }
}

extension Predictor {
  /// The field at the current place in RISC-V code.
  @inline(__always)
  mutating func riscvCode(_ address: UInt32, hasPointers: Bool) -> AddressField {
    if old & 1 != 0 { return .plain(1) }
    let is64 = architecture == .riscv64
    if hasPointers, old & (is64 ? 7 : 3) == 0, let pointer = is64 ? pointer64() : pointer32() {
      return pointer
    }
    return RISCV.field(at: old, address: address, is64: is64, in: window)
  }
}
#else
extension Instructions {
  static var hasRISCV: Bool { false }

  static func riscvField(_ word: UInt32, address: UInt32) -> AddressField { .plain(4) }

  static func riscvBits(of field: AddressField, address: UInt32, target: UInt32) -> UInt64? { nil }
}

extension Predictor {
  mutating func riscvCode(_ address: UInt32, hasPointers: Bool) -> AddressField { .plain(4) }
}
#endif
