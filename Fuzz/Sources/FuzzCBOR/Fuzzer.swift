import OTACore

/// Any bytes are an item or a typed error; an item that is read has one encoding, and the writer writes that.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  var whole = CBORReader(input.span)
  let end: Int
  do throws(ParseError) {
    _ = try whole.readItem()
    end = whole.offset
  } catch {
    precondition(error.offset >= 0 && error.offset <= count, "an error outside of the document")
    precondition(whole.offset == 0, "a read that throws moves nothing")
    return 0
  }
  var bytes = [UInt8](repeating: 0, count: end)
  do throws(ParseError) {
    var reader = CBORReader(input.span)
    var writer = CBORWriter(bytes.mutableSpan)
    try copy(&reader, to: &writer)
    precondition(reader.offset == end, "an item has one end")
    precondition(writer.count == end, "an item is written as long as it was read")
  } catch {
    fatalError("an item that was checked cannot be read: \(error)")
  }
  precondition(bytes[...] == input.prefix(end), "an item that was read is written otherwise")
  return 0
}

/// Reads one item part by part, and writes each part.
private func copy(_ reader: inout CBORReader, to writer: inout CBORWriter) throws(ParseError) {
  guard let type = reader.peekType() else { throw ParseError(.truncated, at: reader.offset) }
  switch type {
  case .unsigned:
    try writer.writeUnsigned(try reader.readUnsigned())
  case .negative:
    // Below what 64 bits with a sign hold there are items that nobody reads as a number.
    var ahead = reader
    do throws(ParseError) {
      let value = try ahead.readInteger()
      reader = ahead
      try writer.writeInteger(value)
    } catch {
      try writer.writeEncoded(try reader.readItem())
    }
  case .byteString:
    try writer.writeByteString(try reader.readByteString())
  case .textString:
    try writer.writeTextString(try reader.readTextString())
  case .array:
    let items = try reader.readArrayHeader()
    try writer.writeArrayHeader(items)
    for _ in 0..<items { try copy(&reader, to: &writer) }
  case .map:
    let pairs = try reader.readMapHeader()
    try writer.writeMapHeader(pairs)
    for _ in 0..<2 * pairs { try copy(&reader, to: &writer) }
  case .tag:
    try writer.writeTag(try reader.readTag())
    try copy(&reader, to: &writer)
  case .simple:
    if reader.isNextNull() {
      try reader.readNull()
      try writer.writeNull()
    } else {
      try writer.writeBool(try reader.readBool())
    }
  }
}
