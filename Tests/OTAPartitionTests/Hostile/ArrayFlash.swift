import OTAFlashSimulator
import OTAPartition

/// Flash that does as it is told and keeps no books: cheap enough for tens of thousands of devices.
struct ArrayFlash: Flash {
  let geometry: FlashGeometry
  var bytes: [UInt8]

  init(_ flash: SimulatedFlash) {
    geometry = flash.geometry
    bytes = flash.contents
  }

  init(_ geometry: FlashGeometry, filledWith byte: UInt8) {
    self.geometry = geometry
    bytes = [UInt8](repeating: byte, count: Int(geometry.capacity))
  }

  mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkRead(at: offset, count: destination.count)
    let start = Int(offset)
    for index in 0..<destination.count { destination[index] = bytes[start + index] }
  }

  mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkWrite(at: offset, count: source.count)
    let start = Int(offset)
    let isErasedToOnes = geometry.erasedByte == 0xff
    for index in 0..<source.count {
      let old = bytes[start + index]
      bytes[start + index] = isErasedToOnes ? old & source[index] : old | source[index]
    }
  }

  mutating func erase(_ range: Range<UInt32>) throws(FlashError) {
    try geometry.checkErase(range)
    let count = range.count
    bytes.replaceSubrange(
      Int(range.lowerBound)..<Int(range.upperBound), with: repeatElement(geometry.erasedByte, count: count))
  }
}
