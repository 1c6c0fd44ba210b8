import OTACore
import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

@Suite("Life of keys under power cuts")
struct KeyLifePowerLossTests {
  private static func equalBlocks() throws -> FlashGeometry {
    try FlashGeometry(eraseBlockSize: 2048, blockCount: 12, writeSize: 4)
  }

  private static func largeUnits() throws -> FlashGeometry {
    try FlashGeometry(eraseBlockSize: 1024, blockCount: 24, writeSize: 16, readSize: 8, erasedByte: 0)
  }

  @Test("Rotation, update, trial, confirmation and revocation survive every cut and every second cut")
  func life() async throws {
    try await check(
      "units of 4", secondCuts: TestSeed.isSlow ? .sampled(40) : .sampled(1),
      try await KeyLifeScenario(
        geometry: try KeyLifePowerLossTests.equalBlocks(), beginsWithFaulty: TestSeed.isSlow))
  }

  @Test("So they do when the first image fails, in large units that are erased to zero")
  func faulty() async throws {
    try await check(
      "units of 16, one image fails", secondCuts: TestSeed.isSlow ? .sampled(40) : .none,
      try await KeyLifeScenario(
        geometry: try KeyLifePowerLossTests.largeUnits(), beginsWithFaulty: true,
        writeToUsed: .isUndefined))
  }

  private func check(
    _ name: String, secondCuts: PowerLossChecker.SecondCuts, _ scenario: KeyLifeScenario
  ) async throws {
    let checker = PowerLossChecker(seed: TestSeed.value, secondCuts: secondCuts, readings: 1)
    let report = try await onOwnThread { checker.check(scenario) }
    print("life of keys, \(name): \(report)")
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.operations >= 60)
    #expect(report.singleCuts > 10 * report.operations)
  }

  @Test("A revocation in the wrong order is found", arguments: KeyLifeScenario.Flaw.allCases)
  func flawed(_ flaw: KeyLifeScenario.Flaw) async throws {
    var checker = PowerLossChecker(seed: TestSeed.value, readings: 1)
    checker.stopsEarly = true
    let scenario = try await KeyLifeScenario(
      geometry: try KeyLifePowerLossTests.equalBlocks(), beginsWithFaulty: flaw == .revokesOnTrial,
      flaw: flaw)
    let report = try await onOwnThread { [checker] in checker.check(scenario) }
    let first = try #require(report.violations.first, "\(report)")
    print("wrong life of keys, \(flaw): \(first.trace.count) cuts, \(first)")
    // Two are wrong without any cut; the others look right as long as the power stays.
    let isPlain = flaw == .revokesWithTheSet || flaw == .revokesOnTrial
    #expect(first.trace.count == (isPlain ? 0 : 1))
  }
}
