extension Journal {
  /// Checks two areas against the device and each other, and takes them; nothing is read.
  ///
  /// - Throws: ``LayoutError/tooSmall`` for an area without room for `DeviceLayout.minimumRecordsPerArea` records,
  ///   ``LayoutError/outOfBounds``, ``LayoutError/notAligned``, ``LayoutError/overlap``.
  package init(
    checking areaA: Range<UInt32>, _ areaB: Range<UInt32>, payloadCapacity: Int, on geometry: FlashGeometry
  ) throws(LayoutError) {
    try geometry.checkPartition(areaA)
    try geometry.checkPartition(areaB)
    guard !areaA.overlaps(areaB) else { throw .overlap }
    self.init(areas: [areaA, areaB], payloadCapacity: payloadCapacity, geometry: geometry)
    guard shape.count(in: areaA) >= DeviceLayout.minimumRecordsPerArea,
      shape.count(in: areaB) >= DeviceLayout.minimumRecordsPerArea
    else { throw .tooSmall }
  }
}

extension Journal {
  /// Writes the second copy of the newest value if it is not there.
  ///
  /// - Returns: whether it is there now.
  /// - Throws: only if the power goes: one copy is enough to go on.
  mutating func keepTwoCopies<Device: Flash & ~Copyable>(
    of payload: Span<UInt8>, on flash: inout Device
  ) throws(StorageError) -> Bool {
    do throws(StorageError) {
      if try !isMirrored(payload, on: &flash) { try mirror(payload, to: &flash) }
      return true
    } catch {
      guard error != .flash(.powerLost) else { throw error }
      return false
    }
  }
}
