import OTAPartition

// The example of Docs/FlashPorting.md; a test holds the article against this file.
// BEGIN EXAMPLE
/// Two kilobytes of RAM that behave like NOR flash: erased to 0xff in blocks of 256, written once in units of 4.
struct ExampleFlash: Flash {
  let geometry: FlashGeometry
  private var cells: [UInt8]

  init() {
    do throws(LayoutError) {
      geometry = try FlashGeometry(eraseBlockSize: 256, blockCount: 8, writeSize: 4)
    } catch {
      preconditionFailure("these sizes are valid")
    }
    cells = [UInt8](repeating: 0xff, count: Int(geometry.capacity))
  }

  mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkRead(at: offset, count: destination.count)
    for index in 0..<destination.count { destination[index] = cells[Int(offset) + index] }
  }

  mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkWrite(at: offset, count: source.count)
    for index in 0..<source.count where cells[Int(offset) + index] != 0xff { throw .notErased }
    for index in 0..<source.count { cells[Int(offset) + index] = source[index] }
  }

  mutating func erase(_ range: Range<UInt32>) throws(FlashError) {
    try geometry.checkErase(range)
    for index in range { cells[Int(index)] = 0xff }
  }
}
// END EXAMPLE
