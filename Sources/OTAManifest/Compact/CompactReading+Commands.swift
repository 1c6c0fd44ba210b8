import OTACore

extension CompactReading {
  /// Runs one sequence: collects parameters, and checks that each command has a meaning where it stands.
  mutating func run(_ range: Range<Int>, as stage: Stage, of bytes: Span<UInt8>) throws(CompactRefusal) {
    var reader = CompactReader(range, of: bytes)
    let count = try reader.count(.array)
    guard count > 0, count % 2 == 0 else { throw .malformed }
    for _ in 0..<count / 2 {
      let code = Int64(try reader.integer())
      switch code {
      case SUITCode.setComponentIndex: try checkIndex(&reader)
      case SUITCode.overrideParameters:
        guard stage == .shared || stage == .update else { throw .unsupportedCommand }
        try setParameters(&reader, isShared: stage == .shared, of: bytes)
      case SUITCode.tryEach:
        guard stage == .update, !isFetched else { throw .unsupportedCommand }
        try readAlternatives(&reader, of: bytes)
        isFetched = true
      case ..<SUITCode.lastRegistered:
        try skipArgument(&reader)
        guard stage == .update, !isFetched else { throw .unsupportedCommand }
        try evaluateCustom(code)
      default:
        try skipReportingPolicy(&reader)
        try perform(code, in: stage)
      }
    }
    try reader.requireEnd()
  }

  /// There is one component: number 0, or all.
  private func checkIndex(_ reader: inout CompactReader) throws(CompactRefusal) {
    if reader.kind == .simple {
      // true
      guard try reader.argument(.simple) == 21 else { throw .unsupportedCommand }
      return
    }
    guard try reader.argument(.unsigned) == 0 else { throw .unsupportedCommand }
  }

  /// A condition or a directive without arguments.
  private mutating func perform(_ code: Int64, in stage: Stage) throws(CompactRefusal) {
    switch code {
    case SUITCode.vendorIdentifier:
      guard vendorID != nil else { throw .missing }
      checked.insert(Checked.vendor)
    case SUITCode.classIdentifier:
      guard classID != nil else { throw .missing }
      checked.insert(Checked.deviceClass)
    case SUITCode.deviceIdentifier:
      guard deviceID != nil else { throw .missing }
      checked.insert(Checked.device)
    case SUITCode.imageMatch:
      guard imageDigest != nil else { throw .missing }
      // Before the fetch it would be a test of what is there now.
      guard isFetched else { throw .unsupportedCommand }
      if stage == .validate { isValidated = true }
    case SUITCode.fetch:
      guard stage == .update, !isFetched else { throw .unsupportedCommand }
      guard hasURI else { throw .missing }
      isFetched = true
    case SUITCode.invoke:
      guard stage == .invoke, !isInvoked else { throw .unsupportedCommand }
      isInvoked = true
    default:
      throw .unsupportedCommand
    }
  }

  private mutating func evaluateCustom(_ code: Int64) throws(CompactRefusal) {
    switch code {
    case SUITCode.hardwareRevision:
      guard hardwareRevisions != nil else { throw .missing }
      checked.insert(Checked.hardwareRevision)
    case SUITCode.requiredVersion:
      guard requiredVersion != nil else { throw .missing }
      checked.insert(Checked.requiredVersion)
    default:
      throw .unsupportedCommand
    }
  }

  /// Takes the payloads of which one will be fetched: each a sequence of parameters, question, and fetch.
  private mutating func readAlternatives(
    _ reader: inout CompactReader, of bytes: Span<UInt8>
  ) throws(CompactRefusal) {
    let count = try reader.count(.array)
    guard count >= 2 else { throw .malformed }
    guard count <= Manifest.maximumPayloadCount else { throw .limitExceeded }
    for index in 0..<count {
      alternatives[index] = try readAlternative(try reader.string(), of: bytes)
    }
    alternativeCount = count
  }

  private func readAlternative(_ range: Range<Int>, of bytes: Span<UInt8>) throws(CompactRefusal) -> Range<
    Int
  > {
    var reader = CompactReader(range, of: bytes)
    guard try reader.count(.array) == 6, try reader.integer() == SUITCode.overrideParameters else {
      throw .unsupportedCommand
    }
    guard try reader.count(.map) == 2 else {
      throw .unsupportedCommand
    }
    var previous: Int32?
    guard try reader.key(after: &previous) == SUITParameterKey.uri else {
      throw .missing
    }
    try readURI(&reader)
    guard try reader.key(after: &previous) == SUITParameterKey.fetchArguments else {
      throw .missing
    }
    let arguments = try reader.string()
    guard try reader.integer() == SUITCode.usablePayload else {
      throw .unsupportedCommand
    }
    try skipArgument(&reader)
    guard try reader.integer() == SUITCode.fetch else { throw .unsupportedCommand }
    try skipReportingPolicy(&reader)
    try reader.requireEnd()
    return arguments
  }

  /// Sets parameters, each once in the whole manifest: a second value could replace one that was already checked.
  private mutating func setParameters(
    _ reader: inout CompactReader, isShared: Bool, of bytes: Span<UInt8>
  ) throws(CompactRefusal) {
    let count = try reader.count(.map)
    guard count > 0 else { throw .malformed }
    var previous: Int32?
    for _ in 0..<count {
      let key = Int64(try reader.key(after: &previous))
      switch key {
      case SUITParameterKey.vendorIdentifier:
        vendorID = try once(vendorID, try reader.identifier(), key)
      case SUITParameterKey.classIdentifier: classID = try once(classID, try reader.identifier(), key)
      case SUITParameterKey.deviceIdentifier: deviceID = try once(deviceID, try reader.identifier(), key)
      case SUITParameterKey.imageDigest:
        imageDigest = try once(imageDigest, try readDigest(&reader, of: bytes), key)
      case SUITParameterKey.imageSize: imageSize = try once(imageSize, try reader.argument(.unsigned), key)
      case SUITParameterKey.uri:
        guard !hasURI else { throw .unsupportedCommand }
        try readURI(&reader)
        hasURI = true
      case SUITParameterKey.fetchArguments:
        fetchArguments = try once(fetchArguments, try reader.string(), key)
      // Section 8.4.8.14: not in the shared sequence, which devices of other makers read too.
      case SUITParameterKey.hardwareRevisions where !isShared:
        hardwareRevisions = try once(hardwareRevisions, try readRevisions(&reader, of: bytes), key)
      case SUITParameterKey.newVersion where !isShared:
        newVersion = try once(newVersion, try readVersion(&reader, of: bytes), key)
      case SUITParameterKey.requiredVersion where !isShared:
        requiredVersion = try once(requiredVersion, try readVersion(&reader, of: bytes), key)
      // A device without heap has one component.
      case SUITParameterKey.dependencies where !isShared: throw CompactRefusal(.dependencyMissing)
      default: throw .unsupportedCommand
      }
    }
  }

  private func once<Value>(_ old: Value?, _ new: Value, _ key: Int64) throws(CompactRefusal) -> Value {
    guard old == nil else { throw .unsupportedCommand }
    return new
  }

  private func readURI(_ reader: inout CompactReader) throws(CompactRefusal) {
    guard try !reader.string(.text).isEmpty else { throw .malformed }
  }

  /// A byte string that wraps one digest.
  private func readDigest(
    _ reader: inout CompactReader, of bytes: Span<UInt8>
  ) throws(CompactRefusal) -> Digest {
    var inner = CompactReader(try reader.string(), of: bytes)
    let digest = try inner.digest()
    try inner.requireEnd()
    return digest
  }

  /// `[lowest, highest]`, both included.
  private func readRevisions(
    _ reader: inout CompactReader, of bytes: Span<UInt8>
  ) throws(CompactRefusal) -> ClosedRange<UInt32> {
    let range = try reader.string()
    var inner = CompactReader(range, of: bytes)
    guard try inner.count(.array) == 2 else {
      throw .malformed
    }
    let low = try inner.word()
    let high = try inner.word()
    try inner.requireEnd()
    guard low <= high else { throw .malformed }
    return low...high
  }

  /// `[major, minor, patch]`.
  private func readVersion(
    _ reader: inout CompactReader, of bytes: Span<UInt8>
  ) throws(CompactRefusal) -> Version {
    let range = try reader.string()
    var inner = CompactReader(range, of: bytes)
    guard try inner.count(.array) == 3 else {
      throw .malformed
    }
    let version = Version(try inner.word(), try inner.word(), try inner.word())
    try inner.requireEnd()
    return version
  }

  /// Four bits: draft-ietf-suit-manifest-37, section 8.4.7.
  private func skipReportingPolicy(_ reader: inout CompactReader) throws(CompactRefusal) {
    guard try reader.argument(.unsigned) <= 15 else { throw .malformed }
  }

  private func skipArgument(_ reader: inout CompactReader) throws(CompactRefusal) {
    try reader.skipSimple()
  }
}
