#if arch(riscv32)
import Startup

/// What a bank says about itself.
struct CFIQuery {
  /// Whether the answer is one of two chips with Intel's command set, and fits the bank.
  let isValid: Bool
  /// The erase block of both chips together, in bytes.
  let blockSize: UInt32
  /// The write buffers of both chips together, in bytes.
  let bufferSize: UInt32

  /// Asks, and goes back to the contents.
  init(bank: UInt) {
    func field(_ index: UInt) -> UInt32 { ota_load32(bank + 4 * index) }
    /// Both chips must say the same; what one says is enough.
    func byte(_ index: UInt) -> UInt32 { field(index) & 0xff }
    ota_store32(bank + 4 * 0x55, 0x0098_0098)
    let isCFI = field(0x10) == 0x0051_0051 && field(0x11) == 0x0052_0052 && field(0x12) == 0x0059_0059
    let isIntel = byte(0x13) == 1
    let capacity = byte(0x27)
    let buffer = byte(0x2a) | byte(0x2b) << 8
    let regions = byte(0x2c)
    let blocks = (byte(0x2d) | byte(0x2e) << 8) + 1
    let block = (byte(0x2f) | byte(0x30) << 8) << 9
    ota_store32(bank, 0x00ff_00ff)

    let bank = BoardMap.bankSize
    let fits =
      (20...24).contains(capacity) && 2 << capacity == bank && regions == 1 && (2...15).contains(buffer)
    let divides = block > 0 && block.nonzeroBitCount == 1 && block <= 1 << 20
    isValid = isCFI && isIntel && fits && divides && blocks * block == bank
    blockSize = isValid ? block : 256 << 10
    bufferSize = isValid ? 2 << buffer : 4
  }
}
#endif
