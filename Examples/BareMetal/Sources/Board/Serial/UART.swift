import Startup

/// The serial port of the board.
struct UART {
  #if arch(riscv32)
  // A 16550.
  private static var base: UInt { 0x1000_0000 }

  /// Waits until the port takes a byte, and sends it.
  func send(_ byte: UInt8) {
    while ota_load8(UART.base + 5) & 0x20 == 0 {}
    ota_store8(UART.base, byte)
  }

  /// The next byte that came in, or `nil`.
  func receive() -> UInt8? {
    ota_load8(UART.base + 5) & 0x01 == 0 ? nil : ota_load8(UART.base)
  }

  /// Makes the port ready; nothing to do on this machine.
  static func start() {}
  #elseif arch(arm)
  // The UART of Arm's CMSDK.
  private static var base: UInt { 0x4000_4000 }

  /// Waits until the port takes a byte, and sends it.
  func send(_ byte: UInt8) {
    while ota_load32(UART.base + 4) & 0x01 != 0 {}
    ota_store32(UART.base, UInt32(byte))
  }

  /// The next byte that came in, or `nil`.
  func receive() -> UInt8? {
    ota_load32(UART.base + 4) & 0x02 == 0 ? nil : UInt8(truncatingIfNeeded: ota_load32(UART.base))
  }

  /// Makes the port ready.
  static func start() {
    ota_store32(base + 0x10, 16)
    ota_store32(base + 8, 3)
  }
  #endif
}
