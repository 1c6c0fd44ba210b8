import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import OTAServer
import OTAServerSQLite
import Testing

@Suite struct PublishTests {
  let payload = [UInt8](repeating: 4, count: 2500)

  @Test("A manifest with several payloads is published with all of them, and offered as the image")
  func severalPayloads() async throws {
    let fixture = try await Fixture()
    let image = [UInt8](repeating: 7, count: 5000)
    let patches: [[UInt8]] = [[1, 2, 3], [4, 5, 6, 7]]
    var manifest = Fixture.manifest(
      patches[0], sequenceNumber: 2, delta: (image: image, source: [9], memory: 100))
    manifest.alternatives = [
      Fixture.manifest(image, sequenceNumber: 2).payload,
      Fixture.manifest(patches[1], sequenceNumber: 2, delta: (image: image, source: [8], memory: 100))
        .payload,
    ]
    let envelope = try await manifest.signedEnvelope(by: fixture.publisher)
    for payloads in [
      [patches[0], image], [image, patches[0], patches[1]], [patches[0], image, patches[0]],
    ] {
      await #expect(throws: ServerError.self) {
        try await fixture.server.publish(envelope: envelope, payloads: payloads)
      }
    }
    let update = try await fixture.server.publish(
      envelope: envelope, payloads: [patches[0], image, patches[1]])
    #expect(update.encoding == .identity)
    #expect(update.payload == manifest.image)
    // A device with none of the sources is offered it too, and can fetch each of the payloads.
    #expect(try await fixture.check(fixture.checkRequest()).update?.id == update.id.description)
    for payload in patches + [image] {
      let response = await fixture.server.respond(
        to: ServerRequest(
          method: "GET", path: UpdateServer.artifactReference(Fixture.digest(payload)), body: []))
      #expect(response.status == 200)
    }
    var onlyPatches = manifest
    onlyPatches.alternatives.remove(at: 0)
    let refused = try await onlyPatches.signedEnvelope(by: fixture.publisher)
    await #expect(throws: ServerError.manifestRefused(.manifestMissingParameter)) {
      try await fixture.server.publish(envelope: refused, payloads: patches)
    }
  }

  @Test("An encrypted payload is kept as it is on the way, and only its length is held against the manifest")
  func encryptedPayload() async throws {
    let fixture = try await Fixture()
    let recipient = try X25519PrivateKey.generate()
    let image = [UInt8](repeating: 7, count: 5000)
    let encrypted = try EncryptedRelease.seal(image.span, for: [recipient.publicKey], chunkSize: 1024)
    var manifest = Fixture.manifest(image, sequenceNumber: 2)
    manifest.payload.encryption = PayloadEncryption(chunksOf: 1024, transportSize: UInt32(encrypted.count))
    for plain in [false, true] {
      if plain {
        manifest.sequenceNumber = SequenceNumber(3)
        manifest.alternatives = [Fixture.manifest(image, sequenceNumber: 2).payload]
      }
      let envelope = try await manifest.signedEnvelope(by: fixture.publisher)
      let others = plain ? [image] : []
      for wrong in [image, encrypted + [0], Array(encrypted.dropLast())] {
        await #expect(throws: ServerError.payloadSizeMismatch) {
          try await fixture.server.publish(envelope: envelope, payloads: [wrong] + others)
        }
      }
      let update = try await fixture.server.publish(envelope: envelope, payloads: [encrypted] + others)
      // What is in clear fits more devices.
      #expect(
        update.payload.digest == Fixture.digest(plain ? image : encrypted)
          && update.payload.size == UInt32(plain ? image.count : encrypted.count))
      #expect(try await fixture.check(fixture.checkRequest()).update?.id == update.id.description)
      let response = await fixture.server.respond(
        to: ServerRequest(
          method: "GET", path: UpdateServer.artifactReference(Fixture.digest(encrypted)), body: []))
      #expect(response.status == 200)
      #expect(fixture.artifacts.size(of: Fixture.digest(encrypted)) == UInt64(encrypted.count))
    }
  }

  @Test("publishing again changes nothing")
  func idempotence() async throws {
    let fixture = try await Fixture()
    let manifest = Fixture.manifest(payload, sequenceNumber: 2)
    let update = try await fixture.publish(manifest, payload)
    fixture.clock.advance()
    try await fixture.publish(manifest, payload)
    #expect(try await fixture.store.update(update.id)?.publishedAt == update.publishedAt)
    #expect(try await fixture.server.statistics().count == 1)
    #expect(try await fixture.store.artifact(update.id)?.size == update.envelopeSize)
    #expect(try await fixture.store.artifact(manifest.payload.digest)?.size == 2500)
    #expect(fixture.artifacts.size(of: manifest.payload.digest) == 2500)
  }

  private func refused(
    _ manifest: Manifest, _ payload: [UInt8], with error: ServerError, signer: SodiumSigner? = nil
  ) async throws {
    let fixture = try await Fixture()
    let envelope = try await manifest.signedEnvelope(by: signer ?? fixture.publisher)
    await #expect(throws: error) { try await fixture.server.publish(envelope: envelope, payload: payload) }
    #expect(try await fixture.server.statistics().isEmpty)
    #expect(fixture.artifacts.size(of: manifest.payload.digest) == nil)
    #expect(fixture.artifacts.size(of: Fixture.digest(envelope)) == nil)
  }

  @Test("a payload other than the manifest's is refused, and nothing of it is kept")
  func wrongPayload() async throws {
    let manifest = Fixture.manifest(payload, sequenceNumber: 2)
    try await refused(manifest, payload + [0], with: .payloadSizeMismatch)
    try await refused(manifest, Array(payload.dropLast()), with: .payloadSizeMismatch)
    try await refused(manifest, [], with: .payloadSizeMismatch)
    try await refused(manifest, payload.dropLast() + [5], with: .payloadDigestMismatch)
  }

  @Test("a manifest whose blocks are not those of the payload is refused")
  func wrongBlocks() async throws {
    var manifest = Fixture.manifest(payload, sequenceNumber: 2)
    manifest.payload.blocks.digests[2] = Fixture.digest([1])
    try await refused(manifest, payload, with: .payloadDigestMismatch)
  }

  @Test("a manifest signed by a stranger is refused")
  func stranger() async throws {
    let signer = SodiumSigner(try Ed25519PrivateKey.generate())
    try await refused(
      Fixture.manifest(payload, sequenceNumber: 2), payload, with: .manifestRefused(.unknownKey),
      signer: signer)
  }

  @Test("a manifest that no store could keep is refused")
  func unkeepable() async throws {
    try await refused(
      Fixture.manifest(payload, sequenceNumber: 1 << 63), payload, with: .manifestRefused(.limitExceeded))
  }

  @Test("a damaged envelope is refused, whoever is trusted")
  func damaged() async throws {
    let fixture = try await Fixture()
    let envelope = try await Fixture.manifest(payload, sequenceNumber: 2).signedEnvelope(
      by: fixture.publisher)
    let open = UpdateServer(store: fixture.store, artifacts: fixture.artifacts)
    for index in stride(from: 0, to: envelope.count, by: 11) {
      await #expect(throws: ServerError.self) {
        try await fixture.server.publish(envelope: Array(envelope[..<index]), payload: payload)
      }
      await #expect(throws: ServerError.self) {
        try await open.publish(envelope: Array(envelope[..<index]), payload: payload)
      }
    }
    #expect(try await fixture.server.statistics().isEmpty)
    // Without publishers the signature is left to the devices.
    #expect(try await open.publish(envelope: envelope, payload: payload).sequenceNumber == SequenceNumber(2))
  }

  @Test("a full disk leaves nothing published", .enabled(if: TinyDisk.isAvailable))
  func diskFull() async throws {
    let disk = try TinyDisk(kibibytes: 64)
    let fixture = try await Fixture()
    let server = UpdateServer(store: fixture.store, artifacts: try ArtifactStore(directory: disk.path))
    let large = [UInt8](repeating: 1, count: 200_000)
    let envelope = try await Fixture.manifest(large, sequenceNumber: 2).signedEnvelope(by: fixture.publisher)
    let error = await #expect(throws: ServerError.self) {
      try await server.publish(envelope: envelope, payload: large)
    }
    #expect(error?.code == .storageFull)
    #expect(try disk.names.isEmpty)
    #expect(try await server.statistics().isEmpty)
  }

  @Test("a device keeps its facts and its key: registering others is a conflict")
  func register() async throws {
    let fixture = try await Fixture()
    try await fixture.server.register(fixture.device)
    var other = fixture.device
    other.publicKey = SodiumSigner(try Ed25519PrivateKey.generate()).publicKey
    await #expect(throws: ServerError.store(.conflict)) { try await fixture.server.register(other) }
    other = fixture.device
    other.hardwareRevision = 9
    await #expect(throws: ServerError.store(.conflict)) { try await fixture.server.register(other) }
    #expect(try await fixture.store.device(fixture.device.id) == fixture.device)
  }
}
