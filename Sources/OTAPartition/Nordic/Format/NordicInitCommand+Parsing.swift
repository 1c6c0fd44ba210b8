import OTACore

extension NordicInitCommand {
  /// Reads a command.
  ///
  /// - Parameter bytes: the command alone, as it was signed.
  /// - Throws: ``NordicError/malformed(_:)`` for bytes that are not a command, in strict form: each field once and in
  ///   ascending order, each number in its shortest form, nothing that is not known, and no more of anything than a boot
  ///   loader takes; ``NordicError/typeMissing``.
  public init(parsing bytes: Span<UInt8>) throws(NordicError) {
    var command = NordicInitCommand(.application)
    do throws(ParseError) {
      var reader = ProtobufReader(bytes)
      guard try command.read(&reader) else { throw ParseError(.truncated, at: -1) }
    } catch {
      throw error.offset < 0 ? .typeMissing : .malformed(error)
    }
    self = command
  }

  /// Reads all fields.
  ///
  /// - Returns: whether the one that must be there was there.
  private mutating func read(_ reader: inout ProtobufReader) throws(ParseError) -> Bool {
    var hasType = false
    while let field = try reader.nextField(repeating: 10) {
      switch field.number {
      case 1: firmwareVersion = try reader.number(of: field)
      case 2: hardwareVersion = try reader.number(of: field)
      case 3: try readSoftDevices(&reader, field)
      case 4:
        type = try reader.kind(of: field)
        hasType = true
      case 5: softDeviceSize = try reader.number(of: field)
      case 6: bootLoaderSize = try reader.number(of: field)
      case 7: applicationSize = try reader.number(of: field)
      case 8: try readHash(&reader, field)
      case 9:
        let value = try reader.number(of: field)
        guard value <= 1 else { throw ParseError(.invalidValue, at: field.offset) }
        isDebug = value == 1
      case 10: try readValidation(&reader, field)
      default: throw field.unknown
      }
    }
    return hasType
  }

  private mutating func readSoftDevices(
    _ reader: inout ProtobufReader, _ field: ProtobufReader.Field
  ) throws(ParseError) {
    try field.expectBytes()
    var list = ProtobufReader(try reader.readBytes(upTo: 5 * NordicInitCommand.maximumSoftDeviceCount))
    while !list.cursor.isAtEnd {
      let identifier = try list.readNumber()
      do throws(NordicError) {
        try addSoftDevice(identifier)
      } catch {
        throw ParseError(.limitExceeded, at: field.offset)
      }
    }
  }

  private mutating func readHash(
    _ reader: inout ProtobufReader, _ field: ProtobufReader.Field
  ) throws(ParseError) {
    try field.expectBytes()
    var message = ProtobufReader(try reader.readBytes(upTo: 2 + 2 + NordicInitCommand.maximumHashSize))
    let (type, bytes) = try message.pair(
      as: HashType.self, in: field, upTo: NordicInitCommand.maximumHashSize)
    hash = NordicHash(type: type, bytes: bytes)
  }

  private mutating func readValidation(
    _ reader: inout ProtobufReader, _ field: ProtobufReader.Field
  ) throws(ParseError) {
    try field.expectBytes()
    var message = ProtobufReader(try reader.readBytes(upTo: 2 + 2 + NordicBytes.capacity))
    let (type, bytes) = try message.pair(as: ValidationType.self, in: field, upTo: NordicBytes.capacity)
    do throws(NordicError) {
      try addValidation(NordicValidation(type: type, bytes: bytes))
    } catch {
      throw ParseError(.limitExceeded, at: field.offset)
    }
  }
}

extension ProtobufReader {
  fileprivate mutating func number(of field: Field) throws(ParseError) -> UInt32 {
    try field.expectNumber()
    return try readNumber()
  }

  /// Reads a number that stands for one of a few things.
  mutating func kind<Kind: RawRepresentable>(of field: Field) throws(ParseError) -> Kind
  where Kind.RawValue == UInt8 {
    guard let raw = UInt8(exactly: try number(of: field)), let kind = Kind(rawValue: raw) else {
      throw ParseError(.unsupported, at: field.offset)
    }
    return kind
  }

  /// Reads a message of a kind and bytes, both of which must be there.
  fileprivate mutating func pair<Kind: RawRepresentable>(
    as type: Kind.Type, in outer: Field, upTo limit: Int
  ) throws(ParseError) -> (Kind, NordicBytes) where Kind.RawValue == UInt8 {
    var kind: Kind?
    var bytes: NordicBytes?
    while let field = try nextField() {
      switch field.number {
      case 1: kind = try self.kind(of: field)
      case 2:
        try field.expectBytes()
        var contents = try readBytes(upTo: limit)
        bytes = NordicBytes(contents.readRemaining())
      default: throw field.unknown
      }
    }
    guard let kind, let bytes else { throw ParseError(.truncated, at: outer.offset) }
    return (kind, bytes)
  }
}
