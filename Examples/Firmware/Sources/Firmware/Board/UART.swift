import _Volatile

/// The 16550 serial port of the board.
struct UART {
  private static var base: UInt { 0x1000_0000 }

  private var data: VolatileMappedRegister<UInt8> {
    unsafe VolatileMappedRegister(unsafeBitPattern: UART.base)
  }
  private var status: VolatileMappedRegister<UInt8> {
    unsafe VolatileMappedRegister(unsafeBitPattern: UART.base + 5)
  }

  /// Waits until the port takes a byte, and sends it.
  func send(_ byte: UInt8) {
    while status.load() & 0x20 == 0 {}
    data.store(byte)
  }

  /// The next byte that came in, or `nil`.
  func receive() -> UInt8? {
    status.load() & 0x01 == 0 ? nil : data.load()
  }
}
