// The byte layout is in Docs/PowerLossModel.md; all integers are little endian. A reader refuses every version but
// its own: a journal is never carried over to firmware that would guess at it.

extension DeviceState {
  /// The version byte of the serialised form.
  public static var formatVersion: UInt8 { 1 }

  /// No form that ``serialize(into:)`` writes is longer, in bytes, on a device with one image in a slot.
  ///
  /// The longest has 291; the number is a multiple of 32, which suits the write sizes of flash.
  public static var maximumSize: Int { 320 }

  /// No form that ``serialize(into:)`` writes is longer, in bytes, on a device with so many images in a slot.
  ///
  /// - Parameter images: from 1 to ``CompanionImages/maximumCount`` + 1.
  /// - Returns: ``maximumSize``, and 144 more for each image beside the first: two slots, each with a digest of up to 64
  ///   bytes, its algorithm and a size.
  public static func maximumSize(images: Int) -> Int { maximumSize + 144 * (images - 1) }

  /// Appends the serialised form.
  ///
  /// - Throws: kind ``ParseError/Kind/capacityExceeded`` if it does not fit.
  public func serialize(into writer: inout ByteWriter) throws(ParseError) {
    try writer.write(byte: DeviceState.formatVersion)
    switch boot.selection {
    case .confirmed(let slot):
      try writer.write(byte: slot.rawValue)
      try writer.write(byte: 0xff)
    case .trial(let slot, let attemptsLeft):
      try writer.write(byte: slot.rawValue | 0x80)
      try writer.write(byte: attemptsLeft)
    }
    try boot.slotA.serialize(into: &writer)
    try boot.slotB.serialize(into: &writer)
    try writer.writeLittleEndian(boot.securityCounter.rawValue)
    try boot.lastRevert.serialize(into: &writer)
    try boot.placement.serialize(into: &writer)
    try update.serialize(into: &writer)
  }

  /// Reads the serialised form.
  ///
  /// - Throws: kind ``ParseError/Kind/unsupported`` for another version, ``ParseError/Kind/truncated`` or
  ///   ``ParseError/Kind/invalidValue`` for anything that ``serialize(into:)`` does not write. Bytes behind the form
  ///   are left in the cursor.
  public init(parsing cursor: inout ByteCursor) throws(ParseError) {
    let versionOffset = cursor.offset
    guard try cursor.readByte() == DeviceState.formatVersion else {
      throw ParseError(.unsupported, at: versionOffset)
    }
    let selection = try BootSelection(parsing: &cursor)
    let slotA = try ImageRecord?(parsing: &cursor)
    let slotB = try ImageRecord?(parsing: &cursor)
    let securityCounter = SequenceNumber(try cursor.readLittleEndian())
    let lastRevert = try ErrorCode?(parsing: &cursor)
    let placement = try Placement(parsing: &cursor)
    self.boot = BootState(
      selection: selection, slotA: slotA, slotB: slotB, securityCounter: securityCounter,
      lastRevert: lastRevert, placement: placement)
    self.update = try UpdateRecord(parsing: &cursor)
  }
}

extension BootSelection {
  fileprivate init(parsing cursor: inout ByteCursor) throws(ParseError) {
    let offset = cursor.offset
    let first = try cursor.readByte()
    let second = try cursor.readByte()
    guard let slot = SlotIdentifier(rawValue: first & 0x7f) else {
      throw ParseError(.invalidValue, at: offset)
    }
    if first & 0x80 != 0 {
      self = .trial(slot, attemptsLeft: second)
    } else {
      guard second == 0xff else { throw ParseError(.invalidValue, at: offset + 1) }
      self = .confirmed(slot)
    }
  }
}

extension ImageRecord? {
  package func serialize(into writer: inout ByteWriter) throws(ParseError) {
    guard let record = self else { return try writer.write(byte: 0) }
    try writer.write(byte: 1)
    try record.image.serialize(into: &writer)
    try record.companions.serialize(into: &writer)
    try writer.writeLittleEndian(record.sequenceNumber.rawValue)
    try writer.writeLittleEndian(record.version.major)
    try writer.writeLittleEndian(record.version.minor)
    try writer.writeLittleEndian(record.version.patch)
  }

  package init(parsing cursor: inout ByteCursor) throws(ParseError) {
    let offset = cursor.offset
    switch try cursor.readByte() {
    case 0:
      self = nil
    case 1:
      let image = try ImageDescription(parsing: &cursor)
      let companions = try CompanionImages(parsing: &cursor)
      let sequenceNumber = SequenceNumber(try cursor.readLittleEndian())
      let major = try cursor.readLittleEndian(UInt32.self)
      let minor = try cursor.readLittleEndian(UInt32.self)
      let patch = try cursor.readLittleEndian(UInt32.self)
      self = ImageRecord(
        image: image, companions: companions, sequenceNumber: sequenceNumber,
        version: Version(major, minor, patch))
    default:
      throw ParseError(.invalidValue, at: offset)
    }
  }
}

extension ErrorCode? {
  /// Zero is no error.
  package func serialize(into writer: inout ByteWriter) throws(ParseError) {
    try writer.writeLittleEndian(self?.rawValue ?? 0)
  }

  package init(parsing cursor: inout ByteCursor) throws(ParseError) {
    let offset = cursor.offset
    let number = try cursor.readLittleEndian(UInt16.self)
    guard number != 0 else {
      self = nil
      return
    }
    guard let code = ErrorCode(rawValue: number) else { throw ParseError(.invalidValue, at: offset) }
    self = code
  }
}

extension UpdateRecord {
  package func serialize(into writer: inout ByteWriter) throws(ParseError) {
    switch self {
    case .idle:
      try writer.write(byte: 0)
    case .staging(let offer, let stagedBytes):
      try writer.write(byte: 1)
      try offer.serialize(into: &writer)
      try writer.writeLittleEndian(stagedBytes)
    case .applying(let offer):
      try writer.write(byte: 2)
      try offer.serialize(into: &writer)
    case .rollingBack(let offer, let code):
      try writer.write(byte: 3)
      try offer.serialize(into: &writer)
      try writer.writeLittleEndian(code.rawValue)
    case .reporting(let report):
      try writer.write(byte: 4)
      try report.updateID.serialize(into: &writer)
      try writer.write(byte: report.outcome.kind.rawValue)
      try report.outcome.code.serialize(into: &writer)
    }
  }

  package init(parsing cursor: inout ByteCursor) throws(ParseError) {
    let offset = cursor.offset
    switch try cursor.readByte() {
    case 0:
      self = .idle
    case 1:
      let offer = try Offer(parsing: &cursor)
      self = .staging(offer, stagedBytes: try cursor.readLittleEndian())
    case 2:
      self = .applying(try Offer(parsing: &cursor))
    case 3:
      let offer = try Offer(parsing: &cursor)
      let codeOffset = cursor.offset
      guard let code = try ErrorCode?(parsing: &cursor) else {
        throw ParseError(.invalidValue, at: codeOffset)
      }
      self = .rollingBack(offer, code)
    case 4:
      let updateID = try Digest(parsing: &cursor)
      let outcomeOffset = cursor.offset
      let kind = Report.Outcome.Kind(rawValue: try cursor.readByte())
      let code = try ErrorCode?(parsing: &cursor)
      guard let kind, let outcome = Report.Outcome(kind, code: code) else {
        throw ParseError(.invalidValue, at: outcomeOffset)
      }
      self = .reporting(Report(updateID: updateID, outcome: outcome))
    default:
      throw ParseError(.invalidValue, at: offset)
    }
  }
}

extension Offer {
  fileprivate func serialize(into writer: inout ByteWriter) throws(ParseError) {
    try updateID.serialize(into: &writer)
    try writer.writeLittleEndian(sequenceNumber.rawValue)
    try writer.writeLittleEndian(imageSize)
  }

  fileprivate init(parsing cursor: inout ByteCursor) throws(ParseError) {
    updateID = try Digest(parsing: &cursor)
    sequenceNumber = SequenceNumber(try cursor.readLittleEndian())
    imageSize = try cursor.readLittleEndian()
  }
}

extension ImageDescription {
  func serialize(into writer: inout ByteWriter) throws(ParseError) {
    try digest.serialize(into: &writer)
    try writer.writeLittleEndian(size)
  }

  init(parsing cursor: inout ByteCursor) throws(ParseError) {
    let digest = try Digest(parsing: &cursor)
    self.init(digest: digest, size: try cursor.readLittleEndian())
  }
}

extension Digest {
  /// Appends the COSE number of the algorithm as four bytes, then the digest.
  package func serialize(into writer: inout ByteWriter) throws(ParseError) {
    try writer.writeLittleEndian(UInt32(bitPattern: algorithm.rawValue))
    try writer.write(bytes)
  }

  package init(parsing cursor: inout ByteCursor) throws(ParseError) {
    let offset = cursor.offset
    let number = Int32(bitPattern: try cursor.readLittleEndian(UInt32.self))
    guard let algorithm = DigestAlgorithm(rawValue: number) else {
      throw ParseError(.invalidValue, at: offset)
    }
    try self.init(algorithm: algorithm, bytes: try cursor.readBytes(count: algorithm.byteCount))
  }
}
