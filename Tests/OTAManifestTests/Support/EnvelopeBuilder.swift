import OTACore
import OTACrypto
import OTACryptoSodium

/// Builds and really signs envelopes of any content: what an author with a trusted key could send.
struct EnvelopeBuilder {
  var version: CBOR = .int(1)
  var sequenceNumber: CBOR = .int(42)
  var components: CBOR = .array([.array([.bytes(Array("app".utf8))])])
  var sharedParameters: [(Int64, CBOR)]
  var sharedCommands: [CBOR] = [.int(1), .int(15), .int(2), .int(15)]
  var installParameters: [(Int64, CBOR)] = [(21, .text("image.bin"))]
  var installCommands: [CBOR] = [.int(21), .int(15), .int(3), .int(15)]
  var validate: CBOR? = .wrapped(.array([.int(3), .int(15)]))
  var load: CBOR?
  var invoke: CBOR? = .wrapped(.array([.int(23), .int(15)]))
  var payloadFetch: CBOR?
  /// Replaces the install sequence.
  var install: CBOR?
  var text: CBOR?
  var extraMembers: [(Int64, CBOR)] = []
  var extraCommon: [(Int64, CBOR)] = []
  var envelopeMembers: [(CBOR, CBOR)] = []
  var protectedHeaders: [(Int64, CBOR)]?
  var unprotectedHeaders: [(Int64, CBOR)] = []
  var attachedPayload = false
  var externalData: [UInt8] = []
  var signatureTag: UInt64 = 18
  var extraBlocks: [CBOR] = []
  var dropsSignature = false

  /// A plain update for a device: no parameter of our own in it.
  init(for profile: DeviceProfile, image: ImageDescription) {
    sharedParameters = [
      (1, EnvelopeBuilder.identifier(profile.vendorID)), (2, EnvelopeBuilder.identifier(profile.classID)),
      (3, .wrapped(EnvelopeBuilder.digest(image.digest))), (14, .int(Int64(image.size))),
    ]
  }

  static func identifier(_ identifier: UniversalIdentifier) -> CBOR {
    .bytes([UInt8](hexadecimal: identifier.description.replacing("-", with: "")) ?? [])
  }

  static func digest(_ digest: Digest) -> CBOR {
    .array([
      .int(Int64(digest.algorithm.rawValue)), .bytes((0..<digest.bytes.count).map { digest.bytes[$0] }),
    ])
  }

  /// The digest that stands for a member which was moved into the envelope.
  static func severed(_ member: CBOR) -> CBOR { digest(Fixture.digest(of: member.encoded)) }

  var manifest: CBOR {
    func map(_ pairs: [(Int64, CBOR)]) -> CBOR { .map(pairs.map { (.int($0.0), $0.1) }) }
    let shared = CBOR.array([.int(20), map(sharedParameters)] + sharedCommands)
    let install = self.install ?? .wrapped(.array([.int(20), map(installParameters)] + installCommands))
    var members: [(Int64, CBOR)] = [
      (1, version), (2, sequenceNumber),
      (3, .wrapped(map([(2, components), (4, .wrapped(shared))] + extraCommon))),
    ]
    for (key, member) in [
      (7, validate), (8, load), (9, invoke), (16, payloadFetch), (20, install), (23, text),
    ] {
      if let member { members.append((Int64(key), member)) }
    }
    return map(members + extraMembers)
  }

  func envelope(signedBy key: borrowing Ed25519PrivateKey) throws -> [UInt8] {
    let manifest = CBOR.wrapped(self.manifest)
    let digest = EnvelopeBuilder.digest(Fixture.digest(of: manifest.encoded)).encoded
    let block = try block(over: digest, signedBy: key)
    let blocks = (dropsSignature ? [] : [CBOR.bytes(block)]) + extraBlocks
    let wrapper = CBOR.wrapped(.array([.bytes(digest)] + blocks))
    return CBOR.tag(107, .map([(.int(2), wrapper), (.int(3), manifest)] + envelopeMembers)).encoded
  }

  func block(over digest: [UInt8], signedBy key: borrowing Ed25519PrivateKey) throws -> [UInt8] {
    let identifier = KeyIdentifier(of: key.publicKey).digest
    let identifierBytes = (0..<32).map { identifier.bytes[$0] }
    let headers = protectedHeaders ?? [(1, .int(-8)), (4, .bytes(identifierBytes))]
    let protected = CBOR.map(headers.map { (.int($0.0), $0.1) }).encoded
    let signed = CBOR.array([
      .text("Signature1"), .bytes(protected), .bytes(externalData), .bytes(digest),
    ]).encoded
    let signature = try key.signature(for: signed.span)
    return CBOR.tag(
      signatureTag,
      .array([
        .bytes(protected), .map(unprotectedHeaders.map { (.int($0.0), $0.1) }),
        attachedPayload ? .bytes(digest) : .null, .bytes(signature),
      ])
    ).encoded
  }
}
