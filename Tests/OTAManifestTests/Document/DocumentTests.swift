import OTACore
import OTACrypto
import OTAManifest
import Testing

/// What the value keeps, and how it is changed.
@Suite struct DocumentTests {
  typealias Step = SUITDocument.Step
  typealias Parameter = SUITDocument.Parameter

  /// A manifest with everything that the format has.
  static var full: SUITDocument {
    var manifest = SUITDocument.Contents(
      sequenceNumber: 7, components: [[[0]], [Array("fs".utf8), Array("app".utf8)], [[9]]])
    manifest.dependencies = [SUITDocument.Dependency(index: 2, prefix: [[7]], others: [-1: [0x05]])]
    manifest.referenceURI = "https://example.org/m"
    manifest.componentName = [Array("root".utf8)]
    manifest.setVersion = [1, 2, -1, 3]
    let digest = SUITDocument.DigestValue(algorithm: -44, bytes: [1, 2, 3])
    manifest.shared = [
      Step(12, .components(.all)), .override([Parameter(1, .bytes([1])), Parameter(3, .digest(digest))]),
      .condition(.vendorIdentifier),
      .tryEach([[.condition(.componentSlot)], [.run([.condition(.abort)])], nil]),
    ]
    manifest.sections = [
      .dependencyResolution: .inline([.select(2), .directive(.fetch), .condition(.dependencyIntegrity)]),
      .payloadFetch: .inline([Step(12, .components(.list([0, 1]))), .directive(.fetch)]),
      .candidateVerification: .inline([.select(0), .condition(.imageNotMatch)]),
      .install: .inline([
        .select(1),
        .override([
          Parameter(5, .unsigned(1)), Parameter(12, .bool(false)), Parameter(18, .bytes([])),
          Parameter(21, .text("#p")), Parameter(28, .version(comparison: 2, [1, 2])),
        ]), .directive(.write),
      ]),
      .validate: .inline([.select(0), .condition(.version)]),
      .load: .inline([.select(0), .directive(.swap)]),
      .invoke: .inline([.select(0), .directive(.invoke)]),
      .uninstall: .inline([.select(0), .directive(.unlink)]),
    ]
    manifest.text = .inline(
      SUITDocument.Text(languages: [
        .init(tag: "de", entries: [1: "Große"]),
        .init(
          tag: "en-US", entries: [1: "all", 2: "this", -1: "own"],
          components: [
            .init(name: [[0]], entries: [1: "vendor", 6: "1.2"]), .init(name: [[9]], entries: [:]),
          ]),
      ]))
    var document = SUITDocument(manifest)
    document.payloads = [
      SUITDocument.Payload(uri: "#p", bytes: [1, 2, 3]), SUITDocument.Payload(uri: "#q", bytes: []),
    ]
    return document
  }

  @Test("everything survives a round trip")
  func roundTrip() throws {
    let document = Self.full
    let decoded = try SUITDocument(decoding: document.encoded)
    #expect(decoded == document)
    #expect(decoded.encoded == document.encoded)
    try decoded.checkDigests()
  }

  @Test("what nobody knows is kept: members, commands and parameters, of any shape")
  func unknown() throws {
    var manifest = SUITDocument.Contents(sequenceNumber: 1, components: [[[0]]])
    let nested: [UInt8] = [0xa1, 0x61, 0x78, 0x82, 0x01, 0xf6]
    manifest.others = [99: nested, -300: [0x01]]
    manifest.otherCommon = [77: [0xf5]]
    manifest.shared = [
      Step(250, .encoded(nested)), Step(-300, .encoded([0xf6])), Step(251, .reporting(3)),
      .override([
        Parameter(1, .encoded([0xd8, 0x70, 0x41, 0x05])), Parameter(3, .encoded([0x41, 0])),
        Parameter(90, .encoded([0x80])), Parameter(-257, .encoded([0x20])),
      ]),
    ]
    var document = SUITDocument(manifest)
    document.otherMembers = [88: [0x42, 1, 2]]
    let decoded = try SUITDocument(decoding: document.encoded)
    #expect(decoded == document && decoded.encoded == document.encoded)
  }

  @Test("a part that is moved into the envelope stays readable, bound by its digest", arguments: [0, 1, 2])
  func severed(_ removed: Int) throws {
    var document = Self.full
    let (text, steps) = (document.text, document.steps(of: .install))
    document.sever(.install)
    document.severText()
    document.sever(.validate)
    #expect(document.manifest.sections[.validate] == Self.full.manifest.sections[.validate])
    #expect(document.text == text && document.steps(of: .install) == steps)
    if removed == 1 { document.severedText = nil }
    if removed == 2 { document.severedSections = [:] }
    let decoded = try SUITDocument(decoding: document.encoded)
    #expect(decoded == document)
    try decoded.checkDigests()
    #expect((decoded.text == nil) == (removed == 1))
    #expect((decoded.steps(of: .install) == nil) == (removed == 2))
  }

  @Test("a changed part has not its digest any more")
  func changed() throws {
    var document = Self.full
    document.sever(.install)
    document.severText()
    var other = document
    other.manifest.sequenceNumber += 1
    #expect(throws: ManifestError.digestMismatch) { try other.checkDigests() }
    other = document
    other.severedSections[.install] = [.condition(.abort)]
    #expect(throws: ManifestError.digestMismatch) { try other.checkDigests() }
    other = document
    other.severedText = SUITDocument.Text(languages: [.init(tag: "en", entries: [:])])
    #expect(throws: ManifestError.digestMismatch) { try other.checkDigests() }
    other = document
    other.severedSections[.payloadFetch] = [.condition(.abort)]
    #expect(throws: ManifestError.unsupportedMember(16)) { try other.checkDigests() }
    other = document
    other.digest.algorithm = -18
    #expect(throws: ManifestError.invalid(.digestAlgorithm)) { try other.checkDigests() }
  }

  @Test("sequences nested over the limit, and empty ones, are refused")
  func nesting() {
    var step = Step.condition(.abort)
    for depth in 1...9 {
      var manifest = SUITDocument.Contents(sequenceNumber: 1, components: [[[0]]])
      manifest.shared = [step]
      let bytes = SUITDocument(manifest).encoded
      if depth <= 8 {
        #expect(throws: Never.self) { try SUITDocument(decoding: bytes) }
      } else {
        #expect(throws: ManifestError.self) { try SUITDocument(decoding: bytes) }
      }
      step = .run([step])
    }
    var manifest = SUITDocument.Contents(sequenceNumber: 1, components: [[[0]]])
    manifest.sections[.validate] = .inline([])
    #expect(throws: ManifestError.self) { try SUITDocument(decoding: SUITDocument(manifest).encoded) }
  }

  @Test("payloads out of order, twice, or before a member are refused")
  func payloadOrder() throws {
    let manifest = SUITDocument.Contents(sequenceNumber: 1, components: [[[0]]])
    let document = SUITDocument(manifest)
    let encoded = document.encoded
    // The head of the map is behind the two bytes of the tag.
    func envelope(_ members: [UInt8], before: Bool = false, count: UInt8) -> [UInt8] {
      Array(encoded[..<2]) + [0xa2 + count]
        + (before ? members + encoded[3...] : encoded[3...] + members)
    }
    let a: [UInt8] = [0x61, 0x61, 0x40]
    let b: [UInt8] = [0x61, 0x62, 0x40]
    #expect(try SUITDocument(decoding: envelope(a + b, count: 2)).payloads.map(\.uri) == ["a", "b"])
    for bytes in [envelope(b + a, count: 2), envelope(a + a, count: 2), envelope(a, before: true, count: 1)] {
      #expect(throws: ManifestError.self) { try SUITDocument(decoding: bytes) }
    }
  }
}
