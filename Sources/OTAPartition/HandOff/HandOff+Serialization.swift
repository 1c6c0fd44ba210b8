public import OTACore

// The byte layout is in Docs/BootChain.md; all integers are little endian. What has no meaning is zero, and a reader
// refuses anything else: every value has one form.

extension HandOff {
  /// The size of the serialised form, in bytes.
  public static var byteCount: Int { 400 }
  /// The version byte of the serialised form.
  public static var formatVersion: UInt8 { 1 }

  private static var magic: UInt32 { 0x4841_544f }
  private static var noSlot: UInt8 { 0xff }

  /// Appends the serialised form, ``byteCount`` bytes.
  ///
  /// - Throws: kind `ParseError.Kind.capacityExceeded` if it does not fit, and then nothing was written.
  public func serialize(into writer: inout ByteWriter) throws(ParseError) {
    var buffer = InlineArray<400, UInt8>(repeating: 0)
    let count = try serializeFields(into: buffer.mutableSpan)
    let checksum = CRC32.checksum(of: buffer.span.extracting(0..<HandOff.byteCount - 4))
    for index in 0..<4 {
      buffer[HandOff.byteCount - 4 + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index))
    }
    guard count <= HandOff.byteCount - 4, writer.remaining >= HandOff.byteCount else {
      throw ParseError(.capacityExceeded, at: writer.count)
    }
    try writer.write(buffer.span)
  }

  /// Writes the form to the start of memory, for the next stage.
  ///
  /// - Throws: kind `ParseError.Kind.capacityExceeded` if the memory is shorter than ``byteCount``.
  public func store(in memory: inout MutableSpan<UInt8>) throws(ParseError) {
    guard memory.count >= HandOff.byteCount else { throw ParseError(.capacityExceeded, at: 0) }
    var writer = ByteWriter(memory.prefix(HandOff.byteCount))
    try serialize(into: &writer)
  }

  /// Reads the form at the start of memory, and voids it there, so that what one boot left is never taken for another's.
  ///
  /// - Parameter memory: at least ``byteCount`` bytes; those behind are left alone.
  /// - Returns: what the boot loader left.
  /// - Throws: as ``init(parsing:)``. The memory is voided then too.
  public static func take(from memory: inout MutableSpan<UInt8>) throws(ParseError) -> HandOff {
    guard memory.count >= HandOff.byteCount else { throw ParseError(.truncated, at: memory.count) }
    var copy = InlineArray<400, UInt8>(repeating: 0)
    for index in 0..<HandOff.byteCount {
      copy[index] = memory[index]
      memory[index] = 0
    }
    return try HandOff(parsing: copy.span)
  }

  /// Reads the serialised form.
  ///
  /// - Parameter bytes: as many as ``byteCount``.
  /// - Throws: kind `ParseError.Kind.truncated` or `ParseError.Kind.trailingBytes` for another number of bytes;
  ///   `ParseError.Kind.invalidValue` if they do not begin as a hand-off does; `ParseError.Kind.unsupported` for another
  ///   version; `ParseError.Kind.checksumMismatch`; behind a good checksum `ParseError.Kind.invalidValue` for anything
  ///   that ``serialize(into:)`` does not write, measurements whose entries do not lead to their value included, and
  ///   `ParseError.Kind.limitExceeded` for more than ``MeasurementLog/capacity`` of them.
  public init(parsing bytes: Span<UInt8>) throws(ParseError) {
    guard bytes.count >= HandOff.byteCount else { throw ParseError(.truncated, at: bytes.count) }
    guard bytes.count == HandOff.byteCount else { throw ParseError(.trailingBytes, at: HandOff.byteCount) }
    let body = bytes.extracting(0..<HandOff.byteCount - 4)
    var cursor = ByteCursor(body)
    guard try cursor.readLittleEndian(UInt32.self) == HandOff.magic else {
      throw ParseError(.invalidValue, at: 0)
    }
    guard try cursor.readByte() == HandOff.formatVersion else { throw ParseError(.unsupported, at: 4) }
    var tail = ByteCursor(bytes.extracting(body.count..<bytes.count), origin: body.count)
    guard try tail.readLittleEndian(UInt32.self) == CRC32.checksum(of: body) else {
      throw ParseError(.checksumMismatch, at: body.count)
    }

    let kind = try cursor.readByte()
    let slotNumber = try cursor.readByte()
    let flags = try cursor.readByte()
    let attemptsLeft = try cursor.readByte()
    let entryCount = Int(try cursor.readByte())
    let cause = try cursor.readErrorCode()
    lastRevert = try cursor.readErrorCode()
    guard try cursor.readLittleEndian(UInt16.self) == 0 else { throw ParseError(.invalidValue, at: 14) }
    reason = try Reason(kind, attemptsLeft: attemptsLeft, cause: cause)
    slot = try HandOff.slot(slotNumber, for: kind)
    guard flags & ~3 == 0 else { throw ParseError(.invalidValue, at: 7) }
    isRecorded = flags & 1 != 0
    let counter = try cursor.readLittleEndian(UInt64.self)
    guard flags & 2 != 0 || counter == 0 else { throw ParseError(.invalidValue, at: 16) }
    securityCounter = flags & 2 != 0 ? SequenceNumber(counter) : nil
    image = try cursor.readDigest()
    measurements = try MeasurementLog(parsing: &cursor, count: entryCount)
    try cursor.requireZeros()
  }

  /// Writes everything but the checksum and returns its length.
  private func serializeFields(into bytes: consuming MutableSpan<UInt8>) throws(ParseError) -> Int {
    var writer = ByteWriter(bytes)
    try writer.writeLittleEndian(HandOff.magic)
    try writer.write(byte: HandOff.formatVersion)
    try writer.write(byte: reason.number)
    try writer.write(byte: slot?.rawValue ?? HandOff.noSlot)
    try writer.write(byte: (isRecorded ? 1 : 0) | (securityCounter != nil ? 2 : 0))
    try writer.write(byte: reason.attemptsLeft)
    try writer.write(byte: UInt8(truncatingIfNeeded: measurements.count))
    try writer.writeLittleEndian(reason.cause?.rawValue ?? 0)
    try writer.writeLittleEndian(lastRevert?.rawValue ?? 0)
    try writer.writeLittleEndian(UInt16(0))
    try writer.writeLittleEndian(securityCounter?.rawValue ?? 0)
    try writer.writeLittleEndian(UInt32(bitPattern: image.algorithm.rawValue))
    try writer.write(image.bytes)
    try writer.write(repeating: 0, count: 64 - image.bytes.count)
    try measurements.serialize(into: &writer)
    return writer.count
  }

  /// The slot, which the golden image has not and every other image has.
  private static func slot(_ number: UInt8, for kind: UInt8) throws(ParseError) -> SlotIdentifier? {
    let slot = SlotIdentifier(rawValue: number)
    let isRecovery = kind == Reason.recoveryNumber
    guard isRecovery ? number == noSlot : slot != nil else { throw ParseError(.invalidValue, at: 6) }
    return slot
  }
}

extension HandOff.Reason {
  fileprivate static var recoveryNumber: UInt8 { 5 }

  fileprivate var number: UInt8 {
    switch self {
    case .confirmed: 1
    case .trial: 2
    case .reverted: 3
    case .fallback: 4
    case .recovery: HandOff.Reason.recoveryNumber
    }
  }

  fileprivate var attemptsLeft: UInt8 {
    switch self {
    case .trial(let attemptsLeft): attemptsLeft
    case .confirmed, .reverted, .fallback, .recovery: 0
    }
  }

  /// Why, where there is a reason.
  public var cause: ErrorCode? {
    switch self {
    case .reverted(let cause), .recovery(let cause): cause
    case .confirmed, .trial, .fallback: nil
    }
  }

  /// Puts a reason together, with a cause where there must be one and none elsewhere.
  fileprivate init(_ number: UInt8, attemptsLeft: UInt8, cause: ErrorCode?) throws(ParseError) {
    guard attemptsLeft == 0 || number == 2 else { throw ParseError(.invalidValue, at: 8) }
    switch (number, cause) {
    case (1, nil): self = .confirmed
    case (2, nil): self = .trial(attemptsLeft: attemptsLeft)
    case (3, .some(let cause)): self = .reverted(cause)
    case (4, nil): self = .fallback
    case (HandOff.Reason.recoveryNumber, .some(let cause)): self = .recovery(cause)
    case (1...5, _): throw ParseError(.invalidValue, at: 10)
    case (_, _): throw ParseError(.invalidValue, at: 5)
    }
  }
}

extension MeasurementLog {
  /// Writes the value and all places for entries, those that are not used as zeros.
  fileprivate func serialize(into writer: inout ByteWriter) throws(ParseError) {
    try writer.write(measurement.value.bytes)
    for index in 0..<count {
      try writer.write(byte: self[index].kind.rawValue)
      try writer.write(self[index].digest.bytes)
    }
    try writer.write(repeating: 0, count: (MeasurementLog.capacity - count) * 33)
  }

  fileprivate init(parsing cursor: inout ByteCursor, count: Int) throws(ParseError) {
    guard count <= MeasurementLog.capacity else { throw ParseError(.limitExceeded, at: 9) }
    let valueOffset = cursor.offset
    let value = Measurement(value: Digest(measured: try cursor.readBytes(count: 32)))
    self.init()
    for _ in 0..<count {
      let offset = cursor.offset
      guard let kind = StageKind(rawValue: try cursor.readByte()) else {
        throw ParseError(.invalidValue, at: offset)
      }
      let digest = Digest(measured: try cursor.readBytes(count: 32))
      do throws(MeasurementError) {
        try extend(kind, with: digest)
      } catch {
        throw ParseError(.limitExceeded, at: offset)
      }
    }
    guard measurement == value else { throw ParseError(.invalidValue, at: valueOffset) }
  }
}

extension ByteCursor {
  /// Reads the number of an error; zero is none.
  fileprivate mutating func readErrorCode() throws(ParseError) -> ErrorCode? {
    let start = offset
    let number = try readLittleEndian(UInt16.self)
    guard number != 0 else { return nil }
    guard let code = ErrorCode(rawValue: number) else { throw ParseError(.invalidValue, at: start) }
    return code
  }

  /// Reads a digest that has room for the longest, the rest zeros.
  fileprivate mutating func readDigest() throws(ParseError) -> Digest {
    let start = offset
    let number = Int32(bitPattern: try readLittleEndian(UInt32.self))
    guard let algorithm = DigestAlgorithm(rawValue: number) else {
      throw ParseError(.invalidValue, at: start)
    }
    let digest = try Digest(algorithm: algorithm, bytes: try readBytes(count: algorithm.byteCount))
    try requireZeros(64 - algorithm.byteCount)
    return digest
  }

  /// Refuses what is left, or so many bytes of it, if it is not zero.
  fileprivate mutating func requireZeros(_ count: Int? = nil) throws(ParseError) {
    let start = offset
    let rest = try readBytes(count: count ?? remaining)
    for index in 0..<rest.count where rest[index] != 0 { throw ParseError(.invalidValue, at: start + index) }
  }
}
