import OTADeltaEncoder
import Testing

@testable import OTADelta

@Suite("Corrected addresses")
struct CorrectionTests {
  static let kinds: [(name: String, firmware: Firmware)] = [
    ("BL and B.W", .thumb), ("Bcc.W", .thumbConditional), ("Thumb pointers", .thumbPointers),
    ("A32 BL", .arm),
    ("A64 BL", .arm64), ("ADRP and ADD", .arm64Pages), ("B.cond", .arm64Conditional),
    ("ADR", .arm64Addresses),
    ("JAL", .riscvJumps), ("AUIPC and ADDI", .riscvPairs(0x0005_0513, isStore: false)),
    ("AUIPC and LW", .riscvPairs(0x0005_2583, isStore: false)),
    ("AUIPC and FLW", .riscvPairs(0x0005_2507, isStore: false)),
    ("AUIPC and SW", .riscvPairs(0x00b5_2023, isStore: true)),
    ("AUIPC and FSW", .riscvPairs(0x00a5_2027, isStore: true)), ("LUI and ADDI", .riscvUpper),
    ("CALL", .x86([0xe8])), ("JE", .x86([0x0f, 0x84])), ("LEA", .x86([0x48, 0x8d, 0x05])), ("CALL8", .xtensa),
    ("L32R", .xtensaLiterals), ("32 bits", .pointers("pointers32", width: 4, base: 0x0800_0000)),
    ("64 bits", .pointers("pointers64", width: 8, base: 0x40_0000)),
    ("64 bits of A64", .pointers("arm64", width: 8, base: 0xffff_0000)),
  ]

  @Test("Code that moves costs far less with its instruction set than with none", arguments: kinds.indices)
  func insertion(_ index: Int) throws {
    let (name, firmware) = CorrectionTests.kinds[index]
    let old = firmware.image(seed: 3, functionCount: 80, insertions: [])
    let new = firmware.image(seed: 3, functionCount: 80, insertions: [4, 17, 29, 30, 44, 61, 73])
    #expect(new.count > old.count)
    var sizes: [String: Int] = [:]
    for architecture in [firmware.architecture, "none"] {
      let patch = try NativeEncoder.makePatch(
        old: old, new: new, options: NativeEncoder.Options(architecture: architecture))
      #expect(try applyNative(patch, to: old, imageSize: new.count) == Outcome(output: new, error: nil))
      #expect(try nativeHeader(patch).header.architectureName.description == architecture)
      sizes[architecture] = patch.count
    }
    let corrected = try #require(sizes[firmware.architecture])
    let plain = try #require(sizes["none"])
    print("\(name): \(corrected) with \(firmware.architecture), \(plain) with none")
    #expect(corrected * 2 < plain, "\(name)")
  }
}
