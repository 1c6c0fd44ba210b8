import OTACommandLine
import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest

/// A device in memory that processes what the commands made.
struct RecordingDevice: SUITPlatform {
  var names: [String]
  var contents: [[UInt8]]
  var slot: UInt64 = 0
  var version = Version(1, 0, 0)
  var vendor: [UInt8] = []
  var deviceClass: [UInt8] = []
  var resources: [String: [UInt8]] = [:]
  var log: [String] = []

  init(_ names: String...) {
    self.names = names
    contents = names.map { _ in [] }
  }

  subscript(_ name: String) -> String {
    names.firstIndex(of: name).map { String(decoding: contents[$0], as: UTF8.self) } ?? ""
  }

  /// Processes an envelope that a key has signed.
  mutating func process(
    _ envelope: [UInt8], trusting key: PublicKey, _ procedure: SUITProcedure
  ) throws -> SUITProcessingError? {
    let authority = SUITAuthority(
      verifier: SodiumVerifier(), hash: SodiumSHA256.self, trustStore: TrustStore(key, for: .manifest))
    let verified = try authority.authenticate(envelope.span, atLeast: SequenceNumber(0))
    var memory = [UInt8](repeating: 0, count: 8192)
    var processor = SUITProcessor<RecordingDevice, SodiumVerifier, SodiumSHA256>(
      verified, authority: authority, memory: memory.mutableSpan)
    do throws(SUITProcessingError) {
      try processor.run(procedure, on: &self)
      return nil
    } catch {
      return error
    }
  }

  private func array(_ span: Span<UInt8>) -> [UInt8] { (0..<span.count).map { span[$0] } }

  private func name(_ target: SUITTarget) -> String { names[Int(target.component.rawValue)] }

  mutating func component(named name: SUITComponentName) -> SUITComponentHandle? {
    let text = (0..<name.count).map { String(decoding: array(name.part($0)), as: UTF8.self) }
      .joined(separator: "/")
    return names.firstIndex(of: text).map { SUITComponentHandle(UInt16($0)) }
  }

  mutating func matches(
    _ identity: SUITIdentity, _ value: Span<UInt8>, of component: SUITComponentHandle
  ) -> Bool {
    switch identity {
    case .vendor: array(value) == vendor
    case .deviceClass: array(value) == deviceClass
    case .vendorEnterpriseNumber, .device: false
    }
  }

  mutating func isSlot(_ slot: UInt64, of component: SUITComponentHandle) -> Bool { slot == self.slot }

  mutating func version(of component: SUITComponentHandle) -> SUITVersion? { SUITVersion(version) }

  mutating func digest(
    of target: SUITTarget, algorithm: DigestAlgorithm
  ) throws(SUITPlatformFailure) -> Digest {
    let bytes = contents[Int(target.component.rawValue)]
    return SodiumSHA256.digest(of: bytes.span)
  }

  mutating func holds(_ content: Span<UInt8>, in target: SUITTarget) throws(SUITPlatformFailure) -> Bool {
    contents[Int(target.component.rawValue)] == array(content)
  }

  mutating func fetch(
    _ uri: Span<UInt8>, into target: SUITTarget, options: SUITTransferOptions
  ) throws(SUITPlatformFailure) {
    let uri = String(decoding: array(uri), as: UTF8.self)
    log.append("fetch \(uri) > \(name(target))")
    guard let bytes = resources[uri] else { throw SUITPlatformFailure(.transportUnreachable) }
    contents[Int(target.component.rawValue)] = bytes
  }

  mutating func store(
    _ bytes: Span<UInt8>, into target: SUITTarget, options: SUITTransferOptions
  ) throws(SUITPlatformFailure) {
    log.append("store > \(name(target))")
    contents[Int(target.component.rawValue)] = array(bytes)
  }

  mutating func copy(
    _ source: SUITComponentHandle, into target: SUITTarget, options: SUITTransferOptions
  ) throws(SUITPlatformFailure) {
    log.append("copy \(names[Int(source.rawValue)]) > \(name(target))")
    contents[Int(target.component.rawValue)] = contents[Int(source.rawValue)]
  }

  mutating func swap(
    _ source: SUITComponentHandle, with target: SUITTarget
  ) throws(SUITPlatformFailure) {
    throw SUITPlatformFailure(.unsupported)
  }

  mutating func invoke(
    _ target: SUITTarget, arguments: Span<UInt8>
  ) throws(SUITPlatformFailure) -> SUITInvocation {
    log.append("invoke \(name(target)) \(String(decoding: array(arguments), as: UTF8.self))")
    return .transferred
  }

  mutating func readEnvelope(
    of component: SUITComponentHandle, into bytes: inout MutableSpan<UInt8>
  ) throws(SUITPlatformFailure) -> Int {
    let envelope = contents[Int(component.rawValue)]
    guard envelope.count <= bytes.count else { throw SUITPlatformFailure(.capacityExceeded) }
    for index in envelope.indices { bytes[index] = envelope[index] }
    return envelope.count
  }
}

/// Runs the program in this process.
func ota(_ arguments: [String]) async -> Run { await run(arguments, commands: CommandTable.all) }
