import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Testing

/// Manifests that a trusted author made to exhaust a device, or that his broken tool made.
@Suite struct ProcessorLimitTests {
  typealias Bench = ProcessorBench
  typealias Step = SUITDocument.Step

  @Test("sequences within sequences end at the limit", arguments: [7, 8, 9, 40])
  func nesting(_ depth: Int) throws {
    let bench = try Bench("a")
    var runs = Bench.write("x")
    var tries = Bench.write("x")
    for _ in 1..<depth {
      runs = [.run(runs)]
      tries = [.tryEach([tries, [.condition(.abort)]])]
    }
    for steps in [runs, tries] {
      let outcome = try bench.run(Bench.manifest(["a"], [.install: steps]), .update)
      #expect(outcome.error == (depth <= 8 ? nil : .limitExceeded(.nesting)))
      #expect(outcome.log.count == (depth <= 8 ? 1 : 0))
    }
  }

  @Test("ten thousand commands are refused before the first runs")
  func manyCommands() throws {
    var bench = try Bench("a")
    bench.limits = Limits(envelopeSize: 1 << 20, itemCount: 1 << 20)
    let steps = Bench.write("x") + [Step](repeating: .directive(.write), count: 10_000)
    let outcome = try bench.run(Bench.manifest(["a"], [.install: steps]), .update)
    #expect(outcome.error == .limitExceeded(.steps) && outcome.log.isEmpty)
    bench.limits = Limits(envelopeSize: 1 << 20)
    let second = try bench.run(Bench.manifest(["a"], [.install: steps]), .update)
    #expect(second.error?.code == .limitExceeded && second.log.isEmpty)
  }

  @Test("commands for every component, nested, end at the number of steps")
  func multiplied() throws {
    let names = (0..<16).map { "c\($0)" }
    var bench = try Bench("a")
    bench.device = SimulatedDevice(names)
    // 16 to the power of 5 runs.
    var steps: [Step] = [.condition(.isDependency)]
    for _ in 0..<5 {
      steps = [
        Step(12, .components(.all)), .tryEach([[.run(steps)], [.condition(.isDependency)], nil]),
      ]
    }
    bench.limits = Limits(nestingDepth: 32)
    let outcome = try bench.run(Bench.manifest(names, [.install: steps]), .update)
    #expect(outcome.error == .limitExceeded(.steps))
  }

  @Test("many alternatives are tried, one after the other")
  func manyAlternatives() throws {
    let bench = try Bench("a")
    let alternatives = [[Step]](repeating: [.condition(.abort)], count: 900) + [Bench.write("x")]
    let outcome = try bench.run(Bench.manifest(["a"], [.install: [.tryEach(alternatives)]]), .update)
    #expect(outcome.error == nil && outcome.log == ["store 1 > a"])
    let tooMany = [[Step]](repeating: [.condition(.abort)], count: 1100)
    let second = try bench.run(Bench.manifest(["a"], [.install: [.tryEach(tooMany)]]), .update)
    #expect(second.error?.code == .limitExceeded)
  }

  @Test("seventeen components are refused, sixteen are not")
  func components() throws {
    for count in [16, 17] {
      let names = (0..<count).map { "c\($0)" }
      var bench = try Bench("a")
      bench.device = SimulatedDevice(names)
      let contents = Bench.manifest(
        names, [.install: [Step(12, .components(.all))] + Bench.write("x")])
      let outcome = try bench.run(contents, .update)
      #expect(outcome.error == (count == 16 ? nil : .limitExceeded(.components)))
      #expect(outcome.log.count == (count == 16 ? 16 : 0))
    }
  }

  @Test("an envelope over the limit is refused")
  func envelopeSize() throws {
    var bench = try Bench("a")
    bench.limits = Limits(envelopeSize: 300)
    var document = SUITDocument(Bench.manifest(["a"], [.install: Bench.write("x")]))
    #expect(try bench.run(document, .update).error == nil)
    document.payloads = [SUITDocument.Payload(uri: "#p", bytes: [UInt8](repeating: 0, count: 200))]
    #expect(throws: ManifestError.limitExceeded(.envelope)) { try bench.run(document, .update) }
  }

  @Test("any change of a signed manifest is judged without a trap, and within the limits", arguments: 0..<10)
  func random(_ round: Int) throws {
    // Behind the signature there is still a parser: the key may be stolen, or its owner's tool broken.
    var generator = SeededGenerator()
    let bench = try Bench("dep", "a", "b", "c")
    let dependency = SUITDocument(Bench.manifest(["b"], [.install: Bench.write("x")]))
    var document = ProcessorDependencyTests.dependent(
      on: dependency, envelope: try bench.signed(dependency),
      install: [
        .select(0), .directive(.processDependency), Step(12, .components(.list([1, 0]))),
        .tryEach([
          [.run([.select(1), .override([Bench.source(0), Bench.content("y")]), .directive(.copy)])],
          [.condition(.abort)], nil,
        ]),
      ])
    document.manifest.shared = [.select(1), .override([Bench.digest("x"), Bench.uri("#dep")])]
    document.seal()
    let good = document.manifestBytes
    for _ in 0..<200 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8(
          truncatingIfNeeded: generator.next())
      }
      do throws(ManifestError) {
        let outcome = try bench.run(manifest: bytes, payloads: document.payloads)
        #expect(outcome.log.count <= 4096)
        if let error = outcome.error { #expect(ErrorCode.allCases.contains(error.code)) }
      } catch {
        #expect(ErrorCode.allCases.contains(error.code))
      }
    }
  }
}

extension SUITDocument {
  /// The manifest as it is in the envelope.
  fileprivate var manifestBytes: [UInt8] {
    guard let envelope = try? SUITEnvelope(parsing: encoded.span, extent: .all) else { return [] }
    return Array(encoded[envelope.manifest.contents])
  }
}

extension ProcessorBench {
  /// Signs any bytes as a manifest, and processes them.
  fileprivate func run(
    manifest: [UInt8], payloads: [SUITDocument.Payload]
  ) throws(ManifestError) -> Outcome {
    let wrapped = CBOR.bytes(manifest).encoded
    let digest = EnvelopeBuilder.digest(Fixture.digest(of: wrapped)).encoded
    let block = signedBlock(over: digest)
    let wrapper = CBOR.wrapped(.array([.bytes(digest), .bytes(block)]))
    let members: [(CBOR, CBOR)] =
      [(.int(2), wrapper), (.int(3), .bytes(manifest))]
      + payloads.map { (CBOR.text($0.uri), CBOR.bytes($0.bytes)) }
    do {
      return try run(envelope: CBOR.tag(107, .map(members)).encoded, [.update])
    } catch let error as ManifestError {
      throw error
    } catch {
      preconditionFailure("no other error is thrown")
    }
  }
}
