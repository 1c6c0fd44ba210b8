import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest

/// `ota manifest verify`: whether devices that trust some keys would process a SUIT envelope.
struct ManifestVerify: Command {
  static let name = "manifest verify"
  static let abstract = "check who signed a manifest, and its commands"
  static let usage = """
    usage: ota manifest verify FILE --key KEY.pub.pem... [--threshold N] [--at-least NUMBER] [--json]

    Checks the signatures and digests of the SUIT envelope FILE, and that a device could process all of its
    commands. The exit code is 2 if one of these is refused. FILE may be '-' for standard input.

      --key FILE         a public key; give one for each key that may have signed
      --threshold N      how many of the keys must have signed (1)
      --at-least NUMBER  the lowest sequence number that is accepted (0)
      --json             the result as JSON
    """
  static let example = [
    "update.suit", "--key", "release.pub.pem", "--key", "review.pub.pem", "--threshold", "2",
  ]

  private let path: String
  private let keyPaths: [String]
  private let threshold: Int
  private let lowest: SequenceNumber
  private let isJSON: Bool

  private struct Result: Encodable {
    var sequenceNumber: UInt64
    var signers: [String]
    var components: [String]
  }

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    keyPaths = try arguments.options("--key")
    guard !keyPaths.isEmpty else { throw .missingOption("--key") }
    threshold = try arguments.integerOption("--threshold", in: 1...SUITEnvelope.maximumBlockCount) ?? 1
    guard threshold <= keyPaths.count else {
      throw .invalidValue(
        name: "--threshold", value: "\(threshold)", expected: "at most the number of keys, \(keyPaths.count)")
    }
    lowest = SequenceNumber(UInt64(try arguments.integerOption("--at-least", in: 0...Int.max) ?? 0))
    path = try arguments.positional("FILE")
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let envelope = try ManifestFile.read(path)
    var keys: [PublicKey] = []
    for path in keyPaths {
      let key = try SigningKey.publicKey(reading: path)
      // One key in two files is one signer.
      if !keys.contains(key) { keys.append(key) }
    }
    var signers: [KeyIdentifier] = []
    var refusal = ManifestError.crypto(.authenticationFailed)
    for key in keys {
      do throws(ManifestError) {
        signers.append(try verify(envelope, by: key))
      } catch {
        guard case .crypto = error else { throw refused(error) }
        // The error of the key that came closest.
        if refusal.code == .authenticationFailed || error.code == .authenticationFailed { refusal = error }
      }
    }
    guard signers.count >= threshold else {
      if threshold == 1 { throw refused(refusal) }
      throw CommandFailure(
        path, why: "signed by \(signers.count) of the keys, and \(threshold) must have",
        remedy: "do not use it before they have", code: .authenticationFailed, status: .refused)
    }
    let document = try ManifestFile.decode(envelope, path)
    let result = Result(
      sequenceNumber: document.manifest.sequenceNumber, signers: signers.map(\.digest.description),
      components: document.manifest.components.map { componentName($0) })
    if isJSON {
      try context.console.printJSON(result)
    } else {
      for signer in result.signers { try context.console.print("signed by:       \(signer)") }
      try context.console.print("sequence number: \(result.sequenceNumber)")
      for name in result.components { try context.console.print("component:       \(name)") }
    }
    return .done
  }

  /// Checks everything with one key.
  private func verify(_ envelope: [UInt8], by key: PublicKey) throws(ManifestError) -> KeyIdentifier {
    let authority = SUITAuthority(
      verifier: ManifestFile.verifier, hash: SodiumSHA256.self, trustStore: TrustStore(key, for: .manifest),
      limits: ManifestFile.limits)
    let verified = try authority.authenticate(envelope.span, atLeast: lowest)
    var memory: [UInt8] = []
    var platform = AnyPlatform()
    var processor = SUITProcessor<AnyPlatform, ManifestFile.Verifier, SodiumSHA256>(
      verified, authority: authority, memory: memory.mutableSpan)
    do throws(SUITProcessingError) {
      try processor.check(on: &platform)
    } catch {
      guard case .manifest(let failure) = error else { throw .invalid(.installSteps) }
      throw failure
    }
    return KeyIdentifier(of: key)
  }

  private func refused(_ error: ManifestError) -> CommandFailure {
    var failure = ManifestFile.failure(path, error)
    if failure.status == .failed { failure.status = .refused }
    return failure
  }
}

/// A device that has every component, to look through a manifest for one that is not here.
private struct AnyPlatform: SUITPlatform {
  private var names: [[UInt8]] = []

  mutating func component(named name: SUITComponentName) -> SUITComponentHandle? {
    let bytes = (0..<name.encoded.count).map { name.encoded[$0] }
    if let index = names.firstIndex(of: bytes) { return SUITComponentHandle(UInt16(index)) }
    names.append(bytes)
    return UInt16(exactly: names.count - 1).map { SUITComponentHandle($0) }
  }

  /// What the agent of this project has of its own: Docs/ManifestFormat.md, section 4.2.
  mutating func supports(command: Int64) -> Bool { (-261 ... -257).contains(command) }

  mutating func supports(parameter: Int64) -> Bool { (-262 ... -257).contains(parameter) }

  // Nothing of the following is called: commands are looked at, and not run.

  mutating func matches(
    _ identity: SUITIdentity, _ value: Span<UInt8>, of component: SUITComponentHandle
  ) -> Bool { false }

  mutating func isSlot(_ slot: UInt64, of component: SUITComponentHandle) -> Bool { false }

  mutating func version(of component: SUITComponentHandle) -> SUITVersion? { nil }

  mutating func digest(
    of target: SUITTarget, algorithm: DigestAlgorithm
  ) throws(SUITPlatformFailure) -> Digest {
    throw SUITPlatformFailure(.unsupported)
  }

  mutating func holds(_ content: Span<UInt8>, in target: SUITTarget) throws(SUITPlatformFailure) -> Bool {
    throw SUITPlatformFailure(.unsupported)
  }

  mutating func fetch(
    _ uri: Span<UInt8>, into target: SUITTarget, options: SUITTransferOptions
  ) throws(SUITPlatformFailure) {
    throw SUITPlatformFailure(.unsupported)
  }

  mutating func store(
    _ bytes: Span<UInt8>, into target: SUITTarget, options: SUITTransferOptions
  ) throws(SUITPlatformFailure) {
    throw SUITPlatformFailure(.unsupported)
  }

  mutating func copy(
    _ source: SUITComponentHandle, into target: SUITTarget, options: SUITTransferOptions
  ) throws(SUITPlatformFailure) {
    throw SUITPlatformFailure(.unsupported)
  }

  mutating func swap(
    _ source: SUITComponentHandle, with target: SUITTarget
  ) throws(SUITPlatformFailure) {
    throw SUITPlatformFailure(.unsupported)
  }

  mutating func invoke(
    _ target: SUITTarget, arguments: Span<UInt8>
  ) throws(SUITPlatformFailure) -> SUITInvocation {
    throw SUITPlatformFailure(.unsupported)
  }

  mutating func readEnvelope(
    of component: SUITComponentHandle, into bytes: inout MutableSpan<UInt8>
  ) throws(SUITPlatformFailure) -> Int {
    throw SUITPlatformFailure(.unsupported)
  }
}
