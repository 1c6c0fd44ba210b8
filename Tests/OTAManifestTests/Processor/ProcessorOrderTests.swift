import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Testing

/// Which sections run and when, and what refuses a manifest as a whole.
@Suite struct ProcessorOrderTests {
  typealias Bench = ProcessorBench
  typealias Step = SUITDocument.Step
  typealias Parameter = SUITDocument.Parameter
  typealias Section = SUITDocument.Section

  /// Each section writes as many bytes as its key.
  private static func all() -> SUITDocument.Contents {
    var sections: [Section: [Step]] = [:]
    for section in Section.allCases {
      sections[section] = Bench.write(String(repeating: "x", count: Int(section.rawValue)))
    }
    return Bench.manifest(["a"], sections)
  }

  @Test(
    "each procedure runs its sections in their order",
    arguments: [
      (SUITProcedure.update, [15, 16, 18, 20, 7]), (.staging, [15, 16]), (.installation, [18, 20, 7]),
      (.invocation, [7, 8, 9]), (.uninstallation, [24]),
    ])
  func sections(_ procedure: SUITProcedure, _ keys: [Int]) throws {
    let outcome = try Bench("a").run(Self.all(), procedure)
    #expect(outcome.error == nil)
    #expect(outcome.log == keys.map { "store \($0) > a" })
  }

  @Test("the shared sequence runs before every section that is there")
  func shared() throws {
    let bench = try Bench("a")
    let contents = Bench.manifest(
      ["a"], shared: [.override([Bench.content("xx")])],
      [.install: [.directive(.write)] + Bench.write("y"), .validate: [.directive(.write)]])
    #expect(try bench.run(contents, .update).log == ["store 2 > a", "store 1 > a", "store 2 > a"])
  }

  @Test("parameters last from section to section, and not from procedure to procedure")
  func lasting() throws {
    let bench = try Bench("a")
    let contents = Bench.manifest(
      ["a"], [.install: Bench.write("xx"), .validate: [.directive(.write)], .load: [.directive(.write)]])
    let outcome = try bench.run(contents, .update, .invocation)
    #expect(outcome.log == ["store 2 > a", "store 2 > a"])
    #expect(outcome.error == .manifest(.missingParameter(18)))
  }

  @Test("a severed section is run from the envelope; one that is gone is missed only by its procedure")
  func severed() throws {
    let bench = try Bench("a")
    for section in [Section.dependencyResolution, .payloadFetch, .candidateVerification, .install] {
      var document = SUITDocument(Self.all())
      document.sever(section)
      #expect(try bench.run(document, .update).log.count == 5)
      document.severedSections = [:]
      #expect(try bench.run(document, .update).error == .manifest(.missingMember(section.rawValue)))
      #expect(try bench.run(document, .invocation).error == nil)
    }
  }

  @Test("severed parts are bound by their digests, whatever is in them")
  func severedDigests() throws {
    let bench = try Bench("a")
    var contents = Self.all()
    contents.text = .inline(SUITDocument.Text(languages: [.init(tag: "en", entries: [1: "text"])]))
    var document = SUITDocument(contents)
    document.severText()
    document.sever(.install)
    let good = try bench.signed(document)
    #expect(try bench.run(envelope: good, [.update]).error == nil)
    var other = document
    other.severedText = SUITDocument.Text(languages: [.init(tag: "en", entries: [1: "texT"])])
    // The signature is that of the manifest, which has not changed.
    other.authenticationBlocks = try SUITDocument(decoding: good).authenticationBlocks
    #expect(throws: ManifestError.digestMismatch) { try bench.run(envelope: other.encoded, [.update]) }
    other = document
    other.authenticationBlocks = try SUITDocument(decoding: good).authenticationBlocks
    other.severedSections[.payloadFetch] = [.condition(.abort)]
    #expect(throws: ManifestError.self) { try bench.run(envelope: other.encoded, [.update]) }
    other.severedSections = [.install: [.condition(.abort)]]
    #expect(throws: ManifestError.digestMismatch) { try bench.run(envelope: other.encoded, [.update]) }
    document.otherMembers = [14: [0x41, 0x00]]
    #expect(throws: ManifestError.unsupportedMember(14)) {
      try bench.run(envelope: try bench.signed(document), [.update])
    }
    document.otherMembers = [99: [0x41, 0x00]]
    #expect(throws: ManifestError.unsupportedMember(99)) {
      try bench.run(envelope: try bench.signed(document), [.update])
    }
  }

  @Test("a lower sequence number is refused, the same one is processed again")
  func sequenceNumber() throws {
    var bench = try Bench("a")
    bench.lowestSequenceNumber = SequenceNumber(7)
    for number: UInt64 in [0, 6] {
      let contents = Bench.manifest(["a"], [.install: Bench.write("x")], sequenceNumber: number)
      #expect(throws: ManifestError.sequenceNumberReplayed) { try bench.run(contents, .update) }
    }
    for number: UInt64 in [7, 8, .max] {
      let contents = Bench.manifest(["a"], [.install: Bench.write("x")], sequenceNumber: number)
      #expect(try bench.run(contents, .update, .update).error == nil)
    }
  }

  @Test("nothing is processed without a good signature by a trusted key")
  func signature() throws {
    let bench = try Bench("a")
    let document = SUITDocument(Bench.manifest(["a"], [.install: Bench.write("x")]))
    #expect(throws: ManifestError.crypto(.authenticationFailed)) {
      try bench.run(envelope: document.encoded, [.update])
    }
    let stranger = try Bench("a").signed(document)
    #expect(throws: ManifestError.crypto(.unknownKey)) { try bench.run(envelope: stranger, [.update]) }
    let good = try bench.signed(document)
    for bit in 0..<good.count * 8 {
      #expect(throws: ManifestError.self, "bit \(bit)") {
        try bench.run(envelope: good.flipping(bit), [.update])
      }
    }
  }

  @Test("as many must have signed as the policy says, dependencies too")
  func policy() throws {
    var bench = try Bench("dep", "a", "b")
    bench.policy = SignaturePolicy(threshold: 2)
    let document = SUITDocument(Bench.manifest(["a"], [.install: Bench.write("x")]))
    let one = try bench.signed(document)
    #expect(throws: ManifestError.thresholdNotMet) { try bench.run(envelope: one, [.update]) }
    let twice = try bench.signed(one, bySecond: false)
    #expect(throws: ManifestError.thresholdNotMet) { try bench.run(envelope: twice, [.update]) }
    let both = try bench.signed(one, bySecond: true)
    #expect(try bench.run(envelope: both, [.update]).error == nil)
    let dependency = SUITDocument(Bench.manifest(["b"], [.install: Bench.write("x")]))
    for count in [1, 2] {
      var envelope = try bench.signed(dependency)
      if count == 2 { envelope = try bench.signed(envelope, bySecond: true) }
      let dependent = ProcessorDependencyTests.dependent(on: dependency, envelope: envelope)
      let outer = try bench.signed(try bench.signed(dependent), bySecond: true)
      #expect(
        try bench.run(envelope: outer, [.update]).error == (count == 1 ? .manifest(.thresholdNotMet) : nil))
    }
  }

  @Test("another version of the format is refused, and so are members that nobody knows")
  func members() throws {
    let bench = try Bench("a")
    var contents = Bench.manifest(["a"], [.install: Bench.write("x")])
    contents.version = 2
    #expect(throws: ManifestError.unsupportedVersion(2)) { try bench.run(contents, .update) }
    contents.version = 1
    contents.others = [99: [0x01]]
    #expect(throws: ManifestError.unsupportedMember(99)) { try bench.run(contents, .update) }
    contents.others = [:]
    contents.otherCommon = [9: [0x01]]
    #expect(throws: ManifestError.unsupportedMember(9)) { try bench.run(contents, .update) }
    contents.otherCommon = [:]
    contents.dependencies = [SUITDocument.Dependency(index: 0, others: [2: [0x01]])]
    #expect(throws: ManifestError.unsupportedMember(2)) { try bench.run(contents, .update) }
    contents.dependencies = []
    contents.componentName = [[1]]
    contents.setVersion = [1, 2, 3]
    contents.referenceURI = "https://example.org"
    #expect(try bench.run(contents, .update).error == nil)
    #expect(
      try bench.run(Bench.manifest([], [.install: Bench.write("x")]), .update).error
        == .manifest(.missingMember(2)))
  }

  @Test("a component that the device has not, or that is there twice, refuses the manifest")
  func components() throws {
    let bench = try Bench("a", "b")
    for names in [["a", "c"], ["a", "a"], ["a/b"]] {
      let contents = Bench.manifest(names, [.install: [.select(0)] + Bench.write("x")])
      let outcome = try bench.run(contents, .update)
      #expect(outcome.error != nil && outcome.log.isEmpty)
    }
  }

  @Test(
    "a command or parameter that nobody knows refuses the manifest before anything is done, wherever it is",
    arguments: [
      Step(0, .reporting(0)), Step(4, .reporting(0)), Step(29, .reporting(0)), Step(34, .encoded([0xa0])),
      Step(99, .reporting(15)), Step(-1, .reporting(0)), Step(-256, .reporting(0)),
      Step(-999, .reporting(0)), .override([Parameter(4, .unsigned(1))]),
      .override([Parameter(99, .unsigned(1))]), .override([Parameter(-1, .unsigned(1))]),
      .override([Parameter(-999, .unsigned(1))]),
    ])
  func unknown(_ step: Step) throws {
    let bench = try Bench("a")
    for hidden in [
      [step], [.run([step])], [.tryEach([Bench.write("x"), [step]])],
      [.tryEach([Bench.write("x"), [.run([step])], nil])],
    ] {
      for section in Section.allCases {
        var contents = Bench.manifest(["a"], [.payloadFetch: Bench.write("x")])
        contents.sections[section] = .inline(hidden)
        let outcome = try bench.run(contents, section == .payloadFetch ? .update : .staging)
        #expect(outcome.error != nil && outcome.log.isEmpty, "\(section)")
      }
      let shared = try bench.run(
        Bench.manifest(["a"], shared: hidden, [.install: Bench.write("x")]), .update)
      #expect(shared.error != nil && shared.log.isEmpty)
    }
  }

  @Test("the shared sequence tests, chooses and sets, and does nothing else")
  func sharedCommands() throws {
    let bench = try Bench("a")
    for directive in SUITDirective.allCases {
      for shared in [
        [Step.directive(directive)], [.run([.directive(directive)])],
        [.tryEach([[.directive(directive)], [.condition(.abort)], nil])],
      ] {
        let outcome = try bench.run(
          Bench.manifest(["a"], shared: shared, [.install: Bench.write("x")]), .update)
        #expect(outcome.error != nil && outcome.log.isEmpty)
      }
    }
    for step in [Step(-300, .encoded([0xf6])), .override([Parameter(-300, .unsigned(1))])] {
      let outcome = try bench.run(
        Bench.manifest(["a"], shared: [step], [.install: Bench.write("x")]), .update)
      #expect(outcome.error != nil && outcome.log.isEmpty)
    }
  }
}
