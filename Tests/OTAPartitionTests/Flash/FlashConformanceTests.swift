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

  @Test("So it does where units may be written again")
  func multiwrite() throws {
    for erasedByte: UInt8 in [0xff, 0x00] {
      let geometry = try FlashGeometry(
        eraseBlockSize: 512, blockCount: 3, writeSize: 1, erasedByte: erasedByte, isMultiwrite: true)
      #expect(checkFlashConformance { SimulatedFlash(geometry) } == [])
    }
  }

  @Test("The example of Docs/FlashPorting.md keeps it too")
  func example() {
    #expect(checkFlashConformance { ExampleFlash() } == [])
  }

  @Test("Every broken flash is found", arguments: BrokenFlash.Defect.allCases)
  func broken(_ defect: BrokenFlash.Defect) throws {
    let geometry = try FlashGeometry(eraseBlockSize: 512, blockCount: 4, writeSize: 4, readSize: 4)
    let violations = checkFlashConformance { BrokenFlash(geometry, defect: defect) }
    #expect(violations.contains { $0.rule == defect.rule }, "\(violations)")
  }
}

/// A flash that is right but for one thing.
struct BrokenFlash: Flash {
  enum Defect: String, CaseIterable, Sendable {
    case ignoresWrites, erasesNeighbour, erasesToZero, testsAlignmentFirst, roundsWrites, replacesUsedUnits
    case refusesLastBlock, writesBeforeRefusing, overflows, readsUnaligned

    var rule: FlashViolation.Rule {
      switch self {
      case .ignoresWrites: .writeIsLost
      case .erasesNeighbour: .neighbourChanges
      case .erasesToZero: .erasedByteIsWrong
      case .testsAlignmentFirst, .overflows: .boundsAreNotChecked
      case .roundsWrites, .readsUnaligned: .alignmentIsNotChecked
      case .replacesUsedUnits: .rewriteIsWrong
      case .refusesLastBlock: .failsWithoutCause
      case .writesBeforeRefusing: .refusalHasEffect
      }
    }
  }

  let geometry: FlashGeometry
  private let defect: Defect
  private var bytes: [UInt8]
  private var isUsed: Set<Int> = []

  init(_ geometry: FlashGeometry, defect: Defect) {
    self.geometry = geometry
    self.defect = defect
    bytes = [UInt8](repeating: 0x12, count: Int(geometry.capacity))
  }

  mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError) {
    if defect == .readsUnaligned, offset % 4 != 0,
      UInt64(offset) + UInt64(destination.count) <= UInt64(geometry.capacity)
    {
      return
    }
    try check(offset, destination.count)
    try geometry.checkRead(at: offset, count: destination.count)
    for index in 0..<destination.count { destination[index] = bytes[Int(offset) + index] }
  }

  mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    if defect == .writesBeforeRefusing, Int(offset) < bytes.count, source.count > 0 {
      bytes[Int(offset)] = bytes[Int(offset)] & source[0]
    }
    if defect == .roundsWrites, source.count % 4 != 0, Int(offset) < bytes.count { return }
    try check(offset, source.count)
    try geometry.checkWrite(at: offset, count: source.count)
    let range = Int(offset)..<Int(offset) + source.count
    if defect != .replacesUsedUnits, range.contains(where: { isUsed.contains($0) }) { throw .notErased }
    isUsed.formUnion(range)
    if defect == .ignoresWrites { return }
    for index in range { bytes[index] = source[index - Int(offset)] }
  }

  mutating func erase(_ range: Range<UInt32>) throws(FlashError) {
    try geometry.checkErase(range)
    if defect == .refusesLastBlock, range.upperBound == geometry.capacity, !range.isEmpty {
      throw .deviceFailure
    }
    var end = Int(range.upperBound)
    if defect == .erasesNeighbour, !range.isEmpty { end = min(end + 512, bytes.count) }
    for index in Int(range.lowerBound)..<end {
      bytes[index] = defect == .erasesToZero ? 0 : 0xff
      isUsed.remove(index)
    }
  }

  private func check(_ offset: UInt32, _ count: Int) throws(FlashError) {
    if defect == .testsAlignmentFirst, offset % 4 != 0 || count % 4 != 0 { throw .notAligned }
    // Wraps at the end of the address space, and believes the range to be inside.
    if defect == .overflows, offset &+ UInt32(count) < geometry.capacity, offset > geometry.capacity {
      throw .deviceFailure
    }
  }
}
