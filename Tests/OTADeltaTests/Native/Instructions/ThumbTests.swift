import Testing

@testable import OTADelta

@Suite("Addresses in Thumb instructions")
struct ThumbTests {
  /// The first halfword is the lower half.
  static func wide(_ first: UInt64, _ second: UInt64) -> UInt64 { first | second << 16 }

  static let fields: [FieldExpectation] = [
    .init(
      "BL .", .thumbBranch, wide(0xf7ff, 0xfffe), at: 100, to: 100, moved: 100, 104, wide(0xf000, 0xf800)),
    .init(
      "BL forth", .thumbBranch, wide(0xf000, 0xf800), at: 0, to: 4, moved: 0, 0x1004, wide(0xf001, 0xf800)),
    .init(
      "BL far", .thumbBranch, wide(0xf000, 0xf800), at: 0, to: 4, moved: 0, 0x40_0004, wide(0xf000, 0xf000)),
    .init("B.W .", .thumbBranch, wide(0xf7ff, 0xbffe), at: 8, to: 8, moved: 12, 8, wide(0xf7ff, 0xbffc)),
    .init("BLX", .thumbBranch, wide(0xf7ff, 0xeffe), at: 8, to: 8, moved: 10, 12, wide(0xf000, 0xe800)),
    .init(
      "BEQ.W .", .thumbConditional, wide(0xf43f, 0xaffe), at: 8, to: 8, moved: 8, 12, wide(0xf000, 0x8000)),
    .init(
      "BNE.W far", .thumbConditional, wide(0xf040, 0x8000), at: 0, to: 4, moved: 0, 0x4_0004,
      wide(0xf040, 0xa000)),
    .init(
      "LDR.W R0, [PC, #4]", .thumbLiteralWide, wide(0xf8df, 0x0004), at: 2, to: 8, moved: 8, 8,
      wide(0xf85f, 0x0004)),
    .init(
      "LDR.W R1, [PC, #-4]", .thumbLiteralWide, wide(0xf85f, 0x1004), at: 8, to: 8, moved: 8, 0x10,
      wide(0xf8df, 0x1004)),
    .init(
      "VLDR S0, [PC, #4]", .thumbLiteralFloat, wide(0xed9f, 0x0a01), at: 0, to: 8, moved: 8, 8,
      wide(0xed1f, 0x0a01)),
    .init("LDR R3, [PC, #4]", .thumbLiteral, 0x4b01, at: 2, to: 8, moved: 2, 1024, 0x4bff),
    .init("B .", .thumbBranch11, 0xe7fe, at: 6, to: 6, moved: 6, 10, 0xe000),
    .init("BEQ .", .thumbBranch8, 0xd0fe, at: 6, to: 6, moved: 6, 10, 0xd000),
    .init("BLE forth", .thumbBranch8, 0xdd00, at: 6, to: 10, moved: 6, 6, 0xddfe),
    .init("CBZ R0", .thumbCompare, 0xb100, at: 0, to: 4, moved: 0, 6, 0xb108),
    .init("CBNZ R1 far", .thumbCompare, 0xb901, at: 0, to: 4, moved: 0, 0x44, 0xbb01),
  ]

  @Test("Each form is found, stays the same at its place and is right at another one", arguments: fields)
  func forms(_ expectation: FieldExpectation) {
    let field = Thumb.field(UInt32(expectation.code), address: expectation.address)
    expectation.check(field, length: expectation.code > 0xffff || expectation.code >= 0xe800 ? 4 : 2)
  }

  @Test(
    "What cannot be written is left alone",
    arguments: [
      (0xf000_f800, 0x0100_0004), (0xf000_f800, 5), (0x8000_f000, 0x0010_0004), (0x0004_f8df, 0x1004),
      (0x0a01_ed9f, 0x404), (0x0a01_ed9f, 6), (0x4b01, 0x404), (0x4b01, 0), (0xe000, 0x804), (0xe000, 5),
      (0xd000, 0x104), (0xd000, 7), (0xb100, 0x84), (0xb100, 2), (0xb100, 5),
    ] as [(UInt32, UInt32)])
  func outOfRange(code: UInt32, target: UInt32) {
    let code = code == 0xf000_f800 ? 0xf800_f000 : code
    let field = Thumb.field(code, address: 0)
    #expect(field.kind != .none)
    #expect(Thumb.bits(of: field, address: 0, target: target) == nil)
  }

  @Test("The ends of each range can be written, and mean the same again")
  func ends() {
    let ranges: [(UInt32, [UInt32])] = [
      (0xf800_f000, [0x00ff_fffe, 0xff00_0002]), (0x8000_f000, [0x000f_fffe, 0xfff0_0000]),
      (0x0004_f8df, [4095, 0xffff_f001]), (0x0a01_ed9f, [1020, 0xffff_fc04]), (0x4b01, [0, 1020]),
      (0xe000, [2046, 0xffff_f800]), (0xd000, [254, 0xffff_ff00]), (0xb100, [0, 126]),
    ]
    for (code, distances) in ranges {
      let field = Thumb.field(code, address: 0x2000)
      for distance in distances {
        let target = 0x2004 &+ distance
        let bits = Thumb.bits(of: field, address: 0x2000, target: target)
        let again = bits.map { Thumb.field(UInt32($0), address: 0x2000) }
        #expect(again?.kind == field.kind)
        #expect(again?.target == target, "\(code) by \(Int32(bitPattern: distance))")
      }
    }
  }

  @Test(
    "Other instructions hold no address",
    arguments: [
      0x2001, 0xbf00, 0xdf00, 0xde00, 0xb580, 0x0000_e92d, 0xf3af_8000, 0x8f5f_f3bf, 0xe801_f000,
    ] as [UInt32])
  func others(code: UInt32) { #expect(Thumb.field(code, address: 0).kind == .none) }
}
