import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Testing

/// Bytes that try to trap, hang or slip through.
@Suite struct HostileEnvelopeTests {
  @Test("Every cut of a good envelope, and a byte behind it, is refused")
  func truncated() async throws {
    let fixture = try Fixture()
    let envelope = try await fixture.manifest.signedEnvelope(by: fixture.signer)
    for count in 0..<envelope.count {
      #expect(throws: ManifestError.self, "\(count) bytes") {
        try fixture.verdict(on: Array(envelope[..<count]))
      }
    }
    #expect(throws: ManifestError.malformed(ParseError(.trailingBytes, at: envelope.count))) {
      try fixture.verdict(on: envelope + [0])
    }
  }

  @Test("Every flipped bit of a good envelope is refused")
  func flipped() async throws {
    let fixture = try Fixture()
    let envelope = try await fixture.manifest.signedEnvelope(by: fixture.signer)
    for bit in 0..<envelope.count * 8 {
      #expect(throws: ManifestError.self, "bit \(bit)") { try fixture.verdict(on: envelope.flipping(bit)) }
    }
  }

  @Test("Random bytes are refused, also behind a good beginning", arguments: 0..<20)
  func random(_ round: Int) async throws {
    var generator = SeededGenerator()
    let fixture = try Fixture()
    let envelope = try await fixture.manifest.signedEnvelope(by: fixture.signer)
    for _ in 0..<200 {
      let good = Int.random(in: 0..<envelope.count, using: &generator)
      let bytes = Array(envelope[..<good]) + generator.bytes(Int.random(in: 1...600, using: &generator))
      #expect(throws: ManifestError.self) { try fixture.verdict(on: bytes) }
    }
  }

  @Test("A signed manifest of any bytes is judged without a trap", arguments: 0..<20)
  func signedGarbage(_ round: Int) throws {
    // Behind the signature there is still a parser: the key may be stolen, or its owner's tool broken.
    var generator = SeededGenerator()
    let fixture = try Fixture()
    let key = try fixture.privateKey()
    let good = fixture.builder.manifest.encoded
    for _ in 0..<200 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8(
          truncatingIfNeeded: generator.next())
      }
      let envelope = try Self.envelope(manifest: bytes, signedBy: key)
      do throws(ManifestError) {
        let manifest = try fixture.verdict(on: envelope)
        // What is accepted is still for this device.
        #expect(manifest.compatibility.firstMismatch(with: fixture.context.profile) == nil)
        #expect(manifest.sequenceNumber > fixture.context.securityCounter)
      } catch {
        #expect(ErrorCode.allCases.contains(error.code))
      }
    }
  }

  @Test("Items nested without end are refused within the limit", arguments: [9, 100, 10_000, 60_000])
  func nesting(_ depth: Int) throws {
    let fixture = try Fixture()
    let key = try fixture.privateKey()
    let arrays = [UInt8](repeating: 0x81, count: depth) + [0]
    let tags = [UInt8](repeating: 0xc1, count: depth) + [0]
    let maps = [UInt8](repeating: 0xa1, count: depth) + [0]
    for bomb in [arrays, tags, maps] {
      #expect(throws: ManifestError.self) { try fixture.verdict(on: bomb) }
      #expect(throws: ManifestError.self) {
        try fixture.verdict(on: Self.envelope(manifest: bomb, signedBy: key))
      }
      var builder = fixture.builder
      builder.text = .wrapped(.map([(.text("en"), .raw(bomb))]))
      #expect(throws: ManifestError.self) { try fixture.verdict(on: builder) }
      builder = fixture.builder
      builder.installParameters += [(-300, .raw(bomb))]
      #expect(throws: ManifestError.self) { try fixture.verdict(on: builder) }
    }
  }

  @Test("Sequences nested over the limit are refused", arguments: [7, 8, 9, 200])
  func nestedSequences(_ depth: Int) throws {
    let fixture = try Fixture()
    var sequence = CBOR.array([.int(3), .int(15)])
    for _ in 0..<depth { sequence = .array([.int(32), .wrapped(sequence)]) }
    var builder = fixture.builder
    builder.install = .wrapped(sequence)
    #expect {
      try fixture.verdict(on: builder)
    } throws: { error in
      // Up to the limit the command is refused, behind it the nesting.
      (error as? ManifestError)?.code == (depth < 8 ? .manifestUnsupportedCommand : .limitExceeded)
    }
  }

  @Test(
    "Counts and lengths that no input holds are refused at once",
    arguments: [
      "d86bbbffffffffffffffff", "d86bba7fffffff", "d86ba2025bffffffffffffffff", "d86ba2025a7fffffff00",
      "d86b9bffffffffffffffff", "d86bbb8000000000000000", "d86ba2025b8000000000000000",
    ])
  func hugeCounts(_ text: String) throws {
    let fixture = try Fixture()
    let bytes = try #require([UInt8](hexadecimal: text))
    #expect(throws: ManifestError.self) { try fixture.verdict(on: bytes) }
  }

  @Test("A huge count inside of a signed manifest is refused at once")
  func signedHugeCounts() throws {
    let fixture = try Fixture()
    let bomb = CBOR.raw([0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
    var builder = fixture.builder
    builder.components = bomb
    #expect { try fixture.verdict(on: builder) } throws: { ($0 as? ManifestError)?.code == .limitExceeded }
    builder = fixture.builder
    builder.install = .wrapped(bomb)
    #expect { try fixture.verdict(on: builder) } throws: { ($0 as? ManifestError)?.code == .limitExceeded }
    builder = fixture.builder
    builder.installParameters += [(-260, .wrapped(bomb))]
    #expect { try fixture.verdict(on: builder) } throws: { ($0 as? ManifestError)?.code == .limitExceeded }
  }

  @Test("Other encodings of the same values are refused, also when they were signed")
  func notCanonical() throws {
    let fixture = try Fixture()
    func expect(_ code: ErrorCode, _ edit: (inout EnvelopeBuilder) -> Void) {
      var builder = fixture.builder
      edit(&builder)
      #expect {
        try fixture.verdict(on: builder)
      } throws: { error in
        (error as? ManifestError)?.code == code
      }
    }
    expect(.notCanonical) { $0.sequenceNumber = .raw([0x19, 0x00, 0x2a]) }
    expect(.notCanonical) { $0.sequenceNumber = .raw([0x18, 0x05]) }
    expect(.notCanonical) { $0.components = .raw([0x9f, 0x81, 0x41, 0x00, 0xff]) }
    expect(.notCanonical) { $0.extraMembers = [(20, .int(0))] }
    expect(.notCanonical) { $0.extraMembers = [(3, .int(0))] }
    expect(.notCanonical) { $0.sharedParameters.swapAt(0, 1) }
    expect(.notCanonical) { $0.installParameters += [(21, .text("again"))] }
    expect(.notCanonical) { $0.protectedHeaders = [(1, .int(-8)), (1, .int(-8))] }
    expect(.notCanonical) { $0.envelopeMembers = [(.int(3), .bytes([0xa0]))] }
    expect(.notCanonical) { $0.envelopeMembers = [(.int(2), .bytes([0xa0]))] }
    expect(.unsupported) { $0.sequenceNumber = .raw([0xf9, 0x51, 0x40]) }
    expect(.unsupported) { $0.envelopeMembers = [(.text("#image"), .bytes([1]))] }
    expect(.invalidValue) { $0.sequenceNumber = .int(-1) }
    expect(.invalidValue) { $0.sequenceNumber = .text("42") }
    expect(.invalidValue) { $0.sharedCommands += [.int(1)] }
    expect(.invalidValue) { $0.sharedCommands += [.int(1), .int(16)] }
    expect(.invalidValue) { $0.validate = .wrapped(.array([])) }
    expect(.invalidValue) { $0.installParameters = [(21, .raw([0x61, 0xff]))] }
  }

  @Test("Bytes behind any wrapped part are refused")
  func trailing() throws {
    let fixture = try Fixture()
    let part = CBOR.array([.int(3), .int(15)]).encoded
    var builder = fixture.builder
    builder.validate = .bytes(part + [0])
    #expect {
      try fixture.verdict(on: builder)
    } throws: { error in
      (error as? ManifestError)?.code == .trailingBytes
    }
    let key = try fixture.privateKey()
    let behind = fixture.builder.manifest.encoded + [0]
    #expect {
      try fixture.verdict(on: Self.envelope(manifest: behind, signedBy: key))
    } throws: { error in
      (error as? ManifestError)?.code == .trailingBytes
    }
  }

  @Test("Bytes or items behind the signed digest are refused, although they are signed too")
  func behindDigest() throws {
    let fixture = try Fixture()
    let key = try fixture.privateKey()
    let item = CBOR.wrapped(fixture.builder.manifest)
    let digest = EnvelopeBuilder.digest(Fixture.digest(of: item.encoded))
    guard case .array(let parts) = digest else { return }
    for (signed, code) in [
      (digest.encoded + [0], ErrorCode.trailingBytes), (CBOR.array(parts + [.int(0)]).encoded, .invalidValue),
    ] {
      let block = try fixture.builder.block(over: signed, signedBy: key)
      let wrapper = CBOR.wrapped(.array([.bytes(signed), .bytes(block)]))
      let envelope = CBOR.tag(107, .map([(.int(2), wrapper), (.int(3), item)])).encoded
      #expect {
        try fixture.verdict(on: envelope)
      } throws: { error in
        (error as? ManifestError)?.code == code
      }
    }
  }

  /// A good signature over any bytes.
  static func envelope(manifest: [UInt8], signedBy key: borrowing Ed25519PrivateKey) throws -> [UInt8] {
    let item = CBOR.bytes(manifest)
    let digest = EnvelopeBuilder.digest(Fixture.digest(of: item.encoded)).encoded
    let builder = EnvelopeBuilder(
      for: try Fixture().context.profile, image: ImageDescription(digest: Fixture.digest(of: []), size: 1))
    let block = try builder.block(over: digest, signedBy: key)
    let wrapper = CBOR.wrapped(.array([.bytes(digest), .bytes(block)]))
    return CBOR.tag(107, .map([(.int(2), wrapper), (.int(3), item)])).encoded
  }
}
