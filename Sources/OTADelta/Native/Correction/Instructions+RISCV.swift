#if !hasFeature(Embedded) || !arch(arm)
extension Instructions {
  static var hasRISCV: Bool { true }

  static func riscvField(_ word: UInt32, address: UInt32) -> AddressField {
    RISCV.field(word, address: address)
  }

  static func riscvBits(of field: AddressField, address: UInt32, target: UInt32) -> FieldBits? {
    RISCV.bits(of: field, address: address, target: target)
  }
}

extension Predictor {
  /// Sets ``field`` to the one at the current place in RISC-V code.
  @inline(__always)
  mutating func detectRISCV(_ address: UInt32, hasPointers: Bool) {
    if old & 1 != 0 {
      field = .plain(1)
      return
    }
    let is64 = architecture == .riscv64
    if hasPointers, old & (is64 ? 7 : 3) == 0, is64 ? isPointer64() : isPointer32() { return }
    field = RISCV.field(at: old, address: address, is64: is64, in: window)
  }
}
#else
extension Instructions {
  static var hasRISCV: Bool { false }

  static func riscvField(_ word: UInt32, address: UInt32) -> AddressField { .plain(4) }

  static func riscvBits(of field: AddressField, address: UInt32, target: UInt32) -> FieldBits? { nil }
}

extension Predictor {
  mutating func detectRISCV(_ address: UInt32, hasPointers: Bool) {}
}
#endif
