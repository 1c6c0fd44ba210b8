import OTACore

/// What a journal will do for commits to come, counted and not done.
struct JournalForecast {
  private let shape: JournalRecordShape
  private let areas: InlineArray<2, Range<UInt32>>
  private let geometry: FlashGeometry
  /// The area of the newest record.
  private var area: Int
  /// The next place of that area, if this session erased it.
  private var freshIndex: Int?
  private var erases = InlineArray<2, UInt64>(repeating: 0)

  private(set) var work = FlashWork()
  private(set) var records: UInt64 = 0

  init(_ journal: Journal, geometry: FlashGeometry) {
    shape = journal.shape
    areas = journal.areas
    self.geometry = geometry
    area = journal.newest?.area ?? 1
    freshIndex = journal.freshIndex
  }

  /// The most erases of any block.
  var wear: UInt64 { max(erases[0], erases[1]) }

  /// The device starts again.
  mutating func restart() { freshIndex = nil }

  /// So many commits of states that are as long as this one.
  ///
  /// - Throws: ``StorageError/record(_:)`` for a state that does not fit a record.
  mutating func commit(_ state: DeviceState, times: UInt64 = 1) throws(StorageError) {
    var buffer = InlineArray<752, UInt8>(repeating: 0)
    let count = try state.serialize(into: buffer.mutableSpan)
    let unit = geometry.writeSize
    let body = UInt32(JournalRecordShape.headerSize + count + JournalRecordShape.checksumSize)
    let size = (body + unit - 1) / unit * unit + shape.markSize
    for _ in 0..<times {
      if let index = freshIndex, index < shape.count(in: areas[area]) {
        freshIndex = index + 1
      } else {
        area = 1 - area
        freshIndex = 1
        erases[area] += 1
        work.blocksErased += geometry.blockCount(of: areas[area])
      }
      work.bytesWritten += UInt64(size)
      records += 1
    }
  }
}

extension FlashGeometry {
  /// How many erase blocks a range of whole blocks has.
  func blockCount(of range: Range<UInt32>) -> UInt64 {
    var count: UInt64 = 0
    var position = range.lowerBound
    while position < range.upperBound, let block = eraseBlock(containing: position) {
      count += 1
      position = block.upperBound
    }
    return count
  }

  /// What erasing the blocks of so many bytes and writing these takes.
  func work(at start: UInt32, size: UInt32) -> FlashWork {
    let (end, overflow) = start.addingReportingOverflow(size)
    guard size > 0, !overflow else { return FlashWork() }
    let rounded = (UInt64(size) + UInt64(writeSize) - 1) & ~UInt64(writeSize - 1)
    return FlashWork(blocksErased: blockCount(of: start..<end), bytesWritten: rounded)
  }
}
