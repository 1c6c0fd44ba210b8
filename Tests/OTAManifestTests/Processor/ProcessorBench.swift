import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Testing

/// An author with a key, a device that trusts it, and what comes of a manifest.
struct ProcessorBench {
  typealias Step = SUITDocument.Step
  typealias Parameter = SUITDocument.Parameter
  typealias Section = SUITDocument.Section

  var device: SimulatedDevice
  let author: SodiumSigner
  /// Another key that the device trusts.
  let second: SodiumSigner
  private let keys: [SodiumSigner]
  private let seeds: [[UInt8]]
  var memorySize = 16 << 10
  var limits = Limits()
  var policy = SignaturePolicy.oneSignature
  var lowestSequenceNumber = SequenceNumber(0)

  /// How a procedure ended.
  struct Outcome {
    var error: SUITProcessingError?
    var device: SimulatedDevice

    var log: [String] { device.log }
  }

  init(_ names: String...) throws {
    device = SimulatedDevice(names)
    seeds = (0..<2).map { _ in (0..<32).map { _ in UInt8.random(in: 0...255) } }
    keys = try seeds.map { seed in
      SodiumSigner(try Ed25519PrivateKey(seed: SecretBytes(copying: seed.span)))
    }
    (author, second) = (keys[0], keys[1])
  }

  var authority: SUITAuthority<SodiumVerifier, SodiumSHA256> {
    get throws {
      var store = TrustStore()
      for key in keys { _ = try store.add(key.publicKey, for: .manifest) }
      return SUITAuthority(
        verifier: SodiumVerifier(), hash: SodiumSHA256.self, trustStore: store, policy: policy, limits: limits
      )
    }
  }

  /// A manifest of components with sections.
  static func manifest(
    _ names: [String], shared: [Step] = [], _ sections: [Section: [Step]] = [:],
    sequenceNumber: UInt64 = 1
  ) -> SUITDocument.Contents {
    var contents = SUITDocument.Contents(
      sequenceNumber: sequenceNumber,
      components: names.map { name in name.split(separator: "/").map { Array($0.utf8) } })
    contents.shared = shared
    contents.sections = sections.mapValues { .inline($0) }
    return contents
  }

  /// The envelope, signed by the first key or the second.
  func signed(_ document: SUITDocument, bySecond: Bool = false) throws -> [UInt8] {
    try signed(document.encoded, bySecond: bySecond)
  }

  /// The envelope with one more signature.
  func signed(_ envelope: [UInt8], bySecond: Bool) throws -> [UInt8] {
    let seed = seeds[bySecond ? 1 : 0]
    let key = try Ed25519PrivateKey(seed: SecretBytes(copying: seed.span))
    let unsigned = try EnvelopeSignature(
      addingTo: envelope, for: key.publicKey,
      limits: Limits(envelopeSize: 1 << 22, itemCount: 1 << 20))
    let bytes = unsigned.signedBytes
    return try unsigned.envelope(signature: try key.signature(for: bytes.span))
  }

  /// A signature by the first key over any digest.
  func signedBlock(over digest: [UInt8]) -> [UInt8] {
    let seed = seeds[0]
    guard let key = try? Ed25519PrivateKey(seed: SecretBytes(copying: seed.span)) else { return [] }
    let builder = EnvelopeBuilder(
      for: DeviceProfile(
        deviceID: UniversalIdentifier(high: 0, low: 0), vendorID: UniversalIdentifier(high: 0, low: 0),
        classID: UniversalIdentifier(high: 0, low: 0), hardwareRevision: 0,
        component: ComponentIdentifier("a")),
      image: ImageDescription(digest: Fixture.digest(of: []), size: 0))
    return (try? builder.block(over: digest, signedBy: key)) ?? []
  }

  /// Signs and processes a manifest.
  func run(_ document: SUITDocument, _ procedures: SUITProcedure...) throws -> Outcome {
    try run(envelope: try signed(document), procedures)
  }

  func run(_ contents: SUITDocument.Contents, _ procedures: SUITProcedure...) throws -> Outcome {
    try run(envelope: try signed(SUITDocument(contents)), procedures)
  }

  /// Processes an envelope, with one procedure behind the other while they succeed.
  func run(envelope: [UInt8], _ procedures: [SUITProcedure]) throws -> Outcome {
    var outcome = Outcome(error: nil, device: device)
    let authority = try authority
    let verified = try authority.authenticate(envelope.span, atLeast: lowestSequenceNumber)
    var memory = [UInt8](repeating: 0, count: memorySize)
    var processor = SUITProcessor<SimulatedDevice, SodiumVerifier, SodiumSHA256>(
      verified, authority: authority, memory: memory.mutableSpan)
    do throws(SUITProcessingError) {
      for procedure in procedures { try processor.run(procedure, on: &outcome.device) }
    } catch {
      outcome.error = error
    }
    return outcome
  }

  static func digest(_ text: String) -> Parameter {
    Parameter(3, .digest(SUITDocument.DigestValue(Fixture.digest(of: Array(text.utf8)))))
  }

  static func uri(_ text: String) -> Parameter { Parameter(21, .text(text)) }

  static func content(_ text: String) -> Parameter { Parameter(18, .bytes(Array(text.utf8))) }

  static func source(_ index: UInt64) -> Parameter { Parameter(22, .unsigned(index)) }

  /// Writes text into the chosen component, as the simplest thing that leaves a trace.
  static func write(_ text: String) -> [Step] { [.override([content(text)]), .directive(.write)] }
}
