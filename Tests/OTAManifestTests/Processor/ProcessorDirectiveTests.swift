import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Testing

/// Each directive, and what it refuses.
@Suite struct ProcessorDirectiveTests {
  typealias Bench = ProcessorBench
  typealias Step = SUITDocument.Step
  typealias Parameter = SUITDocument.Parameter

  @Test("fetch gets the URI into the component, with what else is said about it")
  func fetch() throws {
    var bench = try Bench("app")
    bench.device.resources["http://x/a"] = SimulatedDevice.Contents(Array("new".utf8))
    let outcome = try bench.run(
      Bench.manifest(
        ["app"],
        [
          .install: [
            .override([
              Bench.uri("http://x/a"), Bench.digest("new"), Parameter(5, .unsigned(3)),
              Parameter(19, .bytes([1, 2])), Parameter(25, .bytes([3])),
            ]), .directive(.fetch), .condition(.imageMatch),
          ]
        ]), .update)
    #expect(outcome.error == nil)
    #expect(outcome.log == ["fetch http://x/a > app@3 +3"])
    #expect(outcome.device.text("app") == "new")
  }

  @Test("fetch takes a payload of the envelope that has the URI for its key")
  func integrated() throws {
    let bench = try Bench("app")
    for uri in ["#app", "http://x/a"] {
      var document = SUITDocument(
        Bench.manifest(
          ["app"],
          [
            .install: [
              .override([Bench.uri(uri), Bench.digest("new")]), .directive(.fetch), .condition(.imageMatch),
            ]
          ]))
      document.payloads = [
        SUITDocument.Payload(uri: "#ap", bytes: [1]),
        SUITDocument.Payload(uri: uri, bytes: Array("new".utf8)),
      ].sorted { $0.uri.count < $1.uri.count }
      let outcome = try bench.run(document, .update)
      #expect(outcome.error == nil && outcome.log == ["store 3 > app"])
      #expect(outcome.device.text("app") == "new")
      // The payload is not signed, but the digest of the image is.
      document.payloads[1].bytes = Array("neW".utf8)
      #expect(try bench.run(document, .update).error == .conditionFailed(3))
      document.payloads = []
      let missing = try bench.run(document, .update).error
      #expect(
        missing
          == (uri == "#app"
            ? .rule(.payloadMissing, command: 21)
            : .platform(command: 21, SUITPlatformFailure(.transportUnreachable))))
    }
  }

  @Test("write, copy and swap move bytes")
  func moves() throws {
    let bench = try Bench("a", "b")
    let outcome = try bench.run(
      Bench.manifest(
        ["a", "b"],
        [
          .install: [.select(0)] + Bench.write("one") + [
            .select(1), .override([Bench.source(0)]), .directive(.copy), .select(0),
          ] + Bench.write("two") + [.select(1), .directive(.swap)]
        ]), .update)
    #expect(outcome.error == nil)
    #expect(outcome.log == ["store 3 > a", "copy a > b", "store 3 > a", "swap a = b"])
    #expect(outcome.device.text("a") == "one" && outcome.device.text("b") == "two")
  }

  @Test("invoke runs a component with its arguments; one that takes over ends the procedure")
  func invoke() throws {
    var bench = try Bench("a")
    let manifest = Bench.manifest(
      ["a"],
      [
        .invoke: [.override([Parameter(23, .bytes(Array("-v".utf8)))]), .directive(.invoke)]
          + Bench.write("after")
      ])
    let outcome = try bench.run(manifest, .invocation)
    #expect(outcome.error == nil && outcome.log == ["invoke a -v", "store 5 > a"])
    bench.device.invocation = .transferred
    let transferred = try bench.run(manifest, .invocation)
    #expect(transferred.error == nil && transferred.log == ["invoke a -v"])
    // Not even an alternative runs then.
    let nested = Bench.manifest(
      ["a"], [.invoke: [.tryEach([[.run([.directive(.invoke)])], Bench.write("x")])]])
    #expect(try bench.run(nested, .invocation).log == ["invoke a"])
  }

  @Test("unlink is for uninstallation")
  func unlink() throws {
    let bench = try Bench("a")
    let manifest = Bench.manifest(["a"], [.uninstall: [.directive(.unlink)], .install: Bench.write("x")])
    let outcome = try bench.run(manifest, .uninstallation)
    #expect(outcome.error == nil && outcome.log == ["unlink a"])
  }

  @Test(
    "a directive without its parameter ends the procedure, also inside try-each",
    arguments: [
      (SUITDirective.fetch, Int64(21)), (.write, 18), (.copy, 22), (.swap, 22),
    ])
  func missing(_ directive: SUITDirective, _ key: Int64) throws {
    let bench = try Bench("a")
    for steps in [
      [Step.directive(directive)], [.tryEach([[.directive(directive)], Bench.write("x")])],
      [.run([.override([Parameter(13, .bool(true))]), .directive(directive)])],
    ] {
      let outcome = try bench.run(Bench.manifest(["a"], [.install: steps]), .update)
      #expect(outcome.error == .manifest(.missingParameter(key)))
      #expect(outcome.log.isEmpty)
    }
  }

  @Test(
    "a directive that fails ends the procedure, also inside try-each",
    arguments: [
      (SUITDirective.fetch, "fetch"), (.write, "store"), (.copy, "copy"), (.swap, "swap"),
      (.invoke, "invoke"),
      (.unlink, "unlink"),
    ])
  func failing(_ directive: SUITDirective, _ name: String) throws {
    var bench = try Bench("a", "b")
    bench.device.failing = name
    let parameters = [Bench.content("x"), Bench.uri("u"), Bench.source(1)]
    for steps in [
      [.select(0), .override(parameters), .directive(directive)],
      [
        .select(0), .override(parameters),
        .tryEach([[.directive(directive, reporting: 15)], Bench.write("x")]),
      ],
    ] as [[Step]] {
      let outcome = try bench.run(Bench.manifest(["a", "b"], [.install: steps]), .update)
      #expect(
        outcome.error
          == .platform(command: directive.rawValue, SUITPlatformFailure(.flashDeviceFailure)))
      #expect(outcome.error?.code == .flashDeviceFailure)
      #expect(outcome.log.count == 1)
    }
  }

  @Test("what is for private use goes to the platform, if it knows it")
  func custom() throws {
    let bench = try Bench("a", "b")
    let manifest = Bench.manifest(
      ["a", "b"],
      [
        .install: [
          Step(12, .components(.all)), .override([Parameter(-300, .encoded([0x05]))]),
          Step(-300, .encoded([0x41, 0x09])),
        ]
      ])
    let outcome = try bench.run(manifest, .update)
    #expect(outcome.error == nil)
    #expect(outcome.device.customParameters == ["-300 [5] a", "-300 [5] b"])
    #expect(outcome.log == ["custom -300 [65, 9] a", "custom -300 [65, 9] b"])
    // A condition for private use that does not hold.
    let other = Bench.manifest(
      ["a"], [.install: [.tryEach([[Step(-301, .encoded([0xf6]))], Bench.write("x")])]])
    let second = try bench.run(other, .update)
    #expect(second.error == nil && second.log == ["custom -301 [246] a", "store 1 > a"])
    for steps in [[Step(-302, .encoded([0xf6]))], [Step(-300, .encoded([0x80]))]] {
      let refused = try bench.run(
        Bench.manifest(["a"], [.install: Bench.write("x"), .validate: steps]), .update)
      #expect(refused.error != nil && refused.log.isEmpty)
    }
  }

  @Test("who may not use a command on a component is refused, also for a source")
  func permission() throws {
    var bench = try Bench("a", "b")
    let signer = KeyIdentifier(of: bench.author.publicKey)
    bench.device["b"] = SimulatedDevice.Contents([1])
    let copy = Bench.manifest(
      ["a", "b"], [.install: [.select(0), .override([Bench.source(1)]), .directive(.copy)]])
    #expect(try bench.run(copy, .update).error == nil)
    for part: UInt16 in [0, 1] {
      bench.device.denials = [SimulatedDevice.Denial(command: 22, part: part, signer: signer)]
      let outcome = try bench.run(copy, .update)
      #expect(outcome.error == .rule(.notPermitted, command: 22))
      #expect(outcome.error?.code == .keyNotAuthorized && outcome.log.isEmpty)
    }
    bench.device.denials = [SimulatedDevice.Denial(command: 18, part: 0, signer: signer)]
    #expect(try bench.run(copy, .update).error == nil)
  }
}
