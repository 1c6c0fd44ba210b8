import OTACore
import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

@Suite("The checker finds wrong secure storages")
struct WrongSecureTests {
  @Test("A counter that is raised before the record is there is found")
  func counterFirst() async throws {
    let report = try await check(.raisesCounterFirst)
    print(
      "wrong secure storage, raisesCounterFirst: \(report.violations.count) violations; the first: \(report.violations.first.map(\.description) ?? "none")"
    )
    #expect(!report.violations.isEmpty, "\(report)")
  }

  @Test("The same storage without the mistake is not")
  func whole() async throws {
    let report = try await check(nil)
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.singleCuts > 200 && report.doubleCuts > 200)
  }

  private func check(_ flaw: ToySecureStorageFlaw?) async throws -> PowerLossReport {
    let bench = SecureBench(board: try TestBoard.uniform())
    var checker = PowerLossChecker(seed: TestSeed.value, secondCuts: .sampled(1))
    checker.stopsEarly = true
    return try await onOwnThread { [checker] in
      CountingScenario(goal: 3, perSession: 2).check(try bench.provisioned(), with: checker) {
        device throws(StorageError) in
        let counter: JournalCounter<SharedFlash>
        do throws(LayoutError) {
          counter = try JournalCounter(
            on: device, areaA: bench.counterAreas[0], areaB: bench.counterAreas[1])
        } catch {
          throw .layout(error)
        }
        let note = device.withFlash { $0.note }
        return try ToySecureStorage(
          opening: device, counter: counter, seed: note, bench: bench, flaw: flaw)
      }
    }
  }
}
