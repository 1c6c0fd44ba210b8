import OTACore
import OTACrypto

/// What the commands of a manifest say, collected without heap: as `SUITUpdate` does.
struct CompactReading {
  /// Which sequence runs.
  enum Stage: UInt8 {
    case shared
    case update
    case validate
    case invoke
  }

  /// Conditions that were asked for, a bit for each.
  struct Checked {
    var bits: UInt8 = 0
    static var vendor: UInt8 { 1 }
    static var deviceClass: UInt8 { 2 }
    static var device: UInt8 { 4 }
    static var hardwareRevision: UInt8 { 8 }
    static var requiredVersion: UInt8 { 16 }

    mutating func insert(_ bit: UInt8) { bits |= bit }
    func contains(_ bit: UInt8) -> Bool { bits & bit != 0 }
  }

  var sequenceNumber = SequenceNumber(0)
  var component = 0..<0
  var checked = Checked()
  var isFetched = false
  var isValidated = false
  var isInvoked = false
  var vendorID: UniversalIdentifier?
  var classID: UniversalIdentifier?
  var deviceID: UniversalIdentifier?
  var imageDigest: Digest?
  var imageSize: UInt64?
  var hasURI = false
  var fetchArguments: Range<Int>?
  var hardwareRevisions: ClosedRange<UInt32>?
  var newVersion: Version?
  var requiredVersion: Version?
  /// The fetch arguments of each payload of which one is taken.
  var alternatives = InlineArray<8, Range<Int>>(repeating: 0..<0)
  var alternativeCount = 0

  private var shared: Range<Int>?
  private var validate: Range<Int>?
  private var invoke: Range<Int>?
  private var payloadFetch: Range<Int>?
  private var install: Range<Int>?

  /// Reads the manifest and runs its sequences; nothing is held against a device yet.
  mutating func read(_ envelope: CompactEnvelope, of bytes: Span<UInt8>) throws(CompactRefusal) {
    try readMembers(envelope, of: bytes)
    if let shared { try run(shared, as: .shared, of: bytes) }
    guard checked.contains(Checked.vendor) else { throw .missing }
    guard checked.contains(Checked.deviceClass) else { throw .missing }
    if let payloadFetch { try run(payloadFetch, as: .update, of: bytes) }
    if let install { try run(install, as: .update, of: bytes) }
    guard isFetched else { throw .missing }
    if let validate { try run(validate, as: .validate, of: bytes) }
    guard isValidated else { throw .missing }
    if let invoke { try run(invoke, as: .invoke, of: bytes) }
  }

  private mutating func readMembers(
    _ envelope: CompactEnvelope, of bytes: Span<UInt8>
  ) throws(CompactRefusal) {
    let range = envelope.manifest.contents
    var reader = CompactReader(range, of: bytes)
    let count = try reader.count(.map)
    // Version, sequence number and the common part must be there, and what is severed must be known: a bit for each.
    var seen: UInt32 = 0
    var previous: Int32?
    for _ in 0..<count {
      let key = Int64(try reader.key(after: &previous))
      if key >= 0, key < 32 { seen |= 1 << UInt32(truncatingIfNeeded: key) }
      switch key {
      case SUITKey.version:
        let number = try reader.argument(.unsigned)
        guard number == 1 else { throw .unsupported }
      case SUITKey.sequenceNumber: sequenceNumber = SequenceNumber(try reader.argument(.unsigned))
      case SUITKey.common: try readCommon(try reader.string(), of: bytes)
      case SUITKey.referenceURI: _ = try reader.string(.text)
      case SUITKey.validate: validate = try reader.string()
      // It always has a command, and none is understood.
      case SUITKey.load: throw .unsupported
      case SUITKey.invoke: invoke = try reader.string()
      case SUITKey.payloadFetch:
        payloadFetch = try sequence(key, envelope.payloadFetch, &reader, of: bytes)
      case SUITKey.install: install = try sequence(key, envelope.install, &reader, of: bytes)
      case SUITKey.text:
        // It decides nothing, and nobody here reads it.
        _ = try member(envelope.text, &reader, of: bytes)
      default: throw .unsupported
      }
    }
    try reader.requireEnd()
    for key in SUITKey.version...SUITKey.common {
      guard seen >> UInt32(truncatingIfNeeded: key) & 1 != 0 else { throw .missing }
    }
    // A severed member that the manifest does not know is not authenticated by anything.
    try requireKnown(SUITKey.payloadFetch, envelope.payloadFetch, seen)
    try requireKnown(SUITKey.install, envelope.install, seen)
    try requireKnown(SUITKey.text, envelope.text, seen)
  }

  private func requireKnown(
    _ key: Int64, _ member: SUITEnvelope.Member?, _ seen: UInt32
  ) throws(CompactRefusal) {
    guard member == nil || seen >> UInt32(truncatingIfNeeded: key) & 1 != 0 else {
      throw .unsupported
    }
  }

  private func sequence(
    _ key: Int64, _ severed: SUITEnvelope.Member?, _ reader: inout CompactReader, of bytes: Span<UInt8>
  ) throws(CompactRefusal) -> Range<Int> {
    guard let range = try member(severed, &reader, of: bytes) else { throw .missing }
    return range
  }

  /// Finds the contents of a severable member; `nil` if only its digest is left.
  private func member(
    _ severed: SUITEnvelope.Member?, _ reader: inout CompactReader, of bytes: Span<UInt8>
  ) throws(CompactRefusal) -> Range<Int>? {
    if reader.kind == .bytes {
      // Both in the manifest and in the envelope: the second is not authenticated.
      guard severed == nil else { throw .malformed }
      return try reader.string()
    }
    let digest = try reader.digest()
    guard let severed else { return nil }
    try checkCompact(digest, of: severed, in: bytes)
    return severed.contents
  }

  private mutating func readCommon(_ range: Range<Int>, of bytes: Span<UInt8>) throws(CompactRefusal) {
    var reader = CompactReader(range, of: bytes)
    let count = try reader.count(.map)
    var previous: Int32?
    for _ in 0..<count {
      let key = Int64(try reader.key(after: &previous))
      switch key {
      case SUITKey.components:
        guard try reader.count(.array) == 1, try reader.count(.array) == 1 else {
          throw CompactRefusal(.unknownComponent)
        }
        component = try reader.string()
      case SUITKey.sharedSequence: shared = try reader.string()
      default: throw .unsupported
      }
    }
    try reader.requireEnd()
    guard !component.isEmpty else { throw CompactRefusal(.unknownComponent) }
  }
}
