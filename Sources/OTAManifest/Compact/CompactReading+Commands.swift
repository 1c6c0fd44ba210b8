import OTACore

extension CompactReading {
  /// Runs one sequence: collects parameters, and checks that each command has a meaning where it stands.
  mutating func run(_ range: Range<Int>, as stage: Stage, of bytes: Span<UInt8>) throws(ManifestError) {
    var reader = compactReader(bytes.extracting(range), at: range.lowerBound)
    let count = try readArrayHeader(&reader)
    guard count > 0, count % 2 == 0 else { throw .malformed(ParseError(.invalidValue, at: range.lowerBound)) }
    for _ in 0..<count / 2 {
      let code = try readInteger(&reader)
      switch code {
      case SUITCode.setComponentIndex: try checkIndex(&reader)
      case SUITCode.overrideParameters:
        guard stage == .shared || stage == .update else { throw .unsupportedCommand(code) }
        try setParameters(&reader, isShared: stage == .shared, of: bytes)
      case SUITCode.tryEach:
        guard stage == .update, !isFetched else { throw .unsupportedCommand(code) }
        try readAlternatives(&reader, of: bytes)
        isFetched = true
      case ..<SUITCode.lastRegistered:
        try skipArgument(&reader)
        guard stage == .update, !isFetched else { throw .unsupportedCommand(code) }
        try evaluateCustom(code)
      default:
        try skipReportingPolicy(&reader)
        try perform(code, in: stage)
      }
    }
    try requireEnd(reader)
  }

  /// There is one component: number 0, or all.
  private func checkIndex(_ reader: inout CBORReader) throws(ManifestError) {
    if reader.peekType() == .simple {
      guard try readBool(&reader) else { throw .unsupportedCommand(SUITCode.setComponentIndex) }
      return
    }
    guard try readUnsigned(&reader) == 0 else { throw .unsupportedCommand(SUITCode.setComponentIndex) }
  }

  /// A condition or a directive without arguments.
  private mutating func perform(_ code: Int64, in stage: Stage) throws(ManifestError) {
    switch code {
    case SUITCode.vendorIdentifier:
      guard vendorID != nil else { throw .missingParameter(SUITParameterKey.vendorIdentifier) }
      checked.insert(Checked.vendor)
    case SUITCode.classIdentifier:
      guard classID != nil else { throw .missingParameter(SUITParameterKey.classIdentifier) }
      checked.insert(Checked.deviceClass)
    case SUITCode.deviceIdentifier:
      guard deviceID != nil else { throw .missingParameter(SUITParameterKey.deviceIdentifier) }
      checked.insert(Checked.device)
    case SUITCode.imageMatch:
      guard imageDigest != nil else { throw .missingParameter(SUITParameterKey.imageDigest) }
      // Before the fetch it would be a test of what is there now.
      guard isFetched else { throw .unsupportedCommand(code) }
      if stage == .validate { isValidated = true }
    case SUITCode.fetch:
      guard stage == .update, !isFetched else { throw .unsupportedCommand(code) }
      guard hasURI else { throw .missingParameter(SUITParameterKey.uri) }
      isFetched = true
    case SUITCode.invoke:
      guard stage == .invoke, !isInvoked else { throw .unsupportedCommand(code) }
      isInvoked = true
    default:
      throw .unsupportedCommand(code)
    }
  }

  private mutating func evaluateCustom(_ code: Int64) throws(ManifestError) {
    switch code {
    case SUITCode.hardwareRevision:
      guard hardwareRevisions != nil else { throw .missingParameter(SUITParameterKey.hardwareRevisions) }
      checked.insert(Checked.hardwareRevision)
    case SUITCode.requiredVersion:
      guard requiredVersion != nil else { throw .missingParameter(SUITParameterKey.requiredVersion) }
      checked.insert(Checked.requiredVersion)
    default:
      throw .unsupportedCommand(code)
    }
  }

  /// Takes the payloads of which one will be fetched: each a sequence of parameters, question, and fetch.
  private mutating func readAlternatives(
    _ reader: inout CBORReader, of bytes: Span<UInt8>
  ) throws(ManifestError) {
    let start = reader.offset
    let count = try readArrayHeader(&reader)
    guard count >= 2 else { throw .malformed(ParseError(.invalidValue, at: start)) }
    guard count <= Manifest.maximumPayloadCount else { throw .limitExceeded(.alternatives) }
    for index in 0..<count {
      alternatives[index] = try readAlternative(try readByteStringRange(&reader), of: bytes)
    }
    alternativeCount = count
  }

  private func readAlternative(_ range: Range<Int>, of bytes: Span<UInt8>) throws(ManifestError) -> Range<Int>
  {
    var reader = compactReader(bytes.extracting(range), at: range.lowerBound)
    guard try readArrayHeader(&reader) == 6, try readInteger(&reader) == SUITCode.overrideParameters else {
      throw .unsupportedCommand(SUITCode.tryEach)
    }
    guard try readMapHeader(&reader) == 2 else {
      throw .unsupportedParameter(SUITParameterKey.fetchArguments)
    }
    var previous: Int64?
    guard try readKey(&reader, after: &previous) == SUITParameterKey.uri else {
      throw .missingParameter(SUITParameterKey.uri)
    }
    try readURI(&reader)
    guard try readKey(&reader, after: &previous) == SUITParameterKey.fetchArguments else {
      throw .missingParameter(SUITParameterKey.fetchArguments)
    }
    let arguments = try readByteStringRange(&reader)
    guard try readInteger(&reader) == SUITCode.usablePayload else {
      throw .unsupportedCommand(SUITCode.tryEach)
    }
    try skipArgument(&reader)
    guard try readInteger(&reader) == SUITCode.fetch else { throw .unsupportedCommand(SUITCode.tryEach) }
    try skipReportingPolicy(&reader)
    try requireEnd(reader)
    return arguments
  }

  /// Sets parameters, each once in the whole manifest: a second value could replace one that was already checked.
  private mutating func setParameters(
    _ reader: inout CBORReader, isShared: Bool, of bytes: Span<UInt8>
  ) throws(ManifestError) {
    let start = reader.offset
    let count = try readMapHeader(&reader)
    guard count > 0 else { throw .malformed(ParseError(.invalidValue, at: start)) }
    var previous: Int64?
    for _ in 0..<count {
      let key = try readKey(&reader, after: &previous)
      switch key {
      case SUITParameterKey.vendorIdentifier:
        vendorID = try once(vendorID, try readIdentifier(&reader), key)
      case SUITParameterKey.classIdentifier: classID = try once(classID, try readIdentifier(&reader), key)
      case SUITParameterKey.deviceIdentifier: deviceID = try once(deviceID, try readIdentifier(&reader), key)
      case SUITParameterKey.imageDigest:
        imageDigest = try once(imageDigest, try readWrappedDigest(&reader, of: bytes), key)
      case SUITParameterKey.imageSize: imageSize = try once(imageSize, try readUnsigned(&reader), key)
      case SUITParameterKey.uri:
        guard !hasURI else { throw .unsupportedParameter(key) }
        try readURI(&reader)
        hasURI = true
      case SUITParameterKey.fetchArguments:
        fetchArguments = try once(fetchArguments, try readByteStringRange(&reader), key)
      // Section 8.4.8.14: not in the shared sequence, which devices of other makers read too.
      case SUITParameterKey.hardwareRevisions where !isShared:
        hardwareRevisions = try once(hardwareRevisions, try readRevisions(&reader, of: bytes), key)
      case SUITParameterKey.newVersion where !isShared:
        newVersion = try once(newVersion, try readVersion(&reader, of: bytes), key)
      case SUITParameterKey.requiredVersion where !isShared:
        requiredVersion = try once(requiredVersion, try readVersion(&reader, of: bytes), key)
      // A device without heap has one component.
      case SUITParameterKey.dependencies where !isShared: throw .dependencyMissing
      default: throw .unsupportedParameter(key)
      }
    }
  }

  private func once<Value>(_ old: Value?, _ new: Value, _ key: Int64) throws(ManifestError) -> Value {
    guard old == nil else { throw .unsupportedParameter(key) }
    return new
  }

  private func readURI(_ reader: inout CBORReader) throws(ManifestError) {
    let start = reader.offset
    try skipText(&reader)
    // The head alone: an empty text.
    guard reader.offset - start > 1 else { throw .invalid(.uri) }
  }

  /// `[lowest, highest]`, both included.
  private func readRevisions(
    _ reader: inout CBORReader, of bytes: Span<UInt8>
  ) throws(ManifestError) -> ClosedRange<UInt32> {
    let range = try readByteStringRange(&reader)
    var inner = compactReader(bytes.extracting(range), at: range.lowerBound)
    guard try readArrayHeader(&inner) == 2 else {
      throw .malformed(ParseError(.invalidValue, at: range.lowerBound))
    }
    let low = try readUInt32(&inner)
    let high = try readUInt32(&inner)
    try requireEnd(inner)
    guard low <= high else { throw .malformed(ParseError(.invalidValue, at: range.lowerBound)) }
    return low...high
  }

  /// `[major, minor, patch]`.
  private func readVersion(
    _ reader: inout CBORReader, of bytes: Span<UInt8>
  ) throws(ManifestError) -> Version {
    let range = try readByteStringRange(&reader)
    var inner = compactReader(bytes.extracting(range), at: range.lowerBound)
    guard try readArrayHeader(&inner) == 3 else {
      throw .malformed(ParseError(.invalidValue, at: range.lowerBound))
    }
    let version = Version(try readUInt32(&inner), try readUInt32(&inner), try readUInt32(&inner))
    try requireEnd(inner)
    return version
  }

  /// Four bits: draft-ietf-suit-manifest-37, section 8.4.7.
  private func skipReportingPolicy(_ reader: inout CBORReader) throws(ManifestError) {
    let offset = reader.offset
    guard try readUnsigned(&reader) <= 15 else { throw .malformed(ParseError(.invalidValue, at: offset)) }
  }

  private func skipArgument(_ reader: inout CBORReader) throws(ManifestError) {
    let start = reader.offset
    switch reader.peekType() {
    case .array, .map, .tag: throw .malformed(ParseError(.invalidValue, at: start))
    default: break
    }
    do throws(ParseError) { _ = try reader.readItem() } catch { throw .malformed(error) }
  }
}
