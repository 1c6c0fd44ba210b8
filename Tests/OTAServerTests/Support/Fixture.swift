import Foundation
import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import OTAServer
import OTAServerSQLite
import Synchronization
import Testing

/// A server over an empty database, a publisher, and a device with its key.
struct Fixture: Sendable {
  let directory: TemporaryDirectory
  let store: SQLiteStore
  let artifacts: ArtifactStore
  let server: UpdateServer
  let publisher: SodiumSigner
  let deviceSigner: SodiumSigner
  let device: RegisteredDevice
  let clock = TestClock()

  static let vendor = UniversalIdentifier(high: 1, low: 1)
  static let product = UniversalIdentifier(high: 2, low: 2)
  static let component = ComponentIdentifier("app")

  init(path: String = ":memory:", configuration: UpdateServer.Configuration = .init()) async throws {
    directory = try TemporaryDirectory()
    store = try SQLiteStore(path: path)
    artifacts = try ArtifactStore(directory: directory.file("artifacts"))
    publisher = SodiumSigner(try Ed25519PrivateKey.generate())
    deviceSigner = SodiumSigner(try Ed25519PrivateKey.generate())
    device = RegisteredDevice(
      id: UniversalIdentifier(high: 3, low: 3), vendorID: Fixture.vendor, classID: Fixture.product,
      hardwareRevision: 2, publicKey: deviceSigner.publicKey)
    let clock = clock
    server = UpdateServer(
      store: store, artifacts: artifacts,
      verifier: SUITServerVerifier(publishers: TrustStore(publisher.publicKey, for: .manifest)),
      configuration: configuration, now: { clock.now })
    try await server.register(device)
  }

  // MARK: updates

  static func digest(_ bytes: [UInt8]) -> Digest { SodiumSHA256.digest(of: bytes.span) }

  /// A manifest for a payload; the payload is the image unless a delta is given.
  static func manifest(
    _ payload: [UInt8], sequenceNumber: UInt64, version: Version = Version(2, 0), required: Version? = nil,
    delta: (image: [UInt8], source: [UInt8], memory: UInt32)? = nil, compatibility: Compatibility? = nil,
    component: ComponentIdentifier = component
  ) -> Manifest {
    var encoding = PayloadEncoding.identity
    if let delta {
      encoding = .delta(
        DeltaDescription(
          format: .bsdiff43,
          source: ImageDescription(digest: digest(delta.source), size: UInt32(delta.source.count)),
          memory: delta.memory))
    }
    let image = delta?.image ?? payload
    let blocks = stride(from: 0, to: payload.count, by: 1000).map {
      digest(Array(payload[$0..<min($0 + 1000, payload.count)]))
    }
    return Manifest(
      sequenceNumber: SequenceNumber(sequenceNumber), newVersion: version, requiredVersion: required,
      component: component,
      compatibility: compatibility ?? Compatibility(vendorID: vendor, classID: product),
      image: ImageDescription(digest: digest(image), size: UInt32(image.count)),
      payload: PayloadDescription(
        digest: digest(payload), size: UInt32(payload.count),
        uri: Array(UpdateServer.artifactReference(digest(payload)).utf8), encoding: encoding,
        blocks: BlockDigests(blockSize: 1000, digests: blocks)))
  }

  @discardableResult
  func publish(_ manifest: Manifest, _ payload: [UInt8]) async throws -> PublishedUpdate {
    try await server.publish(envelope: try await manifest.signedEnvelope(by: publisher), payload: payload)
  }

  // MARK: requests

  func checkRequest(
    version: String = "1.0.0", sequenceNumber: UInt64 = 1, image: [UInt8] = [0], memory: UInt32 = 1 << 20,
    formats: [String] = ["bsdiff43"]
  ) -> UpdateCheckRequest {
    UpdateCheckRequest(
      device: device.id.description, vendor: device.vendorID.description,
      deviceClass: device.classID.description, hardwareRevision: device.hardwareRevision, component: "app",
      version: version, sequenceNumber: sequenceNumber, imageDigest: Fixture.digest(image).description,
      deltaFormats: formats, decoderMemory: memory)
  }

  func post(_ path: String, _ document: some Encodable) async throws -> ServerResponse {
    await server.respond(
      to: ServerRequest(method: "POST", path: path, body: [UInt8](try JSONEncoder().encode(document))))
  }

  func check(_ request: UpdateCheckRequest) async throws -> UpdateCheckResponse {
    let response = try await post("/api/v1/updates/check", request)
    try #require(response.status == 200)
    return try response.document(UpdateCheckResponse.self)
  }

  func receipt(
    _ update: Digest, _ outcome: Report.Outcome, device: UniversalIdentifier? = nil,
    sequenceNumber: UInt64 = 2, signer: SodiumSigner? = nil
  ) async throws -> [UInt8] {
    let receipt = BootReceipt(
      deviceID: device ?? self.device.id, updateID: update, outcome: outcome,
      runningImage: Fixture.digest([7]), runningSequenceNumber: SequenceNumber(sequenceNumber))
    return try await receipt.signed(by: signer ?? deviceSigner)
  }

  func report(_ receipt: [UInt8]) async throws -> ServerResponse {
    try await post(
      "/api/v1/updates/report",
      UpdateReportRequest(device: device.id.description, receipt: Data(receipt).base64EncodedString()))
  }
}

extension ServerResponse {
  var bytes: [UInt8] {
    if case .bytes(let bytes) = body { return bytes }
    return []
  }

  func document<Document: Decodable>(_ type: Document.Type) throws -> Document {
    try JSONDecoder().decode(type, from: Data(bytes))
  }

  /// The code in the body of an error; fails the test if the body is not an error document.
  func errorCode() throws -> ErrorCode? {
    ErrorCode(rawValue: try document(UpdateErrorResponse.self).code)
  }
}

/// A clock that a test sets.
final class TestClock: Sendable {
  private let seconds = Mutex<Int64>(1000)

  var now: Timestamp { Timestamp(secondsSince1970: seconds.withLock { $0 }) }

  func advance() {
    seconds.withLock { $0 += 1 }
  }
}

/// A small generator that repeats itself from a seed.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}
