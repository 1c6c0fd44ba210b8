#if !hasFeature(Embedded)
extension Predictor {
  /// Blanks the addresses that change when code moves, from the first byte to the last.
  mutating func blank(_ bytes: inout [UInt8]) {
    begin(old: 0, new: 0)
    while Int(old) < bytes.count {
      let address = oldSpace.address(of: old)
      detect(address)
      let found = field
      if let bits = found.blanked(address: address) {
        for index in 0..<min(Int(found.length), bytes.count - Int(old)) {
          bytes[Int(old) + index] = UInt8(truncatingIfNeeded: bits >> UInt64(8 * index))
        }
      }
      begin(old: old + found.length, new: 0)
    }
  }
}

extension AddressField {
  /// The bytes of the field without its address; nil if the address rarely changes.
  func blanked(address: UInt32) -> UInt64? {
    switch kind {
    case .pointer32, .pointer64, .relative32, .offset32, .thumbOffset: 0
    case .thumbBranch, .thumbConditional:
      Thumb.bits(of: self, address: address, target: (address &+ 4) & ~3)
    case .arm64Branch26, .arm64Address: AArch64.bits(of: self, address: address, target: address)
    case .arm64Page: AArch64.bits(of: self, address: address, target: address & ~0xfff)
    case .arm64Low12: AArch64.bits(of: self, address: address, target: 0)
    case .armBranch: ARM.bits(of: self, address: address, target: address &+ 8)
    case .riscvJump: RISCV.bits(of: self, address: address, target: address)
    case .riscvUpper: RISCV.bits(of: self, address: 0, target: 0)
    case .riscvLow: RISCV.bits(of: self, address: pairDistance, target: 0)
    case .x86Relative: X86.bits(of: self, address: address, target: address &+ pairDistance &+ 4)
    case .xtensaCall: Xtensa.bits(of: self, address: address, target: (address & ~3) &+ 4)
    case .xtensaLiteral: Xtensa.bits(of: self, address: address, target: (address &+ 3) & ~3 &- 4)
    default: nil
    }
  }
}
#endif
