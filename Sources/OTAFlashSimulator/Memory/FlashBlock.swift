/// The contents of one erase block.
struct FlashBlock: Sendable {
  /// What was stored last.
  var bytes: [UInt8]
  /// For each unit of writing whether it was written, or touched by an interrupted operation, since its last erase.
  var isUsed: [Bool]
  /// Bits that read at random.
  var unstableBits: [Int: UInt8] = [:]
  /// Units that were written over; they lose bits when the power comes back.
  var weakUnits: Set<Int> = []

  init(size: Int, unit: Int, erasedByte: UInt8) {
    bytes = [UInt8](repeating: erasedByte, count: size)
    isUsed = [Bool](repeating: false, count: size / unit)
  }
}
