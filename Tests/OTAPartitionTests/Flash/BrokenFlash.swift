import OTAPartition
import OTATesting

/// A flash that is right but for one thing.
struct BrokenFlash: Flash {
  enum Defect: String, CaseIterable, Sendable {
    case ignoresWrites, erasesNeighbour, erasesToOpposite, testsAlignmentFirst, roundsWrites,
      replacesUsedUnits
    case refusesLastBlock, writesBeforeRefusing, overflows, readsUnaligned
    // What drivers of real devices get wrong: page buffers, address lines, several blocks in one call.
    case erasesFirstBlockOnly, erasesHalf, writesFirstPageOnly, wrapsInPage, padsWrites, mirrorsBlocks
    case combinesOppositely, leavesLastByteUnread, readsDifferently, refusesLastUnit, refusesNothing
    case changesUsedUnits, erasesBeforeRefusing, geometryChanges

    /// The rule that it breaks.
    var rule: FlashViolation.Rule {
      switch self {
      case .ignoresWrites, .writesFirstPageOnly, .wrapsInPage, .padsWrites, .combinesOppositely,
        .leavesLastByteUnread:
        .writeIsLost
      case .erasesNeighbour, .mirrorsBlocks: .neighbourChanges
      case .erasesToOpposite, .erasesFirstBlockOnly, .erasesHalf: .erasedByteIsWrong
      case .testsAlignmentFirst, .overflows: .boundsAreNotChecked
      case .roundsWrites, .readsUnaligned: .alignmentIsNotChecked
      case .replacesUsedUnits: .rewriteIsWrong
      case .refusesLastBlock, .refusesLastUnit, .refusesNothing: .failsWithoutCause
      case .writesBeforeRefusing, .changesUsedUnits, .erasesBeforeRefusing: .refusalHasEffect
      case .readsDifferently: .readIsUnstable
      case .geometryChanges: .geometryChanges
      }
    }

    /// Whether a device of this geometry can have the defect.
    func isPossible(on geometry: FlashGeometry) -> Bool {
      switch self {
      case .testsAlignmentFirst, .roundsWrites: geometry.writeSize > 1
      case .readsUnaligned: geometry.readSize > 1
      // A device that may be written again refuses nothing.
      case .changesUsedUnits: !geometry.isMultiwrite
      default: true
      }
    }
  }

  private static let pageSize = 256

  private(set) var geometry: FlashGeometry
  private let defect: Defect?
  private var bytes: [UInt8]
  private var isUsed: [Bool]
  private var readCount = 0

  /// Makes a device; without a defect it must be found right.
  init(_ geometry: FlashGeometry, defect: Defect?) {
    self.geometry = geometry
    self.defect = defect
    bytes = [UInt8](repeating: 0x12, count: Int(geometry.capacity))
    isUsed = [Bool](repeating: true, count: Int(geometry.capacity))
  }

  mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError) {
    if defect == .readsUnaligned, offset % geometry.readSize != 0,
      UInt64(offset) + UInt64(destination.count) <= UInt64(geometry.capacity)
    {
      return
    }
    try check(offset, destination.count)
    try geometry.checkRead(at: offset, count: destination.count)
    var count = destination.count
    if defect == .leavesLastByteUnread, count > 1 { count -= 1 }
    for index in 0..<count { destination[index] = bytes[cell(Int(offset) + index)] }
    readCount += 1
    if defect == .readsDifferently, count > 0, readCount.isMultiple(of: 2) { destination[0] ^= 1 }
  }

  mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    if defect == .writesBeforeRefusing, Int(offset) < bytes.count, source.count > 0 {
      bytes[Int(offset)] = combined(bytes[Int(offset)], ~geometry.erasedByte)
    }
    if defect == .roundsWrites, source.count % Int(geometry.writeSize) != 0, Int(offset) < bytes.count {
      return
    }
    try check(offset, source.count)
    try geometry.checkWrite(at: offset, count: source.count)
    let start = Int(offset)
    let range = start..<start + source.count
    if !geometry.isMultiwrite, defect != .replacesUsedUnits, range.contains(where: { isUsed[cell($0)] }) {
      if defect == .changesUsedUnits { program(source, at: range) }
      throw .notErased
    }
    program(source, at: range)
    if defect == .padsWrites, !range.isEmpty, range.upperBound < bytes.count {
      bytes[range.upperBound] = ~geometry.erasedByte
    }
  }

  mutating func erase(_ range: Range<UInt32>) throws(FlashError) {
    if defect == .refusesNothing, range.isEmpty { throw .notAligned }
    if defect == .erasesBeforeRefusing, !range.isEmpty, range.upperBound <= geometry.capacity {
      clear(Int(range.lowerBound)..<Int(range.upperBound))
    }
    try geometry.checkErase(range)
    guard !range.isEmpty else { return }
    if defect == .refusesLastBlock, range.upperBound == geometry.capacity { throw .deviceFailure }
    let first = geometry.eraseBlock(containing: range.lowerBound) ?? range
    var end = Int(range.upperBound)
    switch defect {
    case .erasesNeighbour: end = min(end + 1, bytes.count)
    case .erasesFirstBlockOnly: end = Int(first.upperBound)
    case .erasesHalf: end = Int(range.lowerBound) + range.count / 2
    case .geometryChanges:
      geometry = (try? FlashGeometry(eraseBlockSize: 64, blockCount: 1, writeSize: 1)) ?? geometry
    default: break
    }
    clear(Int(range.lowerBound)..<end)
  }

  private mutating func clear(_ range: Range<Int>) {
    let value = defect == .erasesToOpposite ? ~geometry.erasedByte : geometry.erasedByte
    for index in range {
      bytes[cell(index)] = value
      isUsed[cell(index)] = false
    }
  }

  private mutating func program(_ source: Span<UInt8>, at range: Range<Int>) {
    for index in range {
      var place = cell(index)
      isUsed[place] = true
      let page = range.lowerBound - range.lowerBound % Self.pageSize
      switch defect {
      case .ignoresWrites: continue
      case .writesFirstPageOnly where index >= page + Self.pageSize: continue
      // As a serial device does whose driver does not end a command at the border of a page.
      case .wrapsInPage: place = page + index % Self.pageSize
      default: break
      }
      let byte = source[index - range.lowerBound]
      bytes[place] = defect == .replacesUsedUnits ? byte : combined(bytes[place], byte)
    }
  }

  private func combined(_ old: UInt8, _ new: UInt8) -> UInt8 {
    let programsZeros = (geometry.erasedByte == 0xff) != (defect == .combinesOppositely)
    return programsZeros ? old & new : old | new
  }

  /// Where a byte is stored.
  private func cell(_ index: Int) -> Int {
    guard defect == .mirrorsBlocks else { return index }
    // One address line is not connected.
    return index % (bytes.count / 2)
  }

  private func check(_ offset: UInt32, _ count: Int) throws(FlashError) {
    let unit = geometry.writeSize
    if defect == .testsAlignmentFirst, offset % unit != 0 || UInt32(count) % unit != 0 { throw .notAligned }
    // Wraps at the end of the address space, and believes the range to be inside.
    if defect == .overflows, offset &+ UInt32(count) < geometry.capacity, offset > geometry.capacity {
      throw .deviceFailure
    }
    if defect == .refusesLastUnit, count > 0, UInt64(offset) + UInt64(count) == UInt64(geometry.capacity) {
      throw .outOfBounds
    }
  }
}

/// A device of almost 4 GiB that stores only the blocks that were written.
struct SparseFlash: Flash {
  let geometry: FlashGeometry
  private var cells: [UInt32: UInt8] = [:]

  init(blockCount: UInt32) throws(LayoutError) {
    geometry = try FlashGeometry(eraseBlockSize: 4096, blockCount: blockCount, writeSize: 4)
  }

  mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkRead(at: offset, count: destination.count)
    for index in 0..<destination.count { destination[index] = cells[offset + UInt32(index)] ?? 0xff }
  }

  mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkWrite(at: offset, count: source.count)
    for index in 0..<source.count where cells[offset + UInt32(index)] != nil { throw .notErased }
    for index in 0..<source.count { cells[offset + UInt32(index)] = source[index] }
  }

  mutating func erase(_ range: Range<UInt32>) throws(FlashError) {
    try geometry.checkErase(range)
    for index in range { cells[index] = nil }
  }
}
