import OTACore
import Testing

@Suite("Hexadecimal")
struct HexadecimalTests {
  @Test("every byte goes to two lower-case digits and back, from either case")
  func everyByte() {
    let bytes = (0...255).map { UInt8($0) }
    let text = String(hexadecimal: bytes.span)
    #expect(text.count == 512)
    #expect(text == text.lowercased())
    #expect(text.hasPrefix("000102") && text.hasSuffix("fdfeff"))
    #expect([UInt8](hexadecimal: text) == bytes)
    #expect([UInt8](hexadecimal: text.uppercased()) == bytes)
    #expect([UInt8](hexadecimal: "") == [])
  }

  @Test(
    "anything else is refused",
    arguments: ["0", "000", "0g", "g0", " 00", "0x00", "-1", "00 ", "٠٠", "é", "a:"])
  func refused(text: String) {
    #expect([UInt8](hexadecimal: text) == nil)
  }
}
