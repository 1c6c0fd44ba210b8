import OTACore

/// The keys of a receipt: Docs/ManifestFormat.md.
private enum ReceiptKey {
  static var version: Int64 { 1 }
  static var deviceID: Int64 { 2 }
  static var updateID: Int64 { 3 }
  static var outcome: Int64 { 4 }
  static var code: Int64 { 5 }
  static var runningImage: Int64 { 6 }
  static var runningSequenceNumber: Int64 { 7 }
}

extension BootReceipt {
  /// Encodes the map that is signed.
  func encoded() throws(ManifestError) -> [UInt8] {
    try parsing { () throws(ParseError) in
      try [UInt8](cborUpTo: 256) { (writer) throws(ParseError) in try write(into: &writer) }
    }
  }

  /// Encodes the map that is signed into bytes of the caller, and returns how many these are.
  func write(into bytes: consuming MutableSpan<UInt8>) throws(ParseError) -> Int {
    var writer = CBORWriter(bytes)
    try write(into: &writer)
    return writer.count
  }

  private func write(into writer: inout CBORWriter) throws(ParseError) {
    var device = InlineArray<16, UInt8>(repeating: 0)
    var bytes = ByteWriter(device.mutableSpan)
    try deviceID.serialize(into: &bytes)
    try writer.writeMapHeader(outcome.code == nil ? 6 : 7)
    try writer.writeInteger(ReceiptKey.version)
    try writer.writeUnsigned(BootReceipt.formatVersion)
    try writer.writeInteger(ReceiptKey.deviceID)
    try writer.writeByteString(device.span)
    try writer.writeInteger(ReceiptKey.updateID)
    try writer.write(updateID)
    try writer.writeInteger(ReceiptKey.outcome)
    try writer.writeUnsigned(UInt64(outcome.kind.rawValue))
    if let code = outcome.code {
      try writer.writeInteger(ReceiptKey.code)
      try writer.writeUnsigned(UInt64(code.rawValue))
    }
    try writer.writeInteger(ReceiptKey.runningImage)
    try writer.write(runningImage)
    try writer.writeInteger(ReceiptKey.runningSequenceNumber)
    try writer.writeUnsigned(runningSequenceNumber.rawValue)
  }

  /// Decodes the map that was signed.
  init(parsing bytes: Span<UInt8>) throws(ManifestError) {
    var reader = CBORReader(bytes)
    let count = try readMapHeader(&reader)
    var (isVersioned, deviceID, updateID) = (false, UniversalIdentifier?.none, Digest?.none)
    var (kind, code) = (Report.Outcome.Kind?.none, ErrorCode?.none)
    var (image, sequenceNumber) = (Digest?.none, SequenceNumber?.none)
    var previous: Int64?
    for _ in 0..<count {
      let key = try readKey(&reader, after: &previous)
      let offset = reader.offset
      switch key {
      case ReceiptKey.version:
        let version = try readUnsigned(&reader)
        guard version == BootReceipt.formatVersion else { throw .unsupportedVersion(version) }
        isVersioned = true
      case ReceiptKey.deviceID: deviceID = try readIdentifier(&reader)
      case ReceiptKey.updateID: updateID = try readDigest(&reader)
      case ReceiptKey.outcome:
        guard let number = UInt8(exactly: try readUnsigned(&reader)),
          let known = Report.Outcome.Kind(rawValue: number)
        else { throw .malformed(ParseError(.invalidValue, at: offset)) }
        kind = known
      case ReceiptKey.code:
        guard let number = UInt16(exactly: try readUnsigned(&reader)), let known = ErrorCode(rawValue: number)
        else { throw .malformed(ParseError(.invalidValue, at: offset)) }
        code = known
      case ReceiptKey.runningImage: image = try readDigest(&reader)
      case ReceiptKey.runningSequenceNumber: sequenceNumber = SequenceNumber(try readUnsigned(&reader))
      default: throw .unsupportedMember(key)
      }
    }
    try requireEnd(reader)
    guard isVersioned else { throw .missingMember(ReceiptKey.version) }
    guard let deviceID else { throw .missingMember(ReceiptKey.deviceID) }
    guard let updateID else { throw .missingMember(ReceiptKey.updateID) }
    guard let kind else { throw .missingMember(ReceiptKey.outcome) }
    // An installed update has no reason, and every other one has.
    guard let outcome = Report.Outcome(kind, code: code) else {
      throw code == nil ? .missingMember(ReceiptKey.code) : .unsupportedMember(ReceiptKey.code)
    }
    guard let image else { throw .missingMember(ReceiptKey.runningImage) }
    guard let sequenceNumber else { throw .missingMember(ReceiptKey.runningSequenceNumber) }
    self.init(
      deviceID: deviceID, updateID: updateID, outcome: outcome, runningImage: image,
      runningSequenceNumber: sequenceNumber)
  }
}
