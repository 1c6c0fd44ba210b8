import OTAFlashSimulator
import OTAPartition
import OTATesting
import Testing

@Suite("Flash conformance")
struct FlashConformanceTests {
  @Test("The simulated flash keeps the contract", arguments: try TestBoard.all())
  func simulated(_ board: TestBoard) {
    #expect(checkFlashConformance { SharedFlash(SimulatedFlash(board.geometry)) } == [])
  }

  @Test(
    "It does with every unit, both erased values, and cells that may be written again or not",
    arguments: try FlashRules.all())
  func rules(_ geometry: FlashGeometry) {
    #expect(checkFlashConformance { SimulatedFlash(geometry) } == [])
    // Hardware that does not look before it writes.
    #expect(
      checkFlashConformance {
        var flash = SimulatedFlash(geometry)
        flash.writeToUsed = .isUndefined
        return flash
      } == [])
  }

  @Test("The simulated flash of every part keeps it", arguments: Geometries.parts)
  func parts(_ part: FlashPart) {
    for device in part.devices { #expect(checkFlashConformance { SimulatedFlash(device) } == []) }
  }

  @Test("A device that ends where addresses do is checked to its end")
  func largest() throws {
    let flash = try SparseFlash(blockCount: 0xf_ffff)
    #expect(checkFlashConformance { flash } == [])
  }

  @Test("The example of Docs/FlashPorting.md keeps it too")
  func example() {
    #expect(checkFlashConformance { ExampleFlash() } == [])
  }

  @Test("Every broken flash is found, whatever its rules", arguments: BrokenFlash.Defect.allCases)
  func broken(_ defect: BrokenFlash.Defect) throws {
    var count = 0
    for geometry in try FlashRules.all() where defect.isPossible(on: geometry) {
      let violations = checkFlashConformance { BrokenFlash(geometry, defect: defect) }
      let found = violations.contains { $0.rule == defect.rule }
      #expect(found, "\(geometry): \(violations)")
      count += 1
    }
    #expect(count >= 10)
  }

  @Test("The broken flash without its defect is right", arguments: try FlashRules.all())
  func unbroken(_ geometry: FlashGeometry) {
    #expect(checkFlashConformance { BrokenFlash(geometry, defect: nil) } == [])
  }

  @Test("Bad blocks of a simulated flash are found", arguments: BlockFaults.each)
  func badBlocks(_ fault: BlockFaults) throws {
    for geometry in try FlashRules.all() {
      let violations = checkFlashConformance {
        var flash = SimulatedFlash(geometry)
        flash.setContents([UInt8](repeating: 0x12, count: Int(geometry.capacity)))
        flash.setFaults(fault, in: geometry.capacity - 1..<geometry.capacity)
        return flash
      }
      let rule: FlashViolation.Rule =
        switch fault {
        case .programIgnored: .writeIsLost
        case .eraseIgnored: .erasedByteIsWrong
        default: .failsWithoutCause
        }
      #expect(violations.contains { $0.rule == rule }, "\(geometry): \(violations)")
    }
  }
}
