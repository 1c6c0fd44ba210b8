/// Whether bytes are well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
///
/// Here and not from the standard library, which would bring its Unicode tables into firmware.
///
/// - Note: Source: RFC 3629, section 4 (the ABNF of well-formed sequences).
package func isUTF8(_ bytes: Span<UInt8>) -> Bool {
  var index = 0
  while index < bytes.count {
    let first = bytes[index]
    let second: ClosedRange<UInt8>
    let length: Int
    switch first {
    case 0x00...0x7f:
      index += 1
      continue
    case 0xc2...0xdf: (second, length) = (0x80...0xbf, 2)
    case 0xe0: (second, length) = (0xa0...0xbf, 3)
    case 0xed: (second, length) = (0x80...0x9f, 3)
    case 0xe1...0xef: (second, length) = (0x80...0xbf, 3)
    case 0xf0: (second, length) = (0x90...0xbf, 4)
    case 0xf1...0xf3: (second, length) = (0x80...0xbf, 4)
    case 0xf4: (second, length) = (0x80...0x8f, 4)
    default: return false
    }
    guard length <= bytes.count - index, second.contains(bytes[index + 1]) else { return false }
    for next in index + 2..<index + length where bytes[next] & 0xc0 != 0x80 { return false }
    index += length
  }
  return true
}
