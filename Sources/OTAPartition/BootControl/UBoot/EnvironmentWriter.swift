import OTACore

/// Writes one copy of an environment from its start to its end, the checksum last.
///
/// Until the checksum is there the copy does not count. With units of more than 4 bytes the flags, which no checksum
/// covers, are in the same unit, and are torn with it or not at all.
struct EnvironmentWriter {
  /// Where the copy begins.
  private let start: UInt32
  /// How long it is.
  private let size: UInt32
  /// What is written last: the checksum, and the rest of its unit.
  private var head = InlineArray<32, UInt8>(repeating: 0)
  private let headSize: UInt32
  private var chunk = InlineArray<64, UInt8>(repeating: 0)
  private var chunkCount = 0
  private var crc = CRC32()
  /// How long the copy is so far.
  private var position: UInt32 = 4
  /// Whether it only finds out whether everything fits.
  private let isDry: Bool

  /// Begins a copy; its range is erased, unless this is only to find out whether it fits.
  init(at start: UInt32, size: UInt32, unit: UInt32, isDry: Bool) {
    self.start = start
    self.size = size
    headSize = max(4, unit)
    self.isDry = isDry
  }

  /// Appends the flags, which come first.
  mutating func put<Device: Flash & ~Copyable>(flags: UInt8, to flash: inout Device) throws(StorageError) {
    try append(flags, to: &flash)
  }

  /// Appends a byte of the data.
  ///
  /// - Throws: ``StorageError/record(_:)`` if it does not fit.
  mutating func put<Device: Flash & ~Copyable>(_ byte: UInt8, to flash: inout Device) throws(StorageError) {
    crc.update(byte: byte)
    try append(byte, to: &flash)
  }

  /// Appends a variable.
  mutating func put<Device: Flash & ~Copyable>(
    _ name: EnvironmentName, _ value: Span<UInt8>, to flash: inout Device
  ) throws(StorageError) {
    for index in 0..<name.count { try put(name.bytes[index], to: &flash) }
    try put(UInt8(ascii: "="), to: &flash)
    for index in 0..<value.count { try put(value[index], to: &flash) }
    try put(0, to: &flash)
  }

  /// Appends a variable that is a hexadecimal number.
  mutating func put<Device: Flash & ~Copyable>(
    _ name: EnvironmentName, _ value: UInt8, to flash: inout Device
  ) throws(StorageError) {
    let digits: InlineArray<2, UInt8> = [
      EnvironmentWriter.digit(value >> 4), EnvironmentWriter.digit(value & 15),
    ]
    try put(name, digits.span.extracting((value < 16 ? 1 : 0)..<2), to: &flash)
  }

  /// Fills what is left with zeros, as U-Boot does; only the checksum is missing then.
  mutating func fill<Device: Flash & ~Copyable>(_ flash: inout Device) throws(StorageError) {
    if isDry { return }
    while position < size { try put(0, to: &flash) }
  }

  /// Writes the checksum: from here on the copy counts.
  mutating func seal<Device: Flash & ~Copyable>(_ flash: inout Device) throws(StorageError) {
    if isDry { return }
    let checksum = crc.checksum
    for place in 0..<4 { head[place] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * place)) }
    do throws(FlashError) {
      try flash.writeChecked(head.span.extracting(0..<Int(headSize)), at: start)
    } catch {
      throw .flash(error)
    }
  }

  private mutating func append<Device: Flash & ~Copyable>(
    _ byte: UInt8, to flash: inout Device
  ) throws(StorageError) {
    guard position < size else { throw .record(ParseError(.capacityExceeded, at: Int(size))) }
    let offset = position
    position += 1
    if offset < headSize {
      head[Int(offset)] = byte
      return
    }
    chunk[chunkCount] = byte
    chunkCount += 1
    guard chunkCount == chunk.count || position == size else { return }
    let count = chunkCount
    chunkCount = 0
    if isDry { return }
    do throws(FlashError) {
      try flash.writeChecked(chunk.span.extracting(0..<count), at: start + position - UInt32(count))
    } catch {
      throw .flash(error)
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
