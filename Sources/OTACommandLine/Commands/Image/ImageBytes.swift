import OTAPartition

/// A file as a flash device that is only read: what reads images in slots reads images in files.
struct ImageBytes: Flash {
  let bytes: [UInt8]
  let geometry: FlashGeometry

  /// Takes the bytes of a file; `nil` if there are none, or more than a device can have.
  init?(_ bytes: [UInt8]) {
    guard let size = UInt32(exactly: bytes.count),
      let geometry = try? FlashGeometry(eraseBlockSize: size, blockCount: 1, writeSize: 1)
    else { return nil }
    self.bytes = bytes
    self.geometry = geometry
  }

  mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkRead(at: offset, count: destination.count)
    for index in 0..<destination.count { destination[index] = bytes[Int(offset) + index] }
  }

  mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) { throw .deviceFailure }

  mutating func erase(_ range: Range<UInt32>) throws(FlashError) { throw .deviceFailure }
}
