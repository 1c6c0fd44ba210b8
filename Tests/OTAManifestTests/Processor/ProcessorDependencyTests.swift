import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Testing

/// Manifests that need other manifests.
@Suite struct ProcessorDependencyTests {
  typealias Bench = ProcessorBench
  typealias Step = SUITDocument.Step
  typealias Parameter = SUITDocument.Parameter

  static func digest(of document: SUITDocument) -> Parameter { Parameter(3, .digest(document.digest)) }

  /// Gets a dependency and checks it.
  static func resolve(_ index: UInt64, _ document: SUITDocument, uri: String = "#dep") -> [Step] {
    [
      .select(index), .override([digest(of: document), Bench.uri(uri)]), .directive(.fetch),
      .condition(.dependencyIntegrity),
    ]
  }

  /// A dependent of one dependency, which is in its envelope; the dependency is component 0, `a` is component 1.
  static func dependent(
    on dependency: SUITDocument, envelope: [UInt8], prefix: [[UInt8]]? = nil,
    install: [Step] = [.select(0), .directive(.processDependency)]
  ) -> SUITDocument {
    var contents = Bench.manifest(
      ["dep", "a"], [.dependencyResolution: resolve(0, dependency), .install: install])
    contents.dependencies = [SUITDocument.Dependency(index: 0, prefix: prefix)]
    var document = SUITDocument(contents)
    document.payloads = [SUITDocument.Payload(uri: "#dep", bytes: envelope)]
    return document
  }

  private func bench() throws -> Bench { try Bench("dep", "a", "b", "deep", "in/a", "in/deep", "in/deep/b") }

  @Test("a dependency runs its shared sequence and its section where its dependent says so")
  func processed() throws {
    let bench = try bench()
    let vendor = Parameter(1, .bytes([UInt8](repeating: 0x11, count: 16)))
    let dependency = SUITDocument(
      Bench.manifest(
        ["b"], shared: [.override([vendor]), .condition(.vendorIdentifier)], [.install: Bench.write("dep")]))
    let document = Self.dependent(
      on: dependency, envelope: try bench.signed(dependency, bySecond: true),
      install: [.select(1)] + Bench.write("before") + [
        .select(0), .directive(.processDependency), .select(1),
      ]
        + Bench.write("later"))
    let outcome = try bench.run(document, .update)
    #expect(outcome.error == nil)
    #expect(outcome.log.dropFirst() == ["store 6 > a", "store 3 > b", "store 5 > a"])
  }

  @Test("a prefix stands before the names of the dependency's components, also of its dependencies")
  func prefixes() throws {
    let bench = try bench()
    let inner = SUITDocument(Bench.manifest(["b"], [.install: Bench.write("inner")]))
    var middle = Bench.manifest(
      ["a"],
      [
        .dependencyResolution: Self.resolve(1, inner),
        .install: [.select(0)] + Bench.write("mid") + [.select(1), .directive(.processDependency)],
      ])
    // As in the examples of the draft: behind the list, with the prefix for a name.
    middle.dependencies = [SUITDocument.Dependency(index: 1, prefix: [Array("deep".utf8)])]
    var middleDocument = SUITDocument(middle)
    middleDocument.payloads = [SUITDocument.Payload(uri: "#dep", bytes: try bench.signed(inner))]
    var document = Self.dependent(
      on: middleDocument, envelope: try bench.signed(middleDocument), prefix: [Array("in".utf8)])
    document.manifest.sections[.dependencyResolution] = .inline(
      Self.resolve(0, middleDocument) + [.directive(.processDependency)])
    document.seal()
    let outcome = try bench.run(document, .update)
    #expect(outcome.error == nil)
    #expect(outcome.device.text("in/a") == "mid" && outcome.device.text("in/deep/b") == "inner")
    #expect(outcome.device.text("a") == nil && outcome.device.text("b") == nil)
  }

  @Test("a dependency that is not signed, or by a stranger, or another one, is refused")
  func integrity() throws {
    let bench = try bench()
    let dependency = SUITDocument(Bench.manifest(["b"], [.install: Bench.write("x")]))
    let good = try bench.signed(dependency)
    #expect(try bench.run(Self.dependent(on: dependency, envelope: good), .update).error == nil)
    let unsigned = Self.dependent(on: dependency, envelope: dependency.encoded)
    #expect(
      try bench.run(unsigned, .update).error == .manifest(.crypto(.authenticationFailed)))
    let stranger = try Bench("b").signed(dependency)
    #expect(
      try bench.run(Self.dependent(on: dependency, envelope: stranger), .update).error
        == .manifest(.crypto(.unknownKey)))
    let other = SUITDocument(Bench.manifest(["b"], [.install: Bench.write("y")]))
    #expect(
      try bench.run(Self.dependent(on: dependency, envelope: try bench.signed(other)), .update).error
        == .manifest(.digestMismatch))
    // Every byte of it counts; nothing of it has run.
    for index in stride(from: 0, to: good.count, by: 5) {
      var changed = good
      changed[index] ^= 1
      let outcome = try bench.run(Self.dependent(on: dependency, envelope: changed), .update)
      #expect(outcome.error != nil && outcome.device.text("b") == nil, "byte \(index)")
    }
  }

  @Test("a failed check of a dependency is the end, also inside try-each")
  func hardFailure() throws {
    let bench = try bench()
    let dependency = SUITDocument(Bench.manifest(["b"], [.install: [.condition(.abort)]]))
    var document = Self.dependent(
      on: dependency, envelope: try bench.signed(dependency),
      install: [
        .select(0), .tryEach([[.directive(.processDependency)], [.select(1)] + Bench.write("x")]),
      ])
    let outcome = try bench.run(document, .update)
    #expect(outcome.error == .conditionFailed(14) && outcome.device.text("a") == nil)
    document.payloads[0].bytes[40] ^= 1
    document.manifest.sections[.dependencyResolution] = .inline([
      .select(0), .override([Self.digest(of: dependency), Bench.uri("#dep")]), .directive(.fetch),
      .tryEach([[.condition(.dependencyIntegrity)], [.select(1)] + Bench.write("x")]),
    ])
    document.seal()
    let second = try bench.run(document, .update)
    #expect(second.error != nil && second.device.text("a") == nil)
  }

  @Test("image-match of a dependency is about its manifest, whoever signs it")
  func imageMatch() throws {
    var bench = try bench()
    let dependency = SUITDocument(Bench.manifest(["b"], [.install: Bench.write("x")]))
    bench.device["dep"] = SimulatedDevice.Contents(try bench.signed(dependency))
    var contents = Bench.manifest(
      ["dep", "a"],
      [
        .install: [
          .select(0), .override([Self.digest(of: dependency)]), .condition(.imageMatch),
          .condition(.dependencyIntegrity), .directive(.processDependency),
        ]
      ])
    contents.dependencies = [SUITDocument.Dependency(index: 0)]
    #expect(try bench.run(contents, .update).error == nil)
    let other = SUITDocument(Bench.manifest(["b"], [.install: Bench.write("y")]))
    bench.device["dep"] = SimulatedDevice.Contents(try bench.signed(other))
    #expect(try bench.run(contents, .update).error == .conditionFailed(3))
    bench.device["dep"] = SimulatedDevice.Contents([1, 2, 3])
    #expect(try bench.run(contents, .update).error != nil)
  }

  @Test("a dependency is processed only after its check, which a write undoes")
  func order() throws {
    let bench = try bench()
    let dependency = SUITDocument(Bench.manifest(["b"], [.install: Bench.write("x")]))
    let envelope = try bench.signed(dependency)
    var document = Self.dependent(on: dependency, envelope: envelope)
    document.manifest.sections[.dependencyResolution] = .inline(Array(Self.resolve(0, dependency).dropLast()))
    document.seal()
    #expect(try bench.run(document, .update).error == .rule(.dependencyNotChecked, command: 11))
    for again: [Step] in [
      [.directive(.fetch)], [.override([Bench.content("x")]), .directive(.write)],
      [.override([Bench.source(1)]), .directive(.swap)],
    ] {
      document = Self.dependent(
        on: dependency, envelope: envelope,
        install: [.select(0)] + again + [.directive(.processDependency)])
      #expect(try bench.run(document, .update).error == .rule(.dependencyNotChecked, command: 11))
    }
    document = Self.dependent(
      on: dependency, envelope: envelope,
      install: [
        .select(0), .directive(.fetch), .condition(.dependencyIntegrity), .directive(.processDependency),
      ])
    #expect(try bench.run(document, .update).error == nil)
  }

  @Test("only a dependency is processed as one; for all components the others are passed over")
  func notDependency() throws {
    let bench = try bench()
    let dependency = SUITDocument(Bench.manifest(["b"], [.install: Bench.write("x")]))
    let envelope = try bench.signed(dependency)
    var document = Self.dependent(
      on: dependency, envelope: envelope, install: [.select(1), .directive(.processDependency)])
    #expect(try bench.run(document, .update).error == .rule(.notDependency, command: 11))
    document = Self.dependent(
      on: dependency, envelope: envelope, install: [.select(1), .condition(.dependencyIntegrity)])
    #expect(try bench.run(document, .update).error == .rule(.notDependency, command: 7))
    document = Self.dependent(
      on: dependency, envelope: envelope,
      install: [Step(12, .components(.all)), .directive(.processDependency)])
    #expect(try bench.run(document, .update).error == nil)
    document = Self.dependent(
      on: dependency, envelope: envelope,
      install: [
        Step(12, .components(.all)), .override([Bench.content("y")]),
        .tryEach([[.condition(.isDependency), .directive(.processDependency)], [.directive(.write)]]),
      ])
    let outcome = try bench.run(document, .update)
    #expect(outcome.error == nil)
    #expect(outcome.device.text("b") == "x" && outcome.device.text("a") == "y")
    document.manifest.shared = [.select(0), .directive(.processDependency)]
    document.seal()
    #expect(try bench.run(document, .update).error == .rule(.dependencyInShared, command: 11))
  }

  @Test("no section of a dependency is left out")
  func leftOut() throws {
    let bench = try bench()
    let dependency = SUITDocument(
      Bench.manifest(["b"], [.install: Bench.write("x"), .validate: [.condition(.isDependency)]]))
    let envelope = try bench.signed(dependency)
    let document = Self.dependent(on: dependency, envelope: envelope)
    #expect(try bench.run(document, .update).error == .rule(.dependencyNotProcessed, command: 0))
    // A section that has passed when the dependency becomes known.
    let early = SUITDocument(
      Bench.manifest(["b"], [.dependencyResolution: Bench.write("x"), .install: Bench.write("x")]))
    var late = Self.dependent(on: early, envelope: try bench.signed(early))
    late.manifest.sections = [
      .dependencyResolution: .inline([.select(1)]),
      .install: .inline(Self.resolve(0, early) + [.directive(.processDependency)]),
    ]
    late.seal()
    #expect(try bench.run(late, .update).error == .rule(.dependencyNotProcessed, command: 7))
    // One that nobody looked at.
    var forgotten = Bench.manifest(["dep", "a"], [.install: [.select(1)] + Bench.write("x")])
    forgotten.dependencies = [SUITDocument.Dependency(index: 0)]
    #expect(try bench.run(forgotten, .update).error == .rule(.dependencyNotChecked, command: 0))
  }

  @Test("each procedure checks dependencies again")
  func procedures() throws {
    let bench = try bench()
    let dependency = SUITDocument(Bench.manifest(["b"], [.install: Bench.write("x")]))
    let document = Self.dependent(on: dependency, envelope: try bench.signed(dependency))
    #expect(
      try bench.run(document, .staging, .installation).error == .rule(.dependencyNotChecked, command: 11))
  }

  @Test("a dependency reaches only components that it names itself, in its own list")
  func confusedDeputy() throws {
    let bench = try bench()
    // The same index means another component in each manifest.
    let dependency = SUITDocument(Bench.manifest(["b"], [.install: Bench.write("x")]))
    let good = Self.dependent(
      on: dependency, envelope: try bench.signed(dependency),
      install: [.select(1), .override([Bench.content("secret")]), .select(0), .directive(.processDependency)])
    let outcome = try bench.run(good, .update)
    #expect(outcome.error == nil)
    #expect(outcome.device.text("b") == "x" && outcome.device.text("a") == nil)
    // What the dependent selected does not carry over, and neither does an index beyond the list.
    let greedy = SUITDocument(Bench.manifest(["b"], [.install: [.select(1)] + Bench.write("x")]))
    let refused = try bench.run(
      Self.dependent(on: greedy, envelope: try bench.signed(greedy)), .update)
    #expect(refused.error == .manifest(.unknownComponent) && refused.device.text("a") == nil)
    let source = SUITDocument(
      Bench.manifest(["b"], [.install: [.override([Bench.source(1)]), .directive(.copy)]]))
    #expect(
      try bench.run(Self.dependent(on: source, envelope: try bench.signed(source)), .update).error
        == .manifest(.unknownComponent))
  }

  @Test("a source that a dependency set means its own component, also in the dependent")
  func sourceOfDependency() throws {
    var bench = try bench()
    bench.device["a"] = SimulatedDevice.Contents(Array("mine".utf8))
    bench.device["deep"] = SimulatedDevice.Contents(Array("theirs".utf8))
    // In the dependency index 1 is `deep`; in the dependent it is `a`.
    let dependency = SUITDocument(
      Bench.manifest(["b", "deep"], [.install: [.select(0), .override([Bench.source(1)])]]))
    var contents = Bench.manifest(
      ["dep", "a", "b"],
      [
        .dependencyResolution: Self.resolve(0, dependency),
        .install: [.select(0), .directive(.processDependency), .select(2), .directive(.copy)],
      ])
    contents.dependencies = [SUITDocument.Dependency(index: 0)]
    var document = SUITDocument(contents)
    document.payloads = [SUITDocument.Payload(uri: "#dep", bytes: try bench.signed(dependency))]
    let outcome = try bench.run(document, .update)
    #expect(outcome.error == nil)
    #expect(outcome.log.last == "copy deep > b" && outcome.device.text("b") == "theirs")
  }

  @Test("what the signer of a dependency may not do is refused, even if the dependent's may")
  func permission() throws {
    var bench = try bench()
    let dependency = SUITDocument(Bench.manifest(["b"], [.install: Bench.write("x")]))
    let document = Self.dependent(
      on: dependency, envelope: try bench.signed(dependency, bySecond: true),
      install: [.select(0), .directive(.processDependency)])
    #expect(try bench.run(document, .update).error == nil)
    bench.device.denials = [
      SimulatedDevice.Denial(command: 18, part: 2, signer: KeyIdentifier(of: bench.second.publicKey))
    ]
    let outcome = try bench.run(document, .update)
    #expect(outcome.error == .rule(.notPermitted, command: 18) && outcome.device.text("b") == nil)
  }

  @Test("the dependent may replace what a dependency only sets, not what it overrides")
  func parameters() throws {
    let bench = try bench()
    for (code, text) in [(Int64(19), "from above"), (20, "own")] {
      let dependency = SUITDocument(
        Bench.manifest(
          ["b"], [.install: [Step(code, .parameters([Bench.content("own")])), .directive(.write)]]))
      var contents = Bench.manifest(
        ["dep", "b"],
        [
          .dependencyResolution: Self.resolve(0, dependency),
          .install: [
            .select(1), Step(19, .parameters([Bench.content("from above")])), .select(0),
            .directive(.processDependency),
          ],
        ])
      contents.dependencies = [SUITDocument.Dependency(index: 0)]
      var document = SUITDocument(contents)
      document.payloads = [SUITDocument.Payload(uri: "#dep", bytes: try bench.signed(dependency))]
      let outcome = try bench.run(document, .update)
      #expect(outcome.error == nil && outcome.device.text("b") == text)
    }
  }

  @Test("a dependency that the platform finds too old is refused")
  func sequenceNumber() throws {
    var bench = try bench()
    bench.device.lowestSequenceNumber = SequenceNumber(5)
    for number: UInt64 in [4, 5] {
      let dependency = SUITDocument(
        Bench.manifest(["b"], [.install: Bench.write("x")], sequenceNumber: number))
      let outcome = try bench.run(
        Self.dependent(on: dependency, envelope: try bench.signed(dependency)), .update)
      #expect(outcome.error == (number == 4 ? .rule(.dependencyTooOld, command: 7) : nil))
    }
  }

  @Test("dependencies of dependencies end at a limit, and so does the memory for them")
  func depth() throws {
    for (depth, works) in [(4, true), (5, false)] {
      var bench = try Bench("dep", "a", "b")
      // Each manifest carries the next one, which it keeps in a component of its own.
      bench.device = SimulatedDevice((0...depth).map { "d\($0)" } + ["b"])
      var document = SUITDocument(Bench.manifest(["b"], [.install: Bench.write("x")]))
      for level in (0..<depth).reversed() {
        let envelope = try bench.signed(document)
        var contents = Bench.manifest(
          ["d\(level)"],
          [
            .dependencyResolution: Self.resolve(0, document) + [.directive(.processDependency)],
            .install: [.select(0), .directive(.processDependency)],
          ])
        contents.dependencies = [SUITDocument.Dependency(index: 0)]
        document = SUITDocument(contents)
        document.payloads = [SUITDocument.Payload(uri: "#dep", bytes: envelope)]
      }
      let outcome = try bench.run(document, .update)
      #expect(outcome.error == (works ? nil : .limitExceeded(.dependencyDepth)))
      #expect(outcome.device.text("b") == (works ? "x" : nil))
      bench.memorySize = 700
      #expect(try bench.run(document, .update).error == .limitExceeded(.memory))
    }
  }

  @Test("several dependencies, each with its own; too many are refused")
  func breadth() throws {
    for (count, works) in [(5, true), (6, false)] {
      var bench = try Bench("a")
      bench.device = SimulatedDevice((0..<count).flatMap { ["d\($0)", "c\($0)"] })
      var resolution: [Step] = []
      var install: [Step] = []
      var payloads: [SUITDocument.Payload] = []
      for index in 0..<count {
        let dependency = SUITDocument(Bench.manifest(["c\(index)"], [.install: Bench.write("x")]))
        resolution += Self.resolve(UInt64(index), dependency, uri: "#\(index)")
        install += [.select(UInt64(index)), .directive(.processDependency)]
        payloads.append(SUITDocument.Payload(uri: "#\(index)", bytes: try bench.signed(dependency)))
      }
      var contents = Bench.manifest(
        (0..<count).map { "d\($0)" }, [.dependencyResolution: resolution, .install: install])
      contents.dependencies = (0..<count).map { SUITDocument.Dependency(index: UInt64($0)) }
      var document = SUITDocument(contents)
      document.payloads = payloads
      let outcome = try bench.run(document, .update)
      #expect(outcome.error == (works ? nil : .limitExceeded(.manifests)))
    }
  }

  @Test("dependencies are members of the list, or follow it with a prefix")
  func wrongIndex() throws {
    let bench = try Bench("a", "b")
    for (index, prefix) in [
      (UInt64(1), nil), (2, [[1]]), (1, [Array("zz".utf8)]), (1, [Array("a".utf8)]), (1 << 62, nil),
    ] as [(UInt64, [[UInt8]]?)] {
      var contents = Bench.manifest(["a"], [.install: [.select(0)] + Bench.write("x")])
      contents.dependencies = [SUITDocument.Dependency(index: index, prefix: prefix)]
      let outcome = try bench.run(contents, .update)
      #expect(outcome.error != nil && outcome.log.isEmpty, "\(index)")
    }
  }
}
