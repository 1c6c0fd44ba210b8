public import OTACore

// The byte layout is in Docs/InPlace.md; all integers are little endian. A reader refuses every version but its own.

extension InPlaceState {
  /// The version byte of the serialised form.
  public static var formatVersion: UInt8 { 1 }

  /// No form that ``serialize(into:)`` writes is longer, in bytes.
  ///
  /// The longest has 346; the number is a multiple of 32, which suits the write sizes of flash.
  public static var maximumSize: Int { 352 }

  /// Appends the serialised form.
  ///
  /// - Throws: kind `ParseError.Kind.capacityExceeded` if it does not fit.
  public func serialize(into writer: inout ByteWriter) throws(ParseError) {
    try writer.write(byte: InPlaceState.formatVersion)
    try writer.writeLittleEndian(securityCounter.rawValue)
    try lastRevert.serialize(into: &writer)
    switch phase {
    case .confirmed(let image, let report):
      try writer.write(byte: 0)
      try ImageRecord?.some(image).serialize(into: &writer)
      try (report.map { .reporting($0) } ?? UpdateRecord.idle).serialize(into: &writer)
    case .applying(let update, let attempts, let stepsDone):
      try writer.write(byte: 1)
      try update.serialize(into: &writer)
      try writer.write(byte: attempts)
      try writer.writeLittleEndian(stepsDone)
    case .trial(let update, let attemptsLeft):
      try writer.write(byte: 2)
      try update.serialize(into: &writer)
      try writer.write(byte: attemptsLeft)
    case .reverting(let update, let cause, let stepsDone):
      try writer.write(byte: 3)
      try update.serialize(into: &writer)
      try ErrorCode?.some(cause).serialize(into: &writer)
      try writer.writeLittleEndian(stepsDone)
    }
  }

  /// Reads the serialised form.
  ///
  /// - Throws: kind `ParseError.Kind.unsupported` for another version, `ParseError.Kind.truncated` or
  ///   `ParseError.Kind.invalidValue` for anything that ``serialize(into:)`` does not write. Bytes behind the form are
  ///   left in the cursor.
  public init(parsing cursor: inout ByteCursor) throws(ParseError) {
    let versionOffset = cursor.offset
    guard try cursor.readByte() == InPlaceState.formatVersion else {
      throw ParseError(.unsupported, at: versionOffset)
    }
    securityCounter = SequenceNumber(try cursor.readLittleEndian())
    lastRevert = try ErrorCode?(parsing: &cursor)
    phase = try InPlacePhase(parsing: &cursor)
  }
}

extension InPlacePhase {
  fileprivate init(parsing cursor: inout ByteCursor) throws(ParseError) {
    let offset = cursor.offset
    switch try cursor.readByte() {
    case 0:
      let image = try ImageRecord(single: &cursor)
      let reportOffset = cursor.offset
      switch try UpdateRecord(parsing: &cursor) {
      case .idle: self = .confirmed(image, report: nil)
      case .reporting(let report): self = .confirmed(image, report: report)
      case .staging, .applying, .rollingBack: throw ParseError(.invalidValue, at: reportOffset)
      }
    case 1:
      let update = try InPlaceUpdate(parsing: &cursor)
      let attempts = try cursor.readByte()
      self = .applying(update, attempts: attempts, stepsDone: try cursor.readLittleEndian())
    case 2:
      let update = try InPlaceUpdate(parsing: &cursor)
      self = .trial(update, attemptsLeft: try cursor.readByte())
    case 3:
      let update = try InPlaceUpdate(parsing: &cursor)
      let causeOffset = cursor.offset
      guard let cause = try ErrorCode?(parsing: &cursor) else {
        throw ParseError(.invalidValue, at: causeOffset)
      }
      self = .reverting(update, cause: cause, stepsDone: try cursor.readLittleEndian())
    default:
      throw ParseError(.invalidValue, at: offset)
    }
  }
}

extension InPlaceUpdate {
  fileprivate func serialize(into writer: inout ByteWriter) throws(ParseError) {
    try ImageRecord?.some(old).serialize(into: &writer)
    try ImageRecord?.some(new).serialize(into: &writer)
    try updateID.serialize(into: &writer)
    try payloadDigest.serialize(into: &writer)
    try writer.writeLittleEndian(payloadSize)
  }

  fileprivate init(parsing cursor: inout ByteCursor) throws(ParseError) {
    old = try ImageRecord(single: &cursor)
    new = try ImageRecord(single: &cursor)
    updateID = try Digest(parsing: &cursor)
    payloadDigest = try Digest(parsing: &cursor)
    payloadSize = try cursor.readLittleEndian()
  }
}

extension ImageRecord {
  /// Reads a record that is there, with one image.
  fileprivate init(single cursor: inout ByteCursor) throws(ParseError) {
    let offset = cursor.offset
    guard let record = try ImageRecord?(parsing: &cursor), record.companions.count == 0 else {
      throw ParseError(.invalidValue, at: offset)
    }
    self = record
  }
}
