import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// Boot loaders that update in place, each with one rule broken.
@Suite("The checker finds wrong updates in place")
struct WrongInPlaceTests {
  @Test("An update in place with one rule broken is found", arguments: ToyInPlace.Flaw.allCases)
  func flawed(_ flaw: ToyInPlace.Flaw) async throws {
    let report = try await Self.report(on: flaw, in: flaw.world)
    let first = try #require(report.violations.first, "\(flaw) is not found: \(report)")
    let way = first.trace.count == 0 ? "\(first.problem)\n  without any cut" : first.description
    print("wrong update in place, \(flaw), seed \(report.seed): \(way)")
    #expect(first.trace.count == (flaw.needsCut ? 1 : 0), "\(first)")
  }

  @Test("The same update with every rule kept is not", arguments: ToyInPlace.World.allCases)
  func whole(_ world: ToyInPlace.World) async throws {
    let report = try await Self.report(on: nil, in: world)
    print("right update in place, \(world): \(report)")
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.operations >= (world == .damaged ? 3 : 20))
  }

  private static func report(
    on flaw: ToyInPlace.Flaw?, in world: ToyInPlace.World
  ) async throws -> PowerLossReport {
    try await onOwnThread {
      let toy = ToyInPlace(flaw: flaw, world: world)
      var checker = PowerLossChecker(
        seed: TestSeed.value, secondCuts: flaw == nil && TestSeed.isSlow ? .sampled(2) : .none, readings: 1)
      checker.stopsEarly = flaw != nil
      return checker.check(
        try toy.provisioned(), step: { device throws(ToyInPlace.Failure) in try toy.start(device) },
        invariant: { toy.problem(on: $0) }, completion: { toy.problem(on: $0, expected: world.endsWith) })
    }
  }
}

extension ToyInPlace.World {
  /// The image that runs when the update has come to its end.
  fileprivate var endsWith: Int {
    switch self {
    case .healthy: 1
    case .unhealthy, .hanging, .damaged, .rotting: 0
    }
  }
}

extension ToyInPlace.Flaw {
  /// The world in which it shows.
  fileprivate var world: ToyInPlace.World {
    switch self {
    case .recordsBeforeStep, .recordsEverySecondStep, .movesMoreThanTheShift, .readsWhatItOverwrites,
      .trustsErasedBlocks:
      .healthy
    case .undoesWithoutRecord, .erasesStoreEarly, .raisesCounterEarly: .unhealthy
    case .countsNoAttempts: .hanging
    case .rehearsesNothing: .damaged
    case .bootsUnverified: .rotting
    }
  }

  /// Whether all is well as long as the power stays.
  fileprivate var needsCut: Bool {
    switch self {
    case .recordsBeforeStep, .recordsEverySecondStep, .movesMoreThanTheShift, .readsWhatItOverwrites,
      .trustsErasedBlocks, .undoesWithoutRecord:
      true
    case .bootsUnverified, .rehearsesNothing, .erasesStoreEarly, .raisesCounterEarly, .countsNoAttempts:
      false
    }
  }
}
