import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// Boot loaders that swap, each with one rule broken.
@Suite("The checker finds wrong swaps")
struct WrongSwapTests {
  @Test("A swap with one rule broken is found", arguments: ToySwap.Flaw.allCases)
  func flawed(_ flaw: ToySwap.Flaw) async throws {
    let report = try await Self.report(on: flaw, in: flaw.world)
    let first = try #require(report.violations.first, "\(flaw) is not found: \(report)")
    let way = first.trace.count == 0 ? "\(first.problem)\n  without any cut" : first.description
    print("wrong swap, \(flaw), seed \(report.seed): \(way)")
    #expect(first.trace.count == (flaw.needsCut ? 1 : 0), "\(first)")
  }

  @Test(
    "The same swap with every rule kept is not, whatever the world does",
    arguments: [.healthy, .unhealthy, .hanging, .damaged, .tiredScratch, .rotting] as [ToySwap.World])
  func whole(_ world: ToySwap.World) async throws {
    let report = try await Self.report(on: nil, in: world)
    print("right swap, \(world): \(report)")
    #expect(report.violations.isEmpty && report.operations >= 10, "\(report)")
    #expect(report.singleCuts > 150)
  }

  private static func report(on flaw: ToySwap.Flaw?, in world: ToySwap.World) async throws -> PowerLossReport
  {
    try await onOwnThread {
      let toy = ToySwap(flaw: flaw, world: world)
      let checker = PowerLossChecker(
        seed: TestSeed.value, secondCuts: flaw == nil && TestSeed.isSlow ? .sampled(2) : .none, readings: 1)
      // What is wrong is found once, and then the rest goes by.
      var isFound = false
      func examine(_ device: SharedFlash, starts: Int, expected: UInt8?) -> String? {
        if isFound { return nil }
        let problem = toy.problem(on: device, starts: starts, expected: expected)
        isFound = problem != nil
        return problem
      }
      return checker.check(
        try ToySwap.provisioned(for: world),
        scenario: { device throws(ToySwap.Failure) in
          if isFound { return }
          do throws(ToySwap.Failure) {
            try toy.run(device)
          } catch {
            isFound = device.snapshot.isPowered
            throw error
          }
        },
        invariant: { examine($0, starts: 1, expected: nil) },
        completion: { examine($0, starts: world == .unhealthy ? 8 : 2, expected: world.endsWith) })
    }
  }
}

extension ToySwap.World {
  /// The set that runs when the update has come to its end; `nil` if that depends on the cut.
  fileprivate var endsWith: UInt8? {
    switch self {
    case .healthy, .tiredScratch: 1
    case .unhealthy, .hanging, .damaged: 0
    case .rotting: nil
    }
  }
}

extension ToySwap.Flaw {
  /// The world in which it shows.
  fileprivate var world: ToySwap.World {
    switch self {
    case .erasesBeforeRecord, .hasTwoRecords, .hasPlainProgress, .recordsBeforeStep, .recordsEverySecondStep:
      .healthy
    case .raisesCounterEarly, .keepsFailedSet: .unhealthy
    case .confirmsUnverified, .erasesUnverified: .damaged
    case .countsAfterJump: .hanging
    case .readsNothingBack: .tiredScratch
    case .verifiesNothingMoved: .rotting
    }
  }

  /// Whether all is well as long as the power stays.
  fileprivate var needsCut: Bool {
    switch self {
    case .confirmsUnverified, .erasesBeforeRecord, .hasTwoRecords, .hasPlainProgress, .recordsBeforeStep,
      .recordsEverySecondStep:
      true
    case .raisesCounterEarly, .keepsFailedSet, .erasesUnverified, .countsAfterJump, .readsNothingBack,
      .verifiesNothingMoved:
      false
    }
  }
}
