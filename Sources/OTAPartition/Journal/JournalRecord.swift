import OTACore

// The place of a record, byte for byte; all integers little endian (Docs/PowerLossModel.md says why each part is there):
//
//   offset  size  content
//   0       m     claim: erased, or a mark that somebody began to write here after a restart
//   m       4     "OTAJ"
//   m+4     1     version of the record's form, 1
//   m+5     1     zero
//   m+6     2     length of the payload n, up to that of the longest value
//   m+8     4     sequence number
//   m+12    n     payload: a serialised DeviceState, up to 320 bytes with one image in a slot; a partition table, up to 460 bytes
//   m+12+n  4     CRC-32 of everything from "OTAJ" on
//   ...           erased bytes up to the place of the seal
//   end-m   m     seal
//
// m is one unit of writing, but at least 8. Every record takes the same room, so that no length in flash decides where
// the next one is.

/// The sizes of a record on a device.
struct JournalRecordShape {
  /// How long claim and seal are.
  let markSize: UInt32
  /// Where the seal is, from the start of the place.
  let sealOffset: UInt32
  /// The longest payload, in bytes.
  let payloadCapacity: Int

  /// The longest payload that any journal has: it, the rest of a record and the marks of the largest unit are what the
  /// buffers of `Journal` have room for.
  static var maximumPayloadCapacity: Int { 752 }

  static var headerSize: Int { 12 }
  static var checksumSize: Int { 4 }
  static var magic: UInt32 { 0x4a41_544f }
  static var version: UInt8 { 1 }

  init(_ geometry: FlashGeometry, payloadCapacity: Int = DeviceState.maximumSize) {
    precondition(
      (0...JournalRecordShape.maximumPayloadCapacity).contains(payloadCapacity), "no journal has such records"
    )
    self.payloadCapacity = payloadCapacity
    let body = UInt32(JournalRecordShape.headerSize + payloadCapacity + JournalRecordShape.checksumSize)
    let unit = geometry.writeSize
    markSize = max(unit, 8)
    sealOffset = markSize + (body + unit - 1) / unit * unit
  }

  /// From the start of one place to the start of the next; at most 832.
  var stride: UInt32 { sealOffset + markSize }

  /// How many records an area has room for.
  func count(in area: Range<UInt32>) -> Int { Int((area.upperBound - area.lowerBound) / stride) }

  /// Whether these bytes are the seal, the whole seal.
  func isSeal(_ bytes: Span<UInt8>) -> Bool {
    for index in 0..<Int(markSize) where bytes[index] != JournalRecordShape.markByte(index) { return false }
    return true
  }

  /// Claim and seal: half of the bits are programmed, whatever erased ones are, so that a whole mark and no mark cannot
  /// be readings of the same torn one.
  static func markByte(_ index: Int) -> UInt8 {
    switch index % 4 {
    case 0: 0x53
    case 1: 0xac
    case 2: 0x35
    default: 0xca
    }
  }
}

/// What the header of a record says, after its checksum was found right.
struct JournalRecordHeader {
  let sequence: UInt32
  let payloadCount: Int
}

extension JournalRecordShape {
  /// Reads a header; `nil` if the bytes are not one.
  private func header(_ bytes: Span<UInt8>) -> JournalRecordHeader? {
    var cursor = ByteCursor(bytes)
    guard let magic = try? cursor.readLittleEndian(UInt32.self), magic == JournalRecordShape.magic,
      let version = try? cursor.readByte(), version == JournalRecordShape.version,
      let zero = try? cursor.readByte(), zero == 0,
      let count = try? cursor.readLittleEndian(UInt16.self), Int(count) <= payloadCapacity,
      let sequence = try? cursor.readLittleEndian(UInt32.self)
    else { return nil }
    return JournalRecordHeader(sequence: sequence, payloadCount: Int(count))
  }

  /// Whether the bytes may be the start of a record; cheap, to pass over erased places.
  func mayBegin(_ bytes: Span<UInt8>) -> Bool { header(bytes) != nil }

  /// Reads a record from the bytes before its seal; `nil` if anything about them is wrong.
  func header(checking bytes: Span<UInt8>) -> JournalRecordHeader? {
    guard let header = header(bytes) else { return nil }
    let end = JournalRecordShape.headerSize + header.payloadCount
    guard end + JournalRecordShape.checksumSize <= bytes.count else { return nil }
    var cursor = ByteCursor(bytes.extracting(end..<end + JournalRecordShape.checksumSize))
    guard let checksum = try? cursor.readLittleEndian(UInt32.self),
      checksum == CRC32.checksum(of: bytes.extracting(0..<end))
    else { return nil }
    return header
  }

  /// Writes header, payload and checksum to the start of `bytes`.
  ///
  /// - Returns: how many bytes these are.
  func serialize(
    sequence: UInt32, payload: Span<UInt8>, into bytes: inout MutableSpan<UInt8>
  ) throws(ParseError) -> Int {
    let end = JournalRecordShape.headerSize + payload.count
    guard payload.count <= payloadCapacity, end + JournalRecordShape.checksumSize <= bytes.count else {
      throw ParseError(.capacityExceeded, at: 0)
    }
    try serializeBody(sequence: sequence, payload: payload, into: bytes.prefix(end))
    let checksum = CRC32.checksum(of: bytes.span.extracting(0..<end))
    for index in 0..<JournalRecordShape.checksumSize {
      bytes[end + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index))
    }
    return end + JournalRecordShape.checksumSize
  }

  private func serializeBody(
    sequence: UInt32, payload: Span<UInt8>, into bytes: consuming MutableSpan<UInt8>
  ) throws(ParseError) {
    var writer = ByteWriter(bytes)
    try writer.writeLittleEndian(JournalRecordShape.magic)
    try writer.write(byte: JournalRecordShape.version)
    try writer.write(byte: 0)
    try writer.writeLittleEndian(UInt16(truncatingIfNeeded: payload.count))
    try writer.writeLittleEndian(sequence)
    try writer.write(payload)
  }
}
