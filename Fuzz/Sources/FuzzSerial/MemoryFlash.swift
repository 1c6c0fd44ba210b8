import OTAPartition

/// Flash in memory that does as it is told.
struct MemoryFlash: Flash, Sendable {
  let geometry: FlashGeometry
  var bytes: [UInt8]

  mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkRead(at: offset, count: destination.count)
    for index in 0..<destination.count { destination[index] = bytes[Int(offset) + index] }
  }

  mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkWrite(at: offset, count: source.count)
    for index in 0..<source.count { bytes[Int(offset) + index] &= source[index] }
  }

  mutating func erase(_ range: Range<UInt32>) throws(FlashError) {
    try geometry.checkErase(range)
    for index in range { bytes[Int(index)] = geometry.erasedByte }
  }
}
