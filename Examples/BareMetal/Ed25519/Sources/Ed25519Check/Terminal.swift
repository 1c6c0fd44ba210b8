import CheckStartup

/// Text for whoever runs the emulator.
enum Terminal {
  static func write(_ text: StaticString) {
    let count = text.utf8CodeUnitCount
    let start = unsafe text.utf8Start
    for index in 0..<count { ota_write(unsafe start[index]) }
  }

  static func write(decimal value: UInt32) {
    var digits = InlineArray<10, UInt8>(repeating: 0)
    var rest = value
    var count = 0
    repeat {
      digits[count] = UInt8(truncatingIfNeeded: rest % 10) + 0x30
      rest /= 10
      count += 1
    } while rest > 0
    while count > 0 {
      count -= 1
      ota_write(digits[count])
    }
  }

  static func write(hexadecimal bytes: Span<UInt8>) {
    for index in 0..<bytes.count {
      write(digit: bytes[index] >> 4)
      write(digit: bytes[index] & 15)
    }
  }

  static func endLine() { ota_write(0x0a) }

  private static func write(digit: UInt8) { ota_write(digit < 10 ? digit + 0x30 : digit + 0x57) }
}
