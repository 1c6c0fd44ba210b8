import OTAPartition
import Startup

/// A small flash chip in RAM with the rules of NOR memory: erased by block to ones, a unit is written once, and words
/// are read.
///
/// The contents belong to the board, as those of a chip do: a new value opens the same chip, also after the one before it
/// was lost to an error or to a cut of the power.
struct RAMFlash: ~Copyable, Flash {
  let geometry: FlashGeometry
  /// How many units are still written, or blocks erased, until the power goes in the last of them; `nil` for ever.
  private var operationsLeft: UInt32?

  /// Opens the chip; the power goes in the unit written or block erased that has this number, counted from 1.
  init(cutIn operation: UInt32? = nil) throws(LayoutError) {
    let geometry = try FlashGeometry(eraseBlockSize: 2048, blockCount: 6, writeSize: 4, readSize: 4)
    guard geometry.capacity <= UInt32(OTA_SCRATCH_SIZE) else { throw .outOfBounds }
    self.geometry = geometry
    operationsLeft = operation
  }

  mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkRead(at: offset, count: destination.count)
    guard operationsLeft != 0 else { throw .powerLost }
    for index in 0..<destination.count { destination[index] = ota_scratch_load(Int(offset) + index) }
  }

  mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkWrite(at: offset, count: source.count)
    guard operationsLeft != 0 else { throw .powerLost }
    for index in 0..<source.count where ota_scratch_load(Int(offset) + index) != geometry.erasedByte {
      throw .notErased
    }
    let unit = Int(geometry.writeSize)
    for start in stride(from: 0, to: source.count, by: unit) {
      let isWhole = spendOperation()
      // The unit in which the power goes is torn: some of its bytes are there.
      for index in start..<start + (isWhole ? unit : unit / 2) {
        program(source[index], at: Int(offset) + index)
      }
      guard isWhole else { throw .powerLost }
    }
  }

  mutating func erase(_ range: Range<UInt32>) throws(FlashError) {
    try geometry.checkErase(range)
    guard operationsLeft != 0 else { throw .powerLost }
    var start = range.lowerBound
    while start < range.upperBound, let block = geometry.eraseBlock(containing: start) {
      let isWhole = spendOperation()
      // The block in which the power goes is erased to the middle.
      let end = isWhole ? block.upperBound : block.lowerBound + (block.upperBound - block.lowerBound) / 2
      for offset in block.lowerBound..<end { ota_scratch_store(Int(offset), geometry.erasedByte) }
      guard isWhole else { throw .powerLost }
      start = block.upperBound
    }
  }

  /// Lets all bits of a byte lose their charge, as decayed memory does; false if the byte reads the same.
  mutating func decay(at offset: UInt32) -> Bool {
    let before = ota_scratch_load(Int(offset))
    program(0, at: Int(offset))
    return before != ota_scratch_load(Int(offset))
  }

  /// Takes bits from one to zero, never back.
  private func program(_ byte: UInt8, at offset: Int) {
    ota_scratch_store(offset, ota_scratch_load(offset) & byte)
  }

  /// Counts an operation; false if it is the one in which the power goes.
  private mutating func spendOperation() -> Bool {
    guard let left = operationsLeft else { return true }
    operationsLeft = left - 1
    return left > 1
  }
}
