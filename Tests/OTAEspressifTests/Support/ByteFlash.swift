import OTAPartition

/// Bytes as a device that is only read, with any unit of reading.
struct ByteFlash: Flash {
  let geometry: FlashGeometry
  var bytes: [UInt8]
  /// What is read after so many reads, if somebody exchanges the contents.
  var later: (reads: Int, bytes: [UInt8])?

  init(_ bytes: [UInt8], unit: UInt32 = 1) throws {
    let rest = (Int(unit) - bytes.count % Int(unit)) % Int(unit)
    self.bytes = bytes + [UInt8](repeating: 0xff, count: rest)
    geometry = try FlashGeometry(
      eraseBlockSize: unit, blockCount: UInt32(max(1, self.bytes.count)) / unit, writeSize: unit,
      readSize: unit)
  }

  mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkRead(at: offset, count: destination.count)
    var source = bytes
    if let later {
      if later.reads <= 0 { source = later.bytes }
      self.later = (later.reads - 1, later.bytes)
    }
    for index in 0..<destination.count { destination[index] = source[Int(offset) + index] }
  }

  mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) { throw .deviceFailure }

  mutating func erase(_ range: Range<UInt32>) throws(FlashError) { throw .deviceFailure }
}
