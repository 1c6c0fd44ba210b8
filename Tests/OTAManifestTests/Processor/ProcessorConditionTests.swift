import OTACore
import OTACrypto
import OTAManifest
import Testing

/// Each condition, where it holds and where it does not.
@Suite struct ProcessorConditionTests {
  typealias Bench = ProcessorBench
  typealias Parameter = SUITDocument.Parameter

  /// A condition with a parameter, and whether it holds on the device of ``device``.
  struct Case: Sendable, CustomTestStringConvertible {
    var condition: SUITCondition
    var parameter: Parameter?
    var holds: Bool
    var code: ErrorCode

    var testDescription: String { "\(condition) \(holds) \(String(describing: parameter))" }

    init(_ condition: SUITCondition, _ parameter: Parameter?, _ holds: Bool, _ code: ErrorCode) {
      self.condition = condition
      self.parameter = parameter
      self.holds = holds
      self.code = code
    }
  }

  static func bytes(_ byte: UInt8) -> Parameter.Value { .bytes([UInt8](repeating: byte, count: 16)) }

  static func version(_ comparison: UInt64, _ numbers: Int64...) -> Parameter {
    Parameter(28, .version(comparison: comparison, numbers))
  }

  static let cases: [Case] = [
    Case(.vendorIdentifier, Parameter(1, bytes(0x11)), true, .vendorMismatch),
    Case(.vendorIdentifier, Parameter(1, bytes(0x12)), false, .vendorMismatch),
    Case(
      .vendorIdentifier, Parameter(1, .encoded([0xd8, 0x70, 0x43, 0x86, 0x8d, 0x1f])), true, .vendorMismatch),
    Case(
      .vendorIdentifier, Parameter(1, .encoded([0xd8, 0x70, 0x43, 0x86, 0x8d, 0x1e])), false, .vendorMismatch),
    Case(.classIdentifier, Parameter(2, bytes(0x22)), true, .classMismatch),
    Case(.classIdentifier, Parameter(2, bytes(0x11)), false, .classMismatch),
    Case(.deviceIdentifier, Parameter(24, bytes(0x33)), true, .deviceMismatch),
    Case(.deviceIdentifier, Parameter(24, bytes(0x34)), false, .deviceMismatch),
    Case(.imageMatch, Bench.digest("old"), true, .imageDigestMismatch),
    Case(.imageMatch, Bench.digest("new"), false, .imageDigestMismatch),
    Case(.imageNotMatch, Bench.digest("new"), true, .manifestConditionFailed),
    Case(.imageNotMatch, Bench.digest("old"), false, .manifestConditionFailed),
    Case(.componentSlot, Parameter(5, .unsigned(1)), true, .manifestConditionFailed),
    Case(.componentSlot, Parameter(5, .unsigned(0)), false, .manifestConditionFailed),
    Case(.checkContent, Bench.content("old"), true, .manifestConditionFailed),
    Case(.checkContent, Bench.content("olD"), false, .manifestConditionFailed),
    Case(.checkContent, Bench.content("ol"), false, .manifestConditionFailed),
    // The device has 1.4.2.
    Case(.version, version(1, 1, 4, 1), true, .requiredVersionMissing),
    Case(.version, version(1, 1, 4, 2), false, .requiredVersionMissing),
    Case(.version, version(2, 1, 4, 2), true, .requiredVersionMissing),
    Case(.version, version(2, 1, 4), true, .requiredVersionMissing),
    Case(.version, version(2, 2), false, .requiredVersionMissing),
    Case(.version, version(3, 1), true, .requiredVersionMissing),
    Case(.version, version(3, 1, 4, 2, 0), true, .requiredVersionMissing),
    Case(.version, version(3, 1, 4, 3), false, .requiredVersionMissing),
    Case(.version, version(4, 1, 4, 2), true, .requiredVersionMissing),
    Case(.version, version(4, 1, 3), false, .requiredVersionMissing),
    Case(.version, version(5, 1, 4, 3), true, .requiredVersionMissing),
    Case(.version, version(5, 1, 4, 2), false, .requiredVersionMissing),
    // A release is above its candidates.
    Case(.version, version(1, 1, 4, 2, -1, 7), true, .requiredVersionMissing),
    Case(.version, version(5, 1, 5, -3), true, .requiredVersionMissing),
    Case(.abort, nil, false, .manifestConditionFailed),
    Case(.isDependency, nil, false, .manifestConditionFailed),
  ]

  static func bench() throws -> Bench {
    var bench = try Bench("app")
    bench.device["app"] = SimulatedDevice.Contents(Array("old".utf8))
    bench.device.parts[0].version = SUITVersion(Version(1, 4, 2))
    bench.device.parts[0].slot = 1
    return bench
  }

  @Test("holds, or ends the procedure before the next command", arguments: cases)
  func verdict(_ test: Case) throws {
    let bench = try Self.bench()
    let steps: [SUITDocument.Step] = (test.parameter.map { [.override([$0])] } ?? [])
    let outcome = try bench.run(
      Bench.manifest(
        ["app"], [.install: steps + [.condition(test.condition, reporting: 3)] + Bench.write("new")]),
      .update)
    #expect((outcome.error == nil) == test.holds)
    #expect(outcome.device.text("app") == (test.holds ? "new" : "old"))
    #expect(
      outcome.device.records.first
        == SUITRecord(
          command: test.condition.rawValue, component: SUITComponentHandle(0), policy: 3,
          isSuccess: test.holds))
    if !test.holds {
      #expect(outcome.error == .conditionFailed(test.condition.rawValue))
      #expect(outcome.error?.code == test.code)
    }
  }

  @Test(
    "does not hold without its parameter",
    arguments: [
      (SUITCondition.vendorIdentifier, Int64(1)), (.classIdentifier, 2), (.deviceIdentifier, 24),
      (.imageMatch, 3), (.imageNotMatch, 3), (.componentSlot, 5), (.checkContent, 18), (.version, 28),
    ])
  func missing(_ condition: SUITCondition, _ key: Int64) throws {
    let bench = try Self.bench()
    let outcome = try bench.run(
      Bench.manifest(["app"], [.install: [.condition(condition)] + Bench.write("new")]), .update)
    #expect(outcome.error == .manifest(.missingParameter(key)))
    #expect(outcome.log.isEmpty)
    // It is a condition that fails: something else can be tried.
    let other = try bench.run(
      Bench.manifest(
        ["app"], [.install: [.tryEach([[.condition(condition)], Bench.write("new")])]]), .update)
    #expect(other.error == nil && other.device.text("app") == "new")
  }

  @Test("of a component without a version none is true")
  func noVersion() throws {
    var bench = try Self.bench()
    bench.device.parts[0].version = nil
    let outcome = try bench.run(
      Bench.manifest(["app"], [.install: [.override([Self.version(2, 0)]), .condition(.version)]]), .update)
    #expect(outcome.error == .conditionFailed(28))
  }

  @Test("a digest of an algorithm that the device has not is its failure, not a mismatch")
  func otherAlgorithm() throws {
    let bench = try Self.bench()
    let digest = SUITDocument.DigestValue(algorithm: -44, bytes: [UInt8](repeating: 1, count: 64))
    for condition in [SUITCondition.imageMatch, .imageNotMatch] {
      let outcome = try bench.run(
        Bench.manifest(
          ["app"], [.validate: [.override([Parameter(3, .digest(digest))]), .condition(condition)]]), .update)
      #expect(
        outcome.error
          == .platform(command: condition.rawValue, SUITPlatformFailure(.unsupportedAlgorithm)))
    }
  }

  @Test(
    "a parameter of the wrong form refuses the manifest before anything is done",
    arguments: [
      Parameter(1, .bytes([1])), Parameter(2, .unsigned(1)), Parameter(24, .text("x")),
      Parameter(1, .encoded([0xd8, 0x71, 0x41, 0x01])), Parameter(3, .bytes([0x80])),
      Parameter(3, .digest(SUITDocument.DigestValue(algorithm: -16, bytes: [1]))),
      Parameter(3, .digest(SUITDocument.DigestValue(algorithm: -999, bytes: [1]))),
      Parameter(5, .bytes([])), Parameter(14, .encoded([0x20])), Parameter(18, .unsigned(1)),
      Parameter(19, .unsigned(1)), Parameter(21, .bytes([1])), Parameter(22, .unsigned(1)),
      Parameter(23, .text("x")), Parameter(25, .bool(true)), Parameter(12, .unsigned(1)),
      version(0, 1), version(6, 1), version(3, -1), version(3, 1, 2, 3, 4, 5, 6, 7, 8, 9),
      Parameter(28, .bytes([0x82, 0x03, 0x80])), Parameter(4, .unsigned(9)), Parameter(-301, .unsigned(9)),
    ])
  func wrongForm(_ parameter: Parameter) throws {
    let outcome = try Self.bench().run(
      Bench.manifest(["app"], [.install: Bench.write("new"), .validate: [.override([parameter])]]), .update)
    guard case .manifest = outcome.error else {
      Issue.record("\(String(describing: outcome.error))")
      return
    }
    #expect(outcome.log.isEmpty && outcome.device.text("app") == "old")
  }
}
