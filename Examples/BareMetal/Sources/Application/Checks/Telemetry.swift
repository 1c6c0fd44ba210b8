import OTACore

/// One line of the record that the device keeps, as deterministic CBOR.
struct Telemetry: Equatable {
  var tick: UInt32
  /// Hundredths of a degree.
  var temperature: Int32
  /// 0 to 1000.
  var drive: Int32

  init(tick: UInt32, temperature: Int32, drive: Int32) {
    self.tick = tick
    self.temperature = temperature
    self.drive = drive
  }

  init(parsing bytes: Span<UInt8>) throws(ParseError) {
    var reader = CBORReader(bytes)
    guard try reader.readMapHeader() == 3 else { throw ParseError(.invalidValue, at: 0) }
    var previous: Int64?
    _ = try reader.readKey(after: &previous)
    tick = UInt32(truncatingIfNeeded: try reader.readUnsigned())
    _ = try reader.readKey(after: &previous)
    temperature = Int32(truncatingIfNeeded: try reader.readInteger())
    _ = try reader.readKey(after: &previous)
    drive = Int32(truncatingIfNeeded: try reader.readInteger())
    try reader.requireEnd()
  }

  /// Writes the line as a map of three.
  ///
  /// - Returns: how many bytes it takes.
  func serialize(into buffer: inout InlineArray<32, UInt8>) throws(ParseError) -> Int {
    var writer = CBORWriter(buffer.mutableSpan)
    try writer.writeMapHeader(3)
    try writer.writeUnsigned(0)
    try writer.writeUnsigned(UInt64(tick))
    try writer.writeUnsigned(1)
    try writer.writeInteger(Int64(temperature))
    try writer.writeUnsigned(2)
    try writer.writeInteger(Int64(drive))
    return writer.count
  }
}
