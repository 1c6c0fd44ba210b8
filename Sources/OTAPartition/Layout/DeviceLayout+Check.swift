import OTACore

extension DeviceLayout {
  /// Whether any byte of a range is in a slot, in the journal or in the scratch area.
  func overlaps(_ range: Range<UInt32>) -> Bool {
    for image in 0..<imageCount where self[.a, image].overlaps(range) || self[.b, image].overlaps(range) {
      return true
    }
    if case .swapWithScratch(let scratch) = strategy, scratch.overlaps(range) { return true }
    return journalA.overlaps(range) || journalB.overlaps(range)
  }

  /// Refuses ranges that do not fit each other or the device.
  func check(on geometry: FlashGeometry) throws(LayoutError) {
    // Four images with two places each, two areas of the journal, a scratch area.
    var ranges = InlineArray<11, Range<UInt32>>(repeating: 0..<0)
    var count = 0
    func take(_ range: Range<UInt32>) throws(LayoutError) {
      try geometry.checkPartition(range)
      for other in 0..<count where ranges[other].overlaps(range) { throw .overlap }
      ranges[count] = range
      count += 1
    }
    for image in 0..<imageCount {
      try take(self[.a, image])
      try take(self[.b, image])
    }
    try take(journalA)
    try take(journalB)
    if case .swapWithScratch(let scratch) = strategy { try take(scratch) }
    let record = JournalRecordShape(
      geometry, payloadCapacity: DeviceState.maximumSize(images: imageCount))
    guard record.count(in: journalA) >= DeviceLayout.minimumRecordsPerArea,
      record.count(in: journalB) >= DeviceLayout.minimumRecordsPerArea
    else { throw .tooSmall }
    for image in 0..<imageCount { try checkGroups(of: image, on: geometry) }
  }

  /// Refuses a layout whose blocks cannot change places.
  private func checkGroups(of image: Int, on geometry: FlashGeometry) throws(LayoutError) {
    guard strategy != .direct else { return }
    let groups = BlockGroups(primary: self[.a, image], secondary: self[.b, image], geometry: geometry)
    let first = groups.size(at: 0)
    var offset: UInt32 = 0
    var count: UInt32 = 0
    while offset < groups.end {
      let size = groups.size(at: offset)
      switch strategy {
      case .direct, .overwrite: break
      case .swapWithScratch(let scratch): guard size <= scratch.size else { throw .tooSmall }
      case .swapByMove, .swapByOffset: guard size == first else { throw .unequalBlocks }
      }
      offset += size
      count += 1
    }
    guard count > 0, capacity(of: image, on: geometry) > 0 else { throw .tooSmall }
  }
}

extension FlashGeometry {
  /// Refuses a range that cannot be a partition.
  package func checkPartition(_ range: Range<UInt32>) throws(LayoutError) {
    guard !range.isEmpty else { throw .tooSmall }
    guard range.upperBound <= capacity else { throw .outOfBounds }
    guard isEraseBoundary(range.lowerBound), isEraseBoundary(range.upperBound) else { throw .notAligned }
  }
}
