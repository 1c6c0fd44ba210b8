import Testing

@testable import OTADelta

@Suite("Addresses in RISC-V instructions")
struct RISCVTests {
  static let fields: [FieldExpectation] = [
    .init("JAL RA, .", .riscvJump, 0x0000_00ef, at: 0, to: 0, moved: 0, 2048, 0x0010_00ef),
    .init("J .-4", .riscvJump, 0xffdf_f06f, at: 8, to: 4, moved: 4, 4, 0x0000_006f),
    .init("JAL far", .riscvJump, 0x0000_00ef, at: 0, to: 0, moved: 0, 0x1000, 0x0000_10ef),
    .init("JAL farthest", .riscvJump, 0x0000_00ef, at: 0, to: 0, moved: 0x10_0000, 0, 0x8000_00ef),
    .init("BEQ .-4", .riscvBranch, 0xfe00_0ee3, at: 8, to: 4, moved: 8, 16, 0x0000_0463),
    .init("BNE A0, A1", .riscvBranch, 0x00b5_1463, at: 0, to: 8, moved: 0, 0x800, 0x00b5_10e3),
    .init("C.J .", .riscvShortJump, 0xa001, at: 4, to: 4, moved: 4, 2, 0xbffd),
    .init("C.J far", .riscvShortJump, 0xa001, at: 4, to: 4, moved: 0, 0x400, 0xa101),
    .init("C.JAL .", .riscvShortJump, 0x2001, at: 4, to: 4, moved: 4, 36, 0x2005),
    .init("C.BEQZ A0", .riscvShortBranch, 0xc101, at: 4, to: 4, moved: 4, 12, 0xc501),
    .init("C.BNEZ A0", .riscvShortBranch, 0xe101, at: 4, to: 4, moved: 4, 2, 0xfd7d),
    .init("JAL too far", .riscvJump, 0x0000_00ef, at: 0, to: 0, moved: 0, 0x10_0000, nil),
    .init("JAL odd", .riscvJump, 0x0000_00ef, at: 0, to: 0, moved: 0, 1, nil),
    .init("BEQ too far", .riscvBranch, 0x0000_0063, at: 0, to: 0, moved: 0, 0x1000, nil),
    .init("C.J too far", .riscvShortJump, 0xa001, at: 0, to: 0, moved: 0, 0x800, nil),
    .init("C.BEQZ too far", .riscvShortBranch, 0xc101, at: 0, to: 0, moved: 0, 0x100, nil),
  ]

  @Test("Each form that is an address by itself", arguments: fields)
  func forms(_ expectation: FieldExpectation) {
    let length: UInt32 = expectation.code & 3 == 3 ? 4 : 2
    let code = UInt32(expectation.code)
    expectation.check(RISCV.field(code, address: expectation.address), length: length)
    let bytes = window(littleEndian([code]), start: 64)
    expectation.check(
      RISCV.field(at: 64, address: expectation.address, is64: false, in: bytes), length: length)
  }

  @Test("C.JAL is C.ADDIW in 64 bits")
  func addImmediateWord() {
    let bytes = window(littleEndian([0x2001]))
    #expect(RISCV.field(at: 0, address: 0, is64: true, in: bytes).kind == .none)
    #expect(RISCV.field(at: 0, address: 0, is64: false, in: bytes).kind == .riscvShortJump)
  }

  /// The second halves: what each is with -4 and with 0x7f0 as its low part.
  static let low: [(name: String, code: UInt32, moved: UInt32)] = [
    ("ADDI A0, A0", 0xffc5_0513, 0x7f05_0513), ("LW A1, (A0)", 0xffc5_2583, 0x7f05_2583),
    ("JALR (A0)", 0xffc5_00e7, 0x7f05_00e7), ("FLW FA0, (A0)", 0xffc5_2507, 0x7f05_2507),
    ("SW A1, (A0)", 0xfeb5_2e23, 0x7eb5_2823), ("FSW FA0, (A0)", 0xfea5_2e27, 0x7ea5_2827),
  ]

  @Test("AUIPC and what completes it are one address", arguments: 0..<6)
  func relativePairs(_ index: Int) {
    let form = RISCVTests.low[index]
    let bytes = window(littleEndian([0x0000_1517, 0x0001_0001, form.code]), start: 0x400)
    let upper = RISCV.field(at: 0x400, address: 0x400, is64: false, in: bytes)
    #expect(upper.kind == .riscvUpper)
    // 0x400 + 0x1000 - 4.
    #expect(upper.target == 0x13fc)
    #expect(RISCV.bits(of: upper, address: 0x400, target: 0x13fc) == 0x0000_1517)
    #expect(RISCV.bits(of: upper, address: 0x400, target: 0x3bf0) == 0x0000_3517)
    #expect(RISCV.bits(of: upper, address: 0x400, target: 0x3c00) == 0x0000_4517)
    let low = RISCV.field(at: 0x408, address: 0x408, is64: false, in: bytes)
    #expect(low.kind == .riscvLow)
    #expect(low.target == 0x13fc)
    #expect(low.pairDistance == 8)
    #expect(RISCV.bits(of: low, address: 0x408, target: 0x13fc) == UInt64(form.code))
    // From 0x400 that is 0x37f0: upper part 3, lower 0x7f0.
    #expect(RISCV.bits(of: low, address: 0x408, target: 0x3bf0) == UInt64(form.moved))
  }

  @Test("LUI and what completes it are one address", arguments: 0..<6)
  func absolutePairs(_ index: Int) {
    let form = RISCVTests.low[index]
    let bytes = window(littleEndian([0x1234_5537, form.code]), start: 0x400)
    let upper = RISCV.field(at: 0x400, address: 0x9999, is64: true, in: bytes)
    #expect(upper.target == 0x1234_4ffc)
    #expect(RISCV.bits(of: upper, address: 0, target: 0x2000_07f0) == 0x2000_0537)
    #expect(RISCV.bits(of: upper, address: 0, target: 0x2000_0800) == 0x2000_1537)
    let low = RISCV.field(at: 0x404, address: 0x9999, is64: true, in: bytes)
    #expect(low.target == 0x1234_4ffc)
    #expect(low.pairDistance == 0)
    #expect(RISCV.bits(of: low, address: 0, target: 0x2000_07f0) == UInt64(form.moved))
  }

  @Test("Without its other half an instruction is no address")
  func noPair() {
    let other = window(littleEndian([0x0000_1597, 0xffc5_0513]))
    #expect(RISCV.field(at: 0, address: 0, is64: false, in: other).kind == .none)
    #expect(RISCV.field(at: 4, address: 4, is64: false, in: other).kind == .none)
    let nops = [UInt32](repeating: 0x0001_0001, count: 7)
    let far = window(littleEndian([0x0000_1517] + nops + [0xffc5_0513]))
    #expect(RISCV.field(at: 0, address: 0, is64: false, in: far).kind == .none)
    #expect(RISCV.field(at: 32, address: 32, is64: false, in: far).kind == .none)
    let near = window(littleEndian([0x0000_1517] + nops.dropLast() + [0xffc5_0513]))
    #expect(RISCV.field(at: 0, address: 0, is64: false, in: near).kind == .riscvUpper)
    #expect(RISCV.field(at: 28, address: 28, is64: false, in: near).kind == .riscvLow)
    // A base of zero is no pointer.
    let zero = window(littleEndian([0x0000_1017, 0xffc0_0513]))
    #expect(RISCV.field(at: 4, address: 4, is64: false, in: zero).kind == .none)
  }
}
