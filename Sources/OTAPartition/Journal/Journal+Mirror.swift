import OTACore

// A journal keeps one value over a loss of power. What must also outlive the loss of a whole area, by bit rot or wear,
// is written a second time, as the first record of the other area: an ordinary switch of areas, so that nothing new has
// to be shown to be safe.

extension Journal {
  /// Whether the area that does not hold the newest record holds the same value, sealed, with nothing torn behind it.
  ///
  /// - Throws: ``StorageError/flash(_:)`` with ``FlashError/powerLost``. That the area cannot be read is *not* an error:
  ///   it then does not hold the value.
  func isMirrored<Device: Flash & ~Copyable>(
    _ payload: Span<UInt8>, on flash: inout Device
  ) throws(StorageError) -> Bool {
    guard isSealed, let newest else { return false }
    var buffer = InlineArray<832, UInt8>(repeating: 0)
    var highest: UInt32?
    var isMirror = false
    var behind = Place(area: 1 - newest.area, index: 0)
    for index in 0..<shape.count(in: areas[behind.area]) {
      let place = Place(area: behind.area, index: index)
      var header: JournalRecordHeader?
      do throws(FlashError) {
        header = try readRecord(at: place, from: &flash, into: &buffer)
      } catch {
        guard error != .powerLost else { throw .flash(error) }
      }
      guard let header, highest.map({ header.sequence > $0 }) ?? true else { continue }
      highest = header.sequence
      behind.index = index + 1
      let start = Int(shape.markSize) + JournalRecordShape.headerSize
      isMirror =
        shape.isSeal(buffer.span.extracting(Int(shape.sealOffset)..<Int(shape.stride)))
        && areEqual(payload, buffer.span.extracting(start..<start + header.payloadCount))
    }
    guard isMirror else { return false }
    guard behind.index < shape.count(in: areas[behind.area]) else { return true }
    return try isErased(behind, on: &flash)
  }

  /// Erases the area that does not hold the newest record, and writes the value there once more.
  ///
  /// A loss of power leaves at least the record that was the newest.
  ///
  /// - Parameters:
  ///   - payload: the value of the newest record.
  ///   - flash: the device.
  /// - Throws: ``StorageError/flash(_:)``: ``FlashError/deviceFailure`` if the newest record is not sealed, and then
  ///   nothing was erased, or if the area does not take the record; ``StorageError/journalFull``.
  /// - Complexity: one erase, two writes.
  mutating func mirror<Device: Flash & ~Copyable>(
    _ payload: Span<UInt8>, to flash: inout Device
  ) throws(StorageError) {
    guard isSealed else { throw .flash(.deviceFailure) }
    try switchArea(payload, to: &flash)
  }

  private func areEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where left[index] != right[index] { return false }
    return true
  }
}
