import OTACore

/// Any bytes are a state or a typed error; a state that is read is written the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  do throws(ParseError) {
    var cursor = ByteCursor(input.span)
    let state = try DeviceState(parsing: &cursor)
    let end = cursor.offset
    let capacity = DeviceState.maximumSize(images: CompanionImages.maximumCount + 1)
    var bytes = [UInt8](repeating: 0, count: capacity)
    var writer = ByteWriter(bytes.mutableSpan)
    do throws(ParseError) {
      try state.serialize(into: &writer)
    } catch {
      fatalError("a state that was read cannot be written: \(error)")
    }
    let written = writer.count
    precondition(bytes.prefix(written) == input.prefix(end), "a state that was read is written otherwise")
  } catch {
    return 0
  }
  return 0
}
