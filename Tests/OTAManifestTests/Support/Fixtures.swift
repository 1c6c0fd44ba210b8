import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Testing

/// A vendor with a key, one of its devices, and an update that fits it: what every test starts from.
struct Fixture: Sendable {
  static let verifier = ManifestVerifier(verifier: SodiumVerifier(), hash: SodiumSHA256.self)

  let signer: SodiumSigner
  private let seed: [UInt8]
  let context: VerificationContext
  let manifest: Manifest

  init() throws {
    let seed = (0..<32).map { _ in UInt8.random(in: 0...255) }
    self.seed = seed
    signer = SodiumSigner(try Ed25519PrivateKey(seed: SecretBytes(copying: seed.span)))
    let profile = DeviceProfile(
      deviceID: UniversalIdentifier(high: 1, low: 2), vendorID: UniversalIdentifier(high: 3, low: 4),
      classID: UniversalIdentifier(high: 5, low: 6), hardwareRevision: 3,
      component: ComponentIdentifier("app"))
    let running = ImageDescription(digest: Fixture.digest(of: [1]), size: 70_000)
    context = VerificationContext(
      trustStore: TrustStore(signer.publicKey, for: .manifest), profile: profile,
      securityCounter: SequenceNumber(41), runningVersion: Version(1, 4, 2), runningImage: running,
      otherComponents: [
        InstalledComponent(component: ComponentIdentifier("radio"), sequenceNumber: SequenceNumber(7))
      ])
    manifest = Manifest(
      sequenceNumber: SequenceNumber(42), newVersion: Version(2, 0, 1), requiredVersion: Version(1, 4, 0),
      component: ComponentIdentifier("app"),
      compatibility: Compatibility(
        vendorID: profile.vendorID, classID: profile.classID, deviceID: profile.deviceID,
        hardwareRevisions: 2...4),
      image: ImageDescription(digest: Fixture.digest(of: [2]), size: 80_000),
      imageBlocks: BlockDigests(
        blockSize: 32_768, digests: [[20], [21], [22]].map { Fixture.digest(of: $0) }),
      payload: PayloadDescription(
        digest: Fixture.digest(of: [3]), size: 5000, uri: Array("artifacts/patch".utf8),
        encoding: .delta(DeltaDescription(format: .bsdiff43, source: running, memory: 40_000)),
        blocks: BlockDigests(blockSize: 4096, digests: [Fixture.digest(of: [4]), Fixture.digest(of: [5])])),
      dependencies: [
        Dependency(component: ComponentIdentifier("radio"), minimumSequenceNumber: SequenceNumber(7))
      ],
      metadata: ManifestMetadata(
        vendorName: Array("Acme".utf8), modelName: Array("Roadrunner trap".utf8),
        updateDescription: Array("Fewer own goals ✓".utf8)))
  }

  /// The key of ``signer``, for the builder of hostile envelopes.
  func privateKey() throws -> Ed25519PrivateKey {
    try Ed25519PrivateKey(seed: SecretBytes(copying: seed.span))
  }

  /// A plain update for the device, to be changed and signed.
  var builder: EnvelopeBuilder { EnvelopeBuilder(for: context.profile, image: manifest.image) }

  /// The device's verdict on an envelope that the vendor signed.
  func verdict(on builder: EnvelopeBuilder) throws -> Manifest {
    try verdict(on: builder.envelope(signedBy: privateKey()))
  }

  /// The device's verdict on some bytes.
  func verdict(on envelope: [UInt8]) throws(ManifestError) -> Manifest {
    try verdict(on: envelope, context: context)
  }

  func verdict(on envelope: [UInt8], context: VerificationContext) throws(ManifestError) -> Manifest {
    try Fixture.verifier.verify(envelope.span, context: context).manifest
  }

  static func digest(of bytes: [UInt8]) -> Digest { SHA256.digest(of: bytes.span) }
}

/// CBOR as a value, for building what the writer never writes; no rule of any format is kept here.
indirect enum CBOR: Equatable, Sendable {
  case int(Int64)
  case bytes([UInt8])
  case text(String)
  case array([CBOR])
  case map([(CBOR, CBOR)])
  case tag(UInt64, CBOR)
  case bool(Bool)
  case null
  /// Bytes that stand for themselves.
  case raw([UInt8])

  static func == (left: CBOR, right: CBOR) -> Bool { left.encoded == right.encoded }

  /// A byte string that wraps an item.
  static func wrapped(_ item: CBOR) -> CBOR { .bytes(item.encoded) }

  var encoded: [UInt8] {
    switch self {
    case .int(let value):
      value >= 0 ? CBOR.head(0, UInt64(value)) : CBOR.head(1, UInt64(-1 - value))
    case .bytes(let bytes): CBOR.head(2, UInt64(bytes.count)) + bytes
    case .text(let text): CBOR.head(3, UInt64(text.utf8.count)) + text.utf8
    case .array(let items): CBOR.head(4, UInt64(items.count)) + items.flatMap(\.encoded)
    case .map(let pairs): CBOR.head(5, UInt64(pairs.count)) + pairs.flatMap { $0.0.encoded + $0.1.encoded }
    case .tag(let number, let item): CBOR.head(6, number) + item.encoded
    case .bool(let value): [value ? 0xf5 : 0xf4]
    case .null: [0xf6]
    case .raw(let bytes): bytes
    }
  }

  static func head(_ major: UInt8, _ argument: UInt64) -> [UInt8] {
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: argument >> UInt64(56 - 8 * $0)) }
    switch argument {
    case 0..<24: return [major << 5 | UInt8(argument)]
    case 24...0xff: return [major << 5 | 24] + bytes[7...]
    case 0x100...0xffff: return [major << 5 | 25] + bytes[6...]
    case 0x1_0000...0xffff_ffff: return [major << 5 | 26] + bytes[4...]
    default: return [major << 5 | 27] + bytes
    }
  }
}

extension [UInt8] {
  func flipping(_ bit: Int) -> [UInt8] {
    var copy = self
    copy[bit / 8] ^= 1 << (bit % 8)
    return copy
  }
}
