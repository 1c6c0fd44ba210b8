import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import OTASerial
import Testing

/// What a device must not install; it works afterwards.
@Suite struct RefusalTests {
  let world: TestWorld

  init() throws { world = try TestWorld.shared.get() }

  private func refuses(
    _ code: ErrorCode, at request: SerialRequest = .begin, _ envelope: [UInt8], payloads: [[UInt8]]? = nil,
    board: TestBoard? = nil
  ) throws {
    let board = try board ?? TestBoard(world)
    var line = TestLine(
      board, .update(SerialUpdate(envelope: envelope, payloads: payloads ?? [world.new, world.patch])),
      times: SerialPatience(attempts: 3))
    #expect(throws: SerialFailure.refused(request, code)) { try line.run().get() }
    #expect(try board.runningImage() == world.old)
    board.start()
    var next = TestLine(
      board,
      .update(
        SerialUpdate(
          envelope: try world.envelope(world.manifest(sequenceNumber: 900)), payloads: [world.new])))
    #expect(try next.run().get().status.outcome == .installed)
  }

  @Test func wrongDevice() throws {
    var manifest = world.manifest()
    manifest.compatibility.vendorID.low ^= 1
    try refuses(.vendorMismatch, try world.envelope(manifest))
    manifest = world.manifest()
    manifest.compatibility.classID.low ^= 1
    try refuses(.classMismatch, try world.envelope(manifest))
    manifest = world.manifest()
    manifest.compatibility.deviceID = UniversalIdentifier(high: 1, low: 1)
    try refuses(.deviceMismatch, try world.envelope(manifest))
    manifest = world.manifest()
    manifest.compatibility.hardwareRevisions = 3...9
    try refuses(.hardwareRevisionMismatch, try world.envelope(manifest))
    manifest = world.manifest()
    manifest.component = ComponentIdentifier("apq")
    try refuses(.unknownComponent, try world.envelope(manifest))
    manifest = world.manifest()
    manifest.requiredVersion = Version(1, 0, 1)
    try refuses(.requiredVersionMissing, try world.envelope(manifest))
    manifest = world.manifest()
    manifest.dependencies = [
      Dependency(component: ComponentIdentifier("radio"), minimumSequenceNumber: SequenceNumber(1))
    ]
    try refuses(.dependencyMissing, try world.envelope(manifest))
  }

  @Test func rollback() throws {
    try refuses(.sequenceNumberReplayed, try world.envelope(world.manifest(sequenceNumber: 1)))
  }

  @Test func forgery() throws {
    try refuses(.unknownKey, try world.envelope(world.manifest(), by: try TestKey()))
    // A bit of the manifest, and a bit of the signature.
    var envelope = try world.envelope(world.manifest())
    envelope[envelope.count - 5] ^= 1
    try refuses(.manifestDigestMismatch, envelope)
    let unsigned = try UnsignedEnvelope(world.manifest(), signedBy: world.vendor.publicKey)
    try refuses(
      .authenticationFailed, try unsigned.envelope(signature: [UInt8](repeating: 7, count: 64)))
  }

  @Test func imageTooLarge() throws {
    let large = [UInt8](repeating: 1, count: 40_000)
    var manifest = world.manifest()
    manifest.image = ImageDescription(digest: digest(large), size: 40_000)
    manifest.payload = PayloadDescription(
      of: large, uri: "x", encoding: .identity, hash: SodiumSHA256.self, blockSize: 1024)
    try refuses(.imageTooLarge, try world.envelope(manifest), payloads: [large])
  }

  @Test func moreMemoryThanThereIs() throws {
    let board = try TestBoard(world, memory: 8 << 10)
    try refuses(.deltaMemoryExceeded, try world.envelope(world.manifest(isPatch: true)), board: board)
    var manifest = world.manifest()
    manifest.payload = PayloadDescription(
      of: world.new, uri: "x", encoding: .identity, hash: SodiumSHA256.self, blockSize: 8192)
    try refuses(
      .limitExceeded, try world.envelope(manifest), board: try TestBoard(world, memory: 8 << 10))
  }

  @Test func patchOnAnotherImage() throws {
    var manifest = world.manifest(isPatch: true)
    guard case .delta(var delta) = manifest.payload.encoding else { return }
    delta.source.digest = digest([1])
    manifest.payload.encoding = .delta(delta)
    try refuses(.deltaSourceMismatch, try world.envelope(manifest))
  }

  @Test func envelopeTooLarge() throws {
    var manifest = world.manifest()
    manifest.payload = PayloadDescription(
      of: world.new, uri: "x", encoding: .identity, hash: SodiumSHA256.self, blockSize: 128)
    try refuses(.limitExceeded, at: .envelope, try world.envelope(manifest))
  }

  @Test func payloadThatIsNotTheSignedOne() throws {
    let board = try TestBoard(world)
    let envelope = try world.envelope(world.manifest())
    var line = TestLine(
      board, .update(SerialUpdate(envelope: envelope, payloads: [world.new])),
      times: SerialPatience(attempts: 3))
    // Somebody on the line who knows how to make frames.
    line.toDevice = { changePayload($0) }
    #expect(throws: SerialFailure.refused(.payload, .payloadDigestMismatch)) { try line.run().get() }
    #expect(board.state?.boot[.b] == nil)
    var again = TestLine(board, .update(SerialUpdate(envelope: envelope, payloads: [world.new])))
    #expect(try again.run().get().status.outcome == .installed)
  }

  @Test func imageThatIsNotTheSignedOne() throws {
    // Whole blocks of the payload, and another image in the end: only the digest of the image says so.
    let board = try TestBoard(world)
    var manifest = world.manifest(isPatch: true)
    manifest.image.digest = digest([5])
    let envelope = try world.envelope(manifest)
    var line = TestLine(board, .update(SerialUpdate(envelope: envelope, payloads: [world.patch])))
    #expect(throws: SerialFailure.refused(.verify, .imageDigestMismatch)) { try line.run().get() }
    #expect(try board.runningImage() == world.old)
    #expect(
      board.state?.update
        == .reporting(
          Report(updateID: digest(envelope), outcome: .failed(.imageDigestMismatch))))
  }

  @Test func hostMayNotDecide() throws {
    let board = try TestBoard(world)
    board.health = .undecided
    let envelope = try world.envelope(world.manifest())
    var line = TestLine(
      board, .update(SerialUpdate(envelope: envelope, payloads: [world.new], confirms: true)),
      times: SerialPatience(questions: 5))
    #expect(throws: SerialFailure.undecided) { try line.run().get() }
    let name = digest(envelope)
    let body = name.bytes.indices.map { name.bytes[$0] }
    for request in [SerialRequest.confirm, .revert] {
      #expect(
        code(of: board.receive(frame(type: request.rawValue, body: body)))
          == ErrorCode.policyRejected.rawValue)
    }
    // The attempts of the boot loader end it.
    board.start()
    board.start()
    board.start()
    #expect(try board.runningImage() == world.old)
  }

  @Test func hostMayDecideIfItIsLeftToIt() throws {
    let board = try TestBoard(world)
    board.health = .undecided
    board.options.allowsHostDecision = true
    board.start()
    let envelope = try world.envelope(world.manifest())
    var line = TestLine(
      board, .update(SerialUpdate(envelope: envelope, payloads: [world.new], confirms: true, nonce: [1])))
    #expect(try line.run().get().status.outcome == .installed)
  }

  @Test func resetIsForWaitingImagesOnly() throws {
    let board = try TestBoard(world)
    let boots = board.boots
    #expect(
      code(of: board.receive(frame(type: SerialRequest.reset.rawValue, body: [])))
        == ErrorCode.policyRejected.rawValue)
    #expect(board.boots == boots)
  }

  /// Changes a byte in frames of the payload, and makes their checksum right again.
  private func changePayload(_ bytes: [UInt8]) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 4096)
    var collector = FrameCollector()
    var span = buffer.mutableSpan
    for byte in bytes {
      guard case .bytes(let count) = collector.take(byte, into: &span),
        let (type, number, body) = SerialFrame.parse(span.span.extracting(0..<count)),
        type == SerialRequest.payload.rawValue
      else { continue }
      var changed = body.map { span[$0] }
      changed[20] ^= 1
      return frame(type: type, number: number, body: changed)
    }
    return bytes
  }
}
