import OTACore

func core() throws {
  // snippet.show
  let record: [UInt8] = [0x01, 0x34, 0x12]
  var cursor = ByteCursor(record.span)
  let kind = try cursor.readByte()
  let length: UInt16 = try cursor.readLittleEndian()
  try cursor.requireEnd()

  let written = try [UInt8](capacity: 3) { (writer) throws(ParseError) in
    try writer.write(byte: kind)
    try writer.writeLittleEndian(length)
  }
  // snippet.hide
  precondition(written == record)
}
