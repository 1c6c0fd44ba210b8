import OTACore
import OTACrypto
import OTAManifest
import Testing

/// What chooses components, and what runs sequences.
@Suite struct ProcessorFlowTests {
  typealias Bench = ProcessorBench
  typealias Step = SUITDocument.Step
  typealias Parameter = SUITDocument.Parameter

  static func soft(_ value: Bool) -> Step { .override([Parameter(13, .bool(value))]) }
  static func strict(_ value: Bool) -> Step { .override([Parameter(12, .bool(value))]) }
  static let fail = Step.condition(.abort)

  private func run(_ steps: [Step], _ names: String...) throws -> Bench.Outcome {
    var bench = try Bench("a", "b", "c")
    for (index, name) in ["a", "b", "c"].enumerated() {
      bench.device.parts[index].contents = SimulatedDevice.Contents(Array(name.utf8))
    }
    return try bench.run(Bench.manifest(names.isEmpty ? ["a", "b", "c"] : names, [.install: steps]), .update)
  }

  @Test("set-component-index chooses one, some in their order, or all")
  func selection() throws {
    #expect(try run([.select(2)] + Bench.write("x")).log == ["store 1 > c"])
    #expect(
      try run([Step(12, .components(.list([2, 0])))] + Bench.write("x")).log
        == ["store 1 > c", "store 1 > a"])
    #expect(
      try run([Step(12, .components(.all))] + Bench.write("x")).log
        == ["store 1 > a", "store 1 > b", "store 1 > c"])
    // Without a command it is the first, if there is only one.
    #expect(try run(Bench.write("x"), "b").log == ["store 1 > b"])
  }

  @Test("a choice that is not possible refuses the manifest")
  func wrongSelection() throws {
    for argument: Step.Argument in [
      .components(.index(3)), .components(.index(.max)), .components(.list([0, 3])),
      .components(.list([1, 1])), .components(.list([0, 1, 2, 0])), .encoded([0xf4]), .encoded([0x80]),
      .encoded([0x20]), .encoded([0xf6]),
    ] {
      let outcome = try run([.select(0)] + Bench.write("x") + [Step(12, argument)])
      #expect(outcome.error != nil && outcome.log.isEmpty, "\(argument)")
    }
  }

  @Test("with several components each sequence begins with a choice")
  func firstCommand() throws {
    let bench = try Bench("a", "b")
    #expect(try run(Bench.write("x")).error == .rule(.sequenceSelectsNothing, command: 20))
    let shared = Bench.manifest(
      ["a", "b"], shared: [.condition(.vendorIdentifier)], [.install: [.select(0)] + Bench.write("x")])
    #expect(try bench.run(shared, .update).error == .rule(.sequenceSelectsNothing, command: 1))
  }

  @Test("parameters belong to one component")
  func parameters() throws {
    let outcome = try run([
      .select(0), .override([Bench.content("xx")]), .select(1), .override([Bench.content("y")]),
      Step(12, .components(.list([0, 1]))), .directive(.write),
    ])
    #expect(outcome.log == ["store 2 > a", "store 1 > b"])
    #expect(
      try run([.select(0), .override([Bench.content("x")]), .select(1), .directive(.write)]).error
        == .manifest(.missingParameter(18)))
  }

  @Test("override replaces a value, set keeps it")
  func overrideAndSet() throws {
    let outcome = try run([
      .select(0), .override([Bench.content("1")]), Step(19, .parameters([Bench.content("22")])),
      .directive(.write), .override([Bench.content("333")]), .directive(.write), .select(1),
      Step(19, .parameters([Bench.content("4444")])), .directive(.write),
    ])
    #expect(outcome.error == nil)
    #expect(outcome.log == ["store 1 > a", "store 3 > a", "store 4 > b"])
    for steps in [[Step(20, .parameters([]))], [Step(19, .encoded([0x01]))]] {
      #expect(try run([.select(0)] + steps).error != nil)
    }
  }

  @Test("try-each runs the first sequence that succeeds")
  func tryEach() throws {
    #expect(
      try run([.select(0), .tryEach([[Self.fail], Bench.write("22"), Bench.write("3")])]).log
        == ["store 2 > a"])
    let failed = try run([.select(0), .tryEach([[Self.fail], [.condition(.version)]])])
    // The last failure is the one that is reported.
    #expect(failed.error == .manifest(.missingParameter(28)))
    #expect(
      try run([.select(0), .tryEach([[Self.fail], [Self.fail], nil])] + Bench.write("x")).error == nil)
    // What was done before the failure stays done.
    #expect(
      try run([.select(0), .tryEach([Bench.write("1") + [Self.fail], Bench.write("22")])]).log
        == ["store 1 > a", "store 2 > a"])
  }

  @Test("try-each needs two sequences, and nil only behind them")
  func wrongTryEach() throws {
    for argument: Step.Argument in [
      .alternatives([]), .alternatives([Bench.write("x")]), .alternatives([Bench.write("x"), nil]),
      .alternatives([nil, Bench.write("x"), Bench.write("x")]),
      .alternatives([Bench.write("x"), Bench.write("x"), nil, nil]), .encoded([0x82, 0x40, 0x40]),
      .encoded([0x01]),
    ] {
      let outcome = try run([.select(0)] + Bench.write("y") + [Step(15, argument)])
      #expect(outcome.error != nil && outcome.log.isEmpty, "\(argument)")
    }
  }

  @Test("for several components try-each and run-sequence run once for each")
  func loops() throws {
    let match = Parameter(3, .digest(SUITDocument.DigestValue(Fixture.digest(of: Array("b".utf8)))))
    let outcome = try run([
      Step(12, .components(.all)), .override([match, Bench.content("xx")]),
      .tryEach([[.condition(.imageMatch), .directive(.write)], [.condition(.imageNotMatch)]]),
      .run([.override([Bench.content("y")]), .directive(.write)]),
    ])
    #expect(outcome.error == nil)
    #expect(outcome.log == ["store 2 > b", "store 1 > a", "store 1 > b", "store 1 > c"])
  }

  @Test("a sequence that succeeds keeps its choice of a component; one that fails, or one of many, does not")
  func choiceAfterwards() throws {
    let write = Step.directive(.write)
    let content = [Step(12, .components(.all)), .override([Bench.content("x")])]
    #expect(try run(content + [.select(0), .run([.select(1)]), write]).log == ["store 1 > b"])
    #expect(
      try run(content + [.select(0), .tryEach([[.select(1), Self.fail], [.select(2)]]), write]).log
        == ["store 1 > c"])
    #expect(
      try run(content + [.select(0), .run([Self.soft(true), .select(1), Self.fail]), write]).log
        == ["store 1 > a"])
    #expect(
      try run(content + [Step(12, .components(.list([0, 1]))), .run([.select(2)]), write]).log
        == ["store 1 > a", "store 1 > b"])
  }

  @Test("soft failure decides what the end of a sequence means, and only inside of one")
  func softFailure() throws {
    let after = Bench.write("x")
    // Run-sequence: hard by default.
    #expect(try run([.select(0), .run([Self.fail])] + after).error == .conditionFailed(14))
    #expect(try run([.select(0), .run([Self.soft(true), Self.fail])] + after).error == nil)
    // Try-each: soft by default.
    #expect(
      try run([.select(0), .tryEach([[Self.soft(false), Self.fail], after])]).error == .conditionFailed(14))
    #expect(
      try run([.select(0), .tryEach([[Self.soft(false), Self.soft(true), Self.fail], after])]).error == nil)
    // A nested sequence has its own; a failure of it is one of a condition for the sequence around it.
    #expect(try run([.select(0), .tryEach([[.run([Self.fail])], after])]).log == ["store 1 > a"])
    #expect(
      try run([.select(0), .run([Self.soft(true), .run([Self.fail])])] + after).log == ["store 1 > a"])
    #expect(
      try run([.select(0), .run([Self.soft(true), .run([.condition(.isDependency)]), Self.fail])] + after).log
        == ["store 1 > a"])
    for steps in [[Self.soft(true)], [Self.soft(false)]] {
      #expect(
        try run([.select(0)] + after + steps).error == .rule(.softFailureOutside, command: 20))
    }
    // Set-parameters leaves it: it has a value.
    #expect(
      try run([.select(0), .run([Step(19, .parameters([Parameter(13, .bool(true))])), Self.fail])]).error
        == .conditionFailed(14))
  }

  @Test("without an order, nothing is both written and read")
  func unordered() throws {
    let copy: [Step] = [
      .select(1), .override([Bench.source(0)]), .directive(.copy), .select(2),
      .override([Bench.source(1)]), .directive(.copy),
    ]
    #expect(try run([.select(0)] + copy).error == nil)
    #expect(try run([.select(0), Self.strict(false)] + copy).error == .rule(.unordered, command: 22))
    // Where the order returns, what was written may be read.
    #expect(
      try run([.select(0), Self.strict(false)] + copy[..<3] + [Self.strict(true)] + copy[3...]).error == nil)
    #expect(
      try run([.select(0), Self.strict(false)] + Bench.write("x") + copy[..<3]).error
        == .rule(.unordered, command: 22))
  }

  @Test("a sequence that may run beside others chooses its component first, and once")
  func parallel() throws {
    let write = Bench.write("x")
    #expect(try run([.select(0), Self.strict(false), .run([.select(1)] + write)]).log == ["store 1 > b"])
    #expect(
      try run([.select(0), Self.strict(false), .run(write)]).error
        == .rule(.selectionInParallel, command: 20))
    #expect(
      try run([.select(0), Self.strict(false), .run([.select(1)] + write + [.select(2)])]).error
        == .rule(.selectionInParallel, command: 12))
    let several = [Step(12, .components(.list([0, 1]))), Self.strict(false)]
    #expect(try run(several + [.run(write)]).log == ["store 1 > a", "store 1 > b"])
    #expect(
      try run(several + [.run([.select(1)] + write)]).error == .rule(.selectionInParallel, command: 12))
    // Also deeper inside.
    #expect(
      try run(several + [.run([.run([.select(1)] + write)])]).error
        == .rule(.selectionInParallel, command: 12))
  }

  @Test("what is to be reported is, once for each component in its order")
  func reports() throws {
    let outcome = try run([
      Step(12, .components(.list([1, 0]))), .override([Bench.content("b")]),
      .directive(.write, reporting: 5), .condition(.checkContent, reporting: 2),
      .tryEach([[.condition(.abort, reporting: 8)], [.condition(.checkContent, reporting: 0)]]),
    ])
    #expect(outcome.error == nil)
    let records = outcome.device.records
    #expect(records.map(\.command) == [18, 18, 14, 14])
    #expect(records.map(\.component.rawValue) == [1, 0, 1, 0])
    #expect(records.map(\.isSuccess) == [true, true, false, false])
    #expect(records.map(\.policy) == [5, 5, 8, 8])
  }

  @Test("a reporting policy is four bits")
  func policy() throws {
    for argument: Step.Argument in [.reporting(16), .encoded([0xf6]), .encoded([0x40])] {
      let outcome = try run([.select(0)] + Bench.write("x") + [Step(18, argument)])
      #expect(outcome.error != nil && outcome.log.isEmpty)
    }
  }
}
