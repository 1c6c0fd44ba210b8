import OTACore
import OTAFlashSimulator
import OTAPartition
import OTATesting

func testing(
  start: SimulatedFlash, update: (SharedFlash) throws(FlashError) -> Void, boots: (SharedFlash) -> Bool
) {
  // snippet.show
  let checker = PowerLossChecker(seed: 1, secondCuts: .sampled(4))
  let report = checker.check(
    start,
    scenario: update,
    invariant: { flash in boots(flash) ? nil : "no image boots" },
    completion: { flash in boots(flash) ? nil : "the update did not end well" })
  precondition(report.violations.isEmpty, report.description)
  // snippet.hide
}
