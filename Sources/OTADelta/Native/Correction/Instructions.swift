// Which instruction sets are compiled in. A host has all of them, firmware those of its own machine: nobody can update a
// Cortex-M with the code of another one, and each takes some kilobytes. Embedded Swift for ARM is for Cortex-M, which
// runs Thumb and no A32.

/// The instruction sets of this build.
enum Instructions {
  /// Whether addresses of an architecture can be corrected.
  static func has(_ architecture: Architecture) -> Bool {
    switch architecture {
    case .none, .pointers32, .pointers64: true
    case .thumb: hasThumb
    case .arm: hasARM
    case .riscv32, .riscv64: hasRISCV
    case .arm64, .x8664, .xtensa: hasOthers
    }
  }

  /// The field that an instruction holds by itself.
  static func field(_ word: UInt32, address: UInt32, architecture: Architecture) -> AddressField {
    switch architecture {
    case .none, .pointers32, .pointers64, .x8664: .plain(4)
    case .thumb, .arm: armField(word, address: address, architecture: architecture)
    case .riscv32, .riscv64: riscvField(word, address: address)
    case .arm64, .xtensa: otherField(word, address: address, architecture: architecture)
    }
  }

  /// The bytes of an instruction at a new place that means a new address, if it can be written.
  static func bits(of field: AddressField, address: UInt32, target: UInt32) -> FieldBits? {
    switch field.kind {
    case .none, .pointer32, .pointer64, .relative32, .offset32, .thumbOffset: nil
    case .thumbBranch, .thumbConditional, .thumbLiteralWide, .thumbLiteral, .thumbBranch11, .thumbBranch8,
      .thumbCompare, .thumbLiteralFloat, .armBranch, .armLiteral:
      armBits(of: field, address: address, target: target)
    case .riscvJump, .riscvBranch, .riscvShortJump, .riscvShortBranch, .riscvUpper, .riscvLow:
      riscvBits(of: field, address: address, target: target)
    case .arm64Branch26, .arm64Branch19, .arm64Branch14, .arm64Address, .arm64Page, .arm64Low12, .x86Relative,
      .xtensaCall, .xtensaLiteral, .xtensaJump, .xtensaBranch8, .xtensaBranch12:
      otherBits(of: field, address: address, target: target)
    }
  }
}
