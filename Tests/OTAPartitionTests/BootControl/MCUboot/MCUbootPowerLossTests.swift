import OTACore
import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

/// Whatever operation the power goes in, MCUboot boots the image before, or the one that was requested.
@Suite("MCUboot trailers under power cuts")
struct MCUbootPowerLossTests {
  static let boards: [MCUbootBoard] = [
    MCUbootBoard(mode: .swap, writeSize: 1, alignment: 8),
    MCUbootBoard(mode: .swap, writeSize: 4, alignment: 8),
    MCUbootBoard(mode: .swap, writeSize: 8, alignment: 8, erasedByte: 0),
    MCUbootBoard(mode: .swap, writeSize: 16, alignment: 16),
    MCUbootBoard(mode: .swap, writeSize: 32, alignment: 32),
    MCUbootBoard(mode: .swapUsingOffset, writeSize: 4, alignment: 8),
    MCUbootBoard(mode: .directXIP, writeSize: 4, alignment: 8),
    MCUbootBoard(mode: .directXIP, writeSize: 32, alignment: 32, erasedByte: 0),
  ]

  private func checker(_ secondCuts: PowerLossChecker.SecondCuts = .none) -> PowerLossChecker {
    PowerLossChecker(
      seed: TestSeed.value, secondCuts: secondCuts, readings: 8,
      mayChange: [MCUbootBoard.primary, MCUbootBoard.secondary])
  }

  private func scenario(_ board: MCUbootBoard, _ model: MCUbootModel, isHealthy: Bool) -> BootControlScenario<
    ByImage<MCUbootTrailer<SharedFlash>>
  > {
    BootControlScenario(
      isHealthy: isHealthy,
      open: { device throws(StorageError) in
        ByImage(control: try board.open(device), device: device, model: model)
      },
      boot: { device throws(StorageError) in try model.boot(device).map { $0 == 1 ? .a : .b } },
      read: { device throws(StorageError) in try model.selected(on: device).map { $0 == 1 ? .a : .b } })
  }

  @Test("The old or the requested image boots after every cut", arguments: boards, [true, false])
  func single(_ board: MCUbootBoard, isHealthy: Bool) async throws {
    let model = try board.model()
    let report = try await onOwnThread {
      scenario(board, model, isHealthy: isHealthy).check(board.start(model), with: checker())
    }
    print("MCUboot, \(board.testDescription), healthy \(isHealthy): \(report)")
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.operations >= 3)
  }

  @Test("And after a second one", arguments: boards, [true, false])
  func double(_ board: MCUbootBoard, isHealthy: Bool) async throws {
    let model = try board.model()
    let report = try await onOwnThread {
      scenario(board, model, isHealthy: isHealthy).check(
        board.start(model), with: checker(TestSeed.isSlow ? .exhaustive : .sampled(6)))
    }
    print("MCUboot, \(board.testDescription), healthy \(isHealthy), two cuts: \(report)")
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.doubleCuts > 100)
  }

  /// Here a torn flag stays as it is, and MCUboot decides at each start what it reads.
  @Test(
    "On memory that is written once, the old or the requested image boots too, and what was confirmed stays",
    arguments: [8, 16, 32] as [UInt32])
  func writtenOnce(writeSize: UInt32) async throws {
    let board = MCUbootBoard(mode: .swap, writeSize: writeSize, alignment: writeSize, isMultiwrite: false)
    let model = try board.model()
    let checker = checker(.sampled(6))
    let report = try await onOwnThread {
      checker.check(
        board.start(model),
        scenario: { device throws(StorageError) in
          for _ in 0..<16 {
            let runs = try model.boot(device)
            var control = try board.open(device)
            let selection = try control.selection()
            if runs == 1 {
              guard selection == .confirmed(.a) else { continue }
              try control.requestTrial(of: .b, attempts: 1)
            } else {
              do throws(StorageError) {
                try control.confirm(.a)
                device.withFlash { $0.note = 1 }
                return
              } catch {
                guard error == .flash(.notErased) else { throw error }
              }
            }
          }
        },
        invariant: { device in
          do throws(StorageError) {
            let isConfirmed = device.withFlash { $0.note == 1 }
            guard let version = try model.selected(on: device) else { return "nothing boots" }
            return isConfirmed && version != 2 ? "version \(version) boots, and 2 was confirmed" : nil
          } catch {
            return "cannot be read: \(error)"
          }
        },
        completion: { device in
          do throws(StorageError) {
            return try model.selected(on: device) == nil ? "nothing boots" : nil
          } catch {
            return "cannot be read: \(error)"
          }
        })
    }
    print("MCUboot, units of \(writeSize), written once: \(report)")
    #expect(report.violations.isEmpty, "\(report)")
    #expect(report.singleCuts > 30 && report.doubleCuts > 100)
  }
}
