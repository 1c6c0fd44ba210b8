import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest

/// A device in memory, which says what it did.
struct SimulatedDevice: SUITPlatform {
  /// What a component holds.
  struct Contents: Equatable {
    var bytes: [UInt8]
    /// A digest that it is said to have, for examples whose image nobody has.
    var claimedDigest: Digest?

    init(_ bytes: [UInt8], claimedDigest: Digest? = nil) {
      self.bytes = bytes
      self.claimedDigest = claimedDigest
    }
  }

  struct Part {
    var name: [[UInt8]]
    var contents: Contents?
    var version: SUITVersion?
    var slot: UInt64?
  }

  /// Something that the signer may not do.
  struct Denial: Equatable {
    var command: Int64
    var part: UInt16
    var signer: KeyIdentifier
  }

  var parts: [Part]
  var vendor = [UInt8](repeating: 0x11, count: 16)
  var enterpriseNumber: [UInt8] = [0x86, 0x8d, 0x1f]
  var deviceClass = [UInt8](repeating: 0x22, count: 16)
  var device = [UInt8](repeating: 0x33, count: 16)
  var resources: [String: Contents] = [:]
  var denials: [Denial] = []
  /// A directive that fails, by its name in the log.
  var failing: String?
  var invocation = SUITInvocation.returned
  var lowestSequenceNumber: SequenceNumber = SequenceNumber(0)
  /// What was done, in its order.
  var log: [String] = []
  var records: [SUITRecord] = []
  var customParameters: [String] = []

  init(_ names: [String]) {
    parts = names.map { name in
      Part(name: name.split(separator: "/").map { Array($0.utf8) }, contents: nil, version: nil, slot: nil)
    }
  }

  func name(_ component: SUITComponentHandle) -> String {
    parts[Int(component.rawValue)].name.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
  }

  func index(of name: String) -> Int {
    guard let index = parts.indices.first(where: { self.name(SUITComponentHandle(UInt16($0))) == name })
    else { preconditionFailure("no such component") }
    return index
  }

  subscript(_ name: String) -> Contents? {
    get { parts[index(of: name)].contents }
    set { parts[index(of: name)].contents = newValue }
  }

  func text(_ name: String) -> String? { self[name].map { String(decoding: $0.bytes, as: UTF8.self) } }

  private func array(_ span: Span<UInt8>) -> [UInt8] { (0..<span.count).map { span[$0] } }

  private mutating func act(_ what: String) throws(SUITPlatformFailure) {
    log.append(what)
    if let failing, what.hasPrefix(failing) { throw SUITPlatformFailure(.flashDeviceFailure) }
  }

  private func suffix(_ target: SUITTarget) -> String { target.slot.map { "@\($0)" } ?? "" }

  mutating func component(named name: SUITComponentName) -> SUITComponentHandle? {
    let wanted = (0..<name.count).map { array(name.part($0)) }
    return parts.firstIndex { $0.name == wanted }.map { SUITComponentHandle(UInt16($0)) }
  }

  mutating func matches(
    _ identity: SUITIdentity, _ value: Span<UInt8>, of component: SUITComponentHandle
  ) -> Bool {
    switch identity {
    case .vendor: array(value) == vendor
    case .vendorEnterpriseNumber: array(value) == enterpriseNumber
    case .deviceClass: array(value) == deviceClass
    case .device: array(value) == device
    }
  }

  mutating func isSlot(_ slot: UInt64, of component: SUITComponentHandle) -> Bool {
    parts[Int(component.rawValue)].slot == slot
  }

  mutating func version(of component: SUITComponentHandle) -> SUITVersion? {
    parts[Int(component.rawValue)].version
  }

  mutating func digest(
    of target: SUITTarget, algorithm: DigestAlgorithm
  ) throws(SUITPlatformFailure) -> Digest {
    guard algorithm == .sha256 else { throw SUITPlatformFailure(.unsupportedAlgorithm) }
    guard let contents = parts[Int(target.component.rawValue)].contents else {
      return Fixture.digest(of: [])
    }
    if let claimed = contents.claimedDigest { return claimed }
    return Fixture.digest(of: contents.bytes)
  }

  mutating func holds(_ content: Span<UInt8>, in target: SUITTarget) throws(SUITPlatformFailure) -> Bool {
    parts[Int(target.component.rawValue)].contents?.bytes == array(content)
  }

  mutating func fetch(
    _ uri: Span<UInt8>, into target: SUITTarget, options: SUITTransferOptions
  ) throws(SUITPlatformFailure) {
    let uri = String(decoding: array(uri), as: UTF8.self)
    let arguments = options.fetchArguments.count + options.encryptionInfo.count
    try act(
      "fetch \(uri) > \(name(target.component))\(suffix(target))" + (arguments > 0 ? " +\(arguments)" : ""))
    guard let resource = resources[uri] else { throw SUITPlatformFailure(.transportUnreachable) }
    parts[Int(target.component.rawValue)].contents = resource
  }

  mutating func store(
    _ bytes: Span<UInt8>, into target: SUITTarget, options: SUITTransferOptions
  ) throws(SUITPlatformFailure) {
    try act("store \(bytes.count) > \(name(target.component))\(suffix(target))")
    parts[Int(target.component.rawValue)].contents = Contents(array(bytes))
  }

  mutating func copy(
    _ source: SUITComponentHandle, into target: SUITTarget, options: SUITTransferOptions
  ) throws(SUITPlatformFailure) {
    try act("copy \(name(source)) > \(name(target.component))")
    guard let contents = parts[Int(source.rawValue)].contents else { throw SUITPlatformFailure(.slotEmpty) }
    parts[Int(target.component.rawValue)].contents = contents
  }

  mutating func swap(
    _ source: SUITComponentHandle, with target: SUITTarget
  ) throws(SUITPlatformFailure) {
    try act("swap \(name(source)) = \(name(target.component))")
    let (left, right) = (Int(source.rawValue), Int(target.component.rawValue))
    (parts[left].contents, parts[right].contents) = (parts[right].contents, parts[left].contents)
  }

  mutating func invoke(
    _ target: SUITTarget, arguments: Span<UInt8>
  ) throws(SUITPlatformFailure) -> SUITInvocation {
    let arguments = String(decoding: array(arguments), as: UTF8.self)
    try act("invoke \(name(target.component))" + (arguments.isEmpty ? "" : " \(arguments)"))
    return invocation
  }

  mutating func unlink(_ component: SUITComponentHandle) throws(SUITPlatformFailure) {
    try act("unlink \(name(component))")
  }

  mutating func readEnvelope(
    of component: SUITComponentHandle, into bytes: inout MutableSpan<UInt8>
  ) throws(SUITPlatformFailure) -> Int {
    guard let contents = parts[Int(component.rawValue)].contents else {
      throw SUITPlatformFailure(.slotEmpty)
    }
    guard contents.bytes.count <= bytes.count else { throw SUITPlatformFailure(.capacityExceeded) }
    for index in contents.bytes.indices { bytes[index] = contents.bytes[index] }
    return contents.bytes.count
  }

  mutating func permits(
    _ command: Int64, on component: SUITComponentHandle, by signer: KeyIdentifier
  ) -> Bool {
    !denials.contains(Denial(command: command, part: component.rawValue, signer: signer))
  }

  mutating func accepts(_ sequenceNumber: SequenceNumber, of component: SUITComponentHandle) -> Bool {
    sequenceNumber >= lowestSequenceNumber
  }

  mutating func supports(command: Int64) -> Bool { command == -300 || command == -301 }

  mutating func supports(parameter: Int64) -> Bool { parameter == -300 }

  mutating func perform(
    command: Int64, argument: Span<UInt8>, on target: SUITTarget
  ) throws(SUITPlatformFailure) -> Bool {
    try act("custom \(command) \(array(argument)) \(name(target.component))")
    return command == -300
  }

  mutating func set(parameter: Int64, to value: Span<UInt8>, of component: SUITComponentHandle) {
    customParameters.append("\(parameter) \(array(value)) \(name(component))")
  }

  mutating func report(_ record: SUITRecord) { records.append(record) }
}
