import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

/// What MCUboot #1950 asks for: a package of more than two images, described as one, is one transaction.
@Suite("Packages of images")
struct SetPackageTests {
  @Test(
    "MCUboot #1950: whichever images of a package change, all of it runs, and all of it goes back",
    arguments: ActivationStrategy.Kind.allCases)
  func subsets(_ kind: ActivationStrategy.Kind) throws {
    let board = try TestBoard.set(of: 4, kind)
    let old = board.oldSet
    for changed in 1..<16 {
      let images = zip(old.images, board.newSet.images).enumerated().map { index, pair in
        changed >> index & 1 == 1 ? pair.1 : pair.0
      }
      let package = TestImage(bytes: images[0], companions: Array(images[1...]), sequenceNumber: 6)
      var storage = try DeviceStorage(opening: try board.provisioned(old), layout: board.layout)
      try install(package, on: &storage, attempts: 1)
      let trial = try start(storage.closed(), board)
      #expect(trial.decision.kind == .trial(attemptsLeft: 0), "\(changed)")
      #expect(board.runs(package, of: .b, on: trial.flash), "\(changed)")
      let after = try start(trial.flash, board)
      if kind == .overwrite {
        #expect(after.decision.kind == .fallback && board.runs(package, of: .b, on: after.flash))
      } else {
        #expect(after.decision.kind == .reverted(.bootAttemptsExhausted), "\(changed)")
        #expect(board.runs(old, of: .a, on: after.flash), "\(changed)")
      }
    }
  }

  private func start(
    _ flash: SimulatedFlash, _ board: TestBoard
  ) throws -> (decision: BootDecision, flash: SimulatedFlash) {
    var storage = try DeviceStorage(opening: flash, layout: board.layout)
    let decision = try BootManager.boot(&storage, hash: SodiumSHA256.self)
    return (decision, storage.closed())
  }
}
