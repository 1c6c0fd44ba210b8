import Testing

@testable import OTADelta

@Suite("Addresses in Xtensa and x86-64 instructions")
struct OtherInstructionTests {
  static let xtensa: [FieldExpectation] = [
    .init("CALL0", .xtensaCall, 0x00_0005, at: 0x41, to: 0x44, moved: 0x43, 0x48, 0x00_0045),
    .init("CALL8", .xtensaCall, 0x00_0025, at: 0x40, to: 0x44, moved: 0x44, 0x44, 0xff_ffe5),
    .init("L32R", .xtensaLiteral, 0xff_ff21, at: 0x101, to: 0x100, moved: 0x100, 0xf8, 0xff_fe21),
    .init("J .", .xtensaJump, 0xff_ff06, at: 7, to: 7, moved: 7, 12, 0x00_0046),
    .init("BEQZ", .xtensaBranch12, 0x00_0216, at: 0, to: 4, moved: 1, 4, 0xff_f216),
    .init("BEQI", .xtensaBranch8, 0x00_0226, at: 0, to: 4, moved: 0, 3, 0xff_0226),
    .init("BEQ", .xtensaBranch8, 0x00_1237, at: 0, to: 4, moved: 0, 0x83, 0x7f_1237),
    .init("CALL0 too far", .xtensaCall, 0x00_0005, at: 0, to: 4, moved: 0, 0x8_0004, nil),
    .init("CALL0 not aligned", .xtensaCall, 0x00_0005, at: 0, to: 4, moved: 0, 6, nil),
    .init("L32R forth", .xtensaLiteral, 0xff_ff21, at: 0x101, to: 0x100, moved: 0x100, 0x104, nil),
    .init("L32R too far", .xtensaLiteral, 0xff_ff21, at: 0x101, to: 0x100, moved: 0x8_0000, 0x3_fffc, nil),
    .init("J too far", .xtensaJump, 0xff_ff06, at: 7, to: 7, moved: 0, 0x2_0004, nil),
    .init("BEQZ too far", .xtensaBranch12, 0x00_0216, at: 0, to: 4, moved: 0, 0x804, nil),
    .init("BEQI too far", .xtensaBranch8, 0x00_0226, at: 0, to: 4, moved: 0, 0x84, nil),
  ]

  @Test("Each form of Xtensa", arguments: xtensa)
  func xtensaForms(_ expectation: FieldExpectation) {
    // The byte behind the instruction is another one's.
    let code = UInt32(expectation.code) | 0xab00_0000
    expectation.check(Xtensa.field(code, address: expectation.address), length: 3)
  }

  @Test("Narrow instructions take two bytes, others three")
  func xtensaLengths() {
    for low in UInt32(0)..<16 {
      #expect(Xtensa.field(0x20 | low, address: 0).length == ((8...13).contains(low) ? 2 : 3))
    }
    // ENTRY is among the branches, and none.
    #expect(Xtensa.field(0x00_2136, address: 0).kind == .none)
  }

  /// Opcodes in front of a distance, and how many bytes they take.
  static let x86: [(name: String, opcode: [UInt8], skip: Int)] = [
    ("CALL", [0xe8], 1), ("JMP", [0xe9], 1), ("JE", [0x0f, 0x84], 2), ("LEA", [0x8d, 0x05], 2),
    ("MOV ECX", [0x8b, 0x0d], 2), ("MOVSS", [0x0f, 0x10, 0x05], 3), ("CMP", [0x39, 0x3d], 2),
  ]

  @Test("Each form of x86-64", arguments: 0..<7)
  func x86Forms(_ index: Int) {
    let form = OtherInstructionTests.x86[index]
    let skip = UInt32(form.skip)
    var space = AddressSpace()
    space.append(Segment(offset: 0, length: 0x1000, address: 0x10000))
    let bytes = [UInt8](repeating: 0x90, count: 16) + form.opcode + littleEndian([0x100]) + [0x90, 0x90]
    let field = X86.field(at: 16, address: 0x10010, space: &space, in: window(bytes))
    #expect(field.kind == .x86Relative)
    #expect(field.length == skip + 4)
    #expect(field.target == 0x10114 + skip)
    #expect(field.bits(address: 0x10010, target: field.target, base: 0) == field.bits)
    let moved = field.bits(address: 0x20, target: 0, base: 0)
    let expected = form.opcode + littleEndian([0 &- 0x24 &- skip])
    #expect(
      moved.map { bits in expected.indices.map { UInt8(truncatingIfNeeded: bits >> UInt64(8 * $0)) } }
        == expected)
    // Four bytes that mean no place in the image are no address.
    let far = [UInt8](repeating: 0x90, count: 16) + form.opcode + littleEndian([0x1000]) + [0x90, 0x90]
    let none = X86.field(at: 16, address: 0x10010, space: &space, in: window(far))
    #expect(none.kind == .none)
  }

  @Test("Pointers are counted from the base", arguments: [0, 0x0800_0000, 0x1_0000_0000] as [UInt64])
  func pointers(base: UInt64) {
    let short = AddressField(.pointer32, length: 4, bits: 0, target: 0)
    #expect(
      short.bits(address: 9, target: 0x1235, base: base) == UInt64(UInt32(truncatingIfNeeded: base)) + 0x1235)
    let long = AddressField(.pointer64, length: 8, bits: 0, target: 0)
    #expect(long.bits(address: 9, target: 0x1235, base: base) == base + 0x1235)
  }
}
