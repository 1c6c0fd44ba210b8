/// Text on the serial port, written without a `String`.
public struct Console: Sendable {
  private let port = UART()

  /// Makes the port ready.
  public init() { UART.start() }

  /// Writes text.
  public func write(_ text: StaticString) {
    let count = text.utf8CodeUnitCount
    let start = unsafe text.utf8Start
    for index in 0..<count { port.send(unsafe start[index]) }
  }

  /// Writes text and the end of a line.
  public func writeLine(_ text: StaticString = "") {
    write(text)
    port.send(0x0d)
    port.send(0x0a)
  }

  /// Writes bytes as they are.
  public func write(_ bytes: Span<UInt8>) {
    for index in 0..<bytes.count { port.send(bytes[index]) }
  }

  /// Writes a number.
  public func write(decimal value: UInt32) {
    var digits = InlineArray<10, UInt8>(repeating: 0)
    var rest = value
    var count = 0
    repeat {
      digits[count] = UInt8(rest % 10) + 0x30
      rest /= 10
      count += 1
    } while rest > 0
    while count > 0 {
      count -= 1
      port.send(digits[count])
    }
  }

  /// Writes a number with its sign.
  public func write(signed value: Int32) {
    if value < 0 { port.send(0x2d) }
    write(decimal: value.magnitude)
  }

  /// Hundredths, with the point where it belongs.
  public func write(hundredths value: Int32) {
    if value < 0 { port.send(0x2d) }
    write(decimal: value.magnitude / 100)
    port.send(0x2e)
    port.send(UInt8(value.magnitude % 100 / 10) + 0x30)
    port.send(UInt8(value.magnitude % 10) + 0x30)
  }

  /// Writes eight digits.
  public func write(hexadecimal value: UInt32) {
    for shift in stride(from: 28, through: 0, by: -4) {
      send(digit: UInt8(value >> UInt32(shift) & 15))
    }
  }

  /// Writes two digits.
  public func write(hexadecimalByte value: UInt8) {
    send(digit: value >> 4)
    send(digit: value & 15)
  }

  /// Four digits.
  public func write(hexadecimal16 value: UInt16) {
    write(hexadecimalByte: UInt8(value >> 8))
    write(hexadecimalByte: UInt8(truncatingIfNeeded: value))
  }

  /// The next byte that came in, or `nil`.
  public func receive() -> UInt8? { port.receive() }

  private func send(digit: UInt8) {
    port.send(digit < 10 ? digit + 0x30 : digit + 0x57)
  }
}
