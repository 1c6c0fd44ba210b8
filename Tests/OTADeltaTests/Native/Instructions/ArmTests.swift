import Testing

@testable import OTADelta

@Suite("Addresses in A32 and A64 instructions")
struct ArmTests {
  static let a32: [FieldExpectation] = [
    .init("BL .", .armBranch, 0xebff_fffe, at: 0x100, to: 0x100, moved: 0x100, 0x108, 0xeb00_0000),
    .init("BNE forth", .armBranch, 0x1a00_0000, at: 0, to: 8, moved: 8, 8, 0x1aff_fffe),
    .init("LDR R0, [PC, #4]", .armLiteral, 0xe59f_0004, at: 0, to: 12, moved: 8, 12, 0xe51f_0004),
    .init(
      "LDR R1, [PC, #-4]", .armLiteral, 0xe51f_1004, at: 0x20, to: 0x24, moved: 0x20, 0x1027, 0xe59f_1fff),
    .init("B too far", .armBranch, 0xea00_0000, at: 0, to: 8, moved: 0, 0x200_0008, nil),
    .init("B not aligned", .armBranch, 0xea00_0000, at: 0, to: 8, moved: 0, 10, nil),
    .init("LDR too far", .armLiteral, 0xe59f_0004, at: 0, to: 12, moved: 0, 0x1008, nil),
  ]

  @Test("Each form of A32", arguments: a32)
  func forms32(_ expectation: FieldExpectation) {
    expectation.check(ARM.field(UInt32(expectation.code), address: expectation.address), length: 4)
  }

  static let a64: [FieldExpectation] = [
    .init("BL .", .arm64Branch26, 0x9400_0000, at: 64, to: 64, moved: 64, 60, 0x97ff_ffff),
    .init("B", .arm64Branch26, 0x1400_0001, at: 64, to: 68, moved: 64, 72, 0x1400_0002),
    .init("B.EQ", .arm64Branch19, 0x5400_0040, at: 0, to: 8, moved: 8, 4, 0x54ff_ffe0),
    .init("CBZ X0", .arm64Branch19, 0xb400_0040, at: 0, to: 8, moved: 0, 16, 0xb400_0080),
    .init("LDR X0, literal", .arm64Branch19, 0x5800_0040, at: 0, to: 8, moved: 0, 12, 0x5800_0060),
    .init("LDRSW literal", .arm64Branch19, 0x9800_0040, at: 0, to: 8, moved: 4, 8, 0x9800_0020),
    .init("TBZ W0, #0", .arm64Branch14, 0x3600_0040, at: 0, to: 8, moved: 12, 8, 0x3607_ffe0),
    .init("TBNZ X3, #40", .arm64Branch14, 0xb740_0043, at: 0, to: 8, moved: 0, 16, 0xb740_0083),
    .init("ADR X0, .", .arm64Address, 0x1000_0000, at: 8, to: 8, moved: 8, 9, 0x3000_0000),
    .init("ADR X1, .-1", .arm64Address, 0x70ff_ffe1, at: 8, to: 7, moved: 8, 12, 0x1000_0021),
    .init("BL too far", .arm64Branch26, 0x9400_0000, at: 0, to: 0, moved: 0, 0x800_0000, nil),
    .init("BL not aligned", .arm64Branch26, 0x9400_0000, at: 0, to: 0, moved: 0, 2, nil),
    .init("B.EQ too far", .arm64Branch19, 0x5400_0040, at: 0, to: 8, moved: 0, 0x10_0000, nil),
    .init("TBZ too far", .arm64Branch14, 0x3600_0040, at: 0, to: 8, moved: 0, 0x8000, nil),
    .init("ADR too far", .arm64Address, 0x1000_0000, at: 8, to: 8, moved: 0, 0x10_0000, nil),
  ]

  @Test("Each form of A64", arguments: a64)
  func forms64(_ expectation: FieldExpectation) {
    expectation.check(AArch64.field(UInt32(expectation.code), address: expectation.address), length: 4)
  }

  /// An ADRP at 0x1000 with its second half behind it.
  static func pair(_ codes: [UInt32]) -> OldWindow { window(littleEndian(codes), start: 0x1000) }

  static let low: [(name: String, code: UInt32, target: UInt32, moved: UInt32)] = [
    ("ADD X0, X0, #0x123", 0x9104_8c00, 0x2123, 0x910a_ac00),
    ("LDR X1, [X0, #8]", 0xf940_0401, 0x2008, 0xf941_5401),
    ("LDRB W1, [X0, #3]", 0x3940_0c01, 0x2003, 0x394a_ac01),
    ("STR W2, [X0, #4]", 0xb900_0402, 0x2004, 0xb902_a802),
    ("LDR Q0, [X0, #16]", 0x3dc0_0400, 0x2010, 0x3dc0_a800),
  ]

  @Test("An ADRP and the instruction that completes it are one address", arguments: 0..<5)
  func pairs(_ index: Int) {
    let form = ArmTests.low[index]
    let window = ArmTests.pair([0xb000_0000, 0xd503_201f, form.code])
    let page = AArch64.field(at: 0x1000, address: 0x1000, in: window)
    #expect(page.kind == .arm64Page)
    #expect(page.target == form.target)
    #expect(AArch64.bits(of: page, address: 0x1000, target: form.target) == 0xb000_0000)
    #expect(AArch64.bits(of: page, address: 0x1000, target: 0x1fff) == 0x9000_0000)
    #expect(AArch64.bits(of: page, address: 0x1000, target: 0x5000) == 0x9000_0020)
    #expect(AArch64.bits(of: page, address: 0x1000, target: 0x7000_0000) == 0xf037_ffe0)
    let low = AArch64.field(at: 0x1008, address: 0x1008, in: window)
    #expect(low.kind == .arm64Low12)
    #expect(low.target == form.target)
    #expect(AArch64.bits(of: low, address: 0x1008, target: form.target) == UInt64(form.code))
    let scaled: UInt32 = index == 0 || index == 2 ? 0x52ab : 0x52a0 | form.target & 15 & ~15
    let moved = AArch64.bits(
      of: low, address: 0x1008, target: index == 1 ? 0x52a8 : index == 3 ? 0x52a8 : scaled)
    #expect(moved == UInt64(form.moved))
    if index == 1 || index > 2 { #expect(AArch64.bits(of: low, address: 0x1008, target: 0x52a1) == nil) }
  }

  @Test("Another register, or eight instructions between, make no pair")
  func noPair() {
    let other = ArmTests.pair([0xb000_0001, 0x9104_8c00])
    #expect(AArch64.field(at: 0x1004, address: 0x1004, in: other).kind == .none)
    #expect(AArch64.field(at: 0x1000, address: 0x1000, in: other).target == 0x2000)
    let far = ArmTests.pair([0xb000_0000] + [UInt32](repeating: 0xd503_201f, count: 8) + [0x9104_8c00])
    #expect(AArch64.field(at: 0x1024, address: 0x1024, in: far).kind == .none)
    let near = ArmTests.pair([0xb000_0000] + [UInt32](repeating: 0xd503_201f, count: 7) + [0x9104_8c00])
    #expect(AArch64.field(at: 0x1020, address: 0x1020, in: near).kind == .arm64Low12)
  }

  @Test("Other instructions hold no address", arguments: [0xd503_201f, 0xd280_0000, 0xa9bf_7bfd] as [UInt32])
  func others(code: UInt32) {
    #expect(AArch64.field(code, address: 0).kind == .none)
    #expect(ARM.field(0xe1a0_0000, address: 0).kind == .none)
  }
}

/// Words as bytes.
func littleEndian(_ words: [UInt32]) -> [UInt8] {
  words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }
}
