import OTACore
import OTAPartition

/// A device that ends where the image does, and is only read.
struct ImageFlash: Flash {
  let bytes: [UInt8]
  let geometry: FlashGeometry

  init(_ bytes: [UInt8]) throws(FlashError) {
    self.bytes = bytes
    guard
      let geometry = try? FlashGeometry(
        eraseBlockSize: UInt32(max(1, bytes.count)), blockCount: 1, writeSize: 1)
    else { throw .outOfBounds }
    self.geometry = geometry
  }

  mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkRead(at: offset, count: destination.count)
    for index in 0..<destination.count { destination[index] = bytes[Int(offset) + index] }
  }

  mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) { throw .deviceFailure }

  mutating func erase(_ range: Range<UInt32>) throws(FlashError) { throw .deviceFailure }
}
