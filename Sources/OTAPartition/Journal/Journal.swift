import OTACore

/// Two areas of flash that remember one value over any loss of power.
///
/// Why each rule is there is in Docs/PowerLossModel.md; in short:
/// - A record counts if its checksum is right; the one with the highest sequence number is the value.
/// - A record is sealed by a second write. A record with a whole seal was therefore written to its end and reads the
///   same for ever. The newest record, when it has none, is committed again before it is believed.
/// - A session writes only to an area that it erased itself. A place that merely reads as erased may be one where an
///   erase or a write was interrupted.
/// - Remains of a commit behind the newest record are overruled, before they can be read as a record another time.
/// - The area of the newest sealed record is erased only after a newer one was sealed in the other.
package struct Journal {
  /// Where a record is.
  struct Place: Equatable {
    var area: Int
    var index: Int
  }

  let areas: InlineArray<2, Range<UInt32>>
  let shape: JournalRecordShape
  private let readSize: UInt32
  private let erasedByte: UInt8

  /// The newest record, and the newest sealed one.
  var newest: Place?
  var newestSealed: Place?
  /// The number of the newest record.
  var newestSequence: UInt32 = 0
  /// The highest number that this session has seen or used.
  var sequence: UInt32 = 0
  /// The area that this session erased, and the first place in it that was not yet tried.
  var fresh: Place?

  /// Takes the areas of a layout, for the state of the device; nothing is read.
  package init(layout: DeviceLayout, geometry: FlashGeometry) {
    self.init(
      areas: [layout.journalA, layout.journalB],
      payloadCapacity: DeviceState.maximumSize(images: layout.imageCount), geometry: geometry)
  }

  /// Takes two areas that a layout has checked; nothing is read.
  ///
  /// - Parameters:
  ///   - areas: whole erase blocks, each with room for `DeviceLayout.minimumRecordsPerArea` records.
  ///   - payloadCapacity: the longest value, in bytes; decides how long every place is.
  ///   - geometry: of the device.
  init(areas: InlineArray<2, Range<UInt32>>, payloadCapacity: Int, geometry: FlashGeometry) {
    self.areas = areas
    shape = JournalRecordShape(geometry, payloadCapacity: payloadCapacity)
    readSize = geometry.readSize
    erasedByte = geometry.erasedByte
  }

  /// Erases both areas and writes the first record.
  ///
  /// - Throws: ``StorageError/flash(_:)``; the journal is then undefined, and to be formatted again.
  package mutating func format<Device: Flash & ~Copyable>(
    _ flash: inout Device, payload: Span<UInt8>
  ) throws(StorageError) {
    newest = nil
    newestSealed = nil
    fresh = nil
    sequence = 0
    do throws(FlashError) {
      try flash.erase(areas[0])
      try flash.erase(areas[1])
    } catch {
      throw .flash(error)
    }
    fresh = Place(area: 0, index: 0)
    guard try appendToFreshArea(payload, to: &flash) else { throw .flash(.deviceFailure) }
  }

  /// Writes a value.
  ///
  /// - Throws: ``StorageError/flash(_:)`` if no place took the record; ``StorageError/journalFull``. After an error the
  ///   value may or may not be the new one, as after a loss of power; the old one is never lost.
  /// - Complexity: two writes; in each session, and whenever an area is full, one erase of an area.
  package mutating func commit<Device: Flash & ~Copyable>(
    _ payload: Span<UInt8>, to flash: inout Device
  ) throws(StorageError) {
    if fresh == nil, newest != nil, !isSealed, newestSealed?.area != newest?.area {
      // The other area may hold the only record that is sure to stay. It is not touched before this one is sealed.
      guard try appendBehindNewest(payload, to: &flash) else { throw .flash(.deviceFailure) }
      return
    }
    if try appendToFreshArea(payload, to: &flash) { return }
    try switchArea(payload, to: &flash)
  }

  /// The place in the area of the newest record that the next commit takes, if this session erased that area.
  var freshIndex: Int? { fresh?.index }

  /// The highest number that a record of this journal has had, as far as this session knows.
  package var lastSequence: UInt32 { sequence }

  /// How many numbers are left for records, after what the next switch of areas skips.
  var remainingNumbers: UInt64 {
    let places = UInt64(shape.count(in: areas[0]) + shape.count(in: areas[1]))
    let left = UInt64(UInt32.max - sequence)
    return left - min(left, places)
  }
}

extension Journal {
  /// Writes to the first place behind the newest record that is erased and takes it.
  ///
  /// - Returns: whether there is one.
  mutating func appendBehindNewest<Device: Flash & ~Copyable>(
    _ payload: Span<UInt8>, to flash: inout Device
  ) throws(StorageError) -> Bool {
    guard let newest else { return false }
    for index in (newest.index + 1)..<max(newest.index + 1, shape.count(in: areas[newest.area])) {
      let place = Place(area: newest.area, index: index)
      guard try isErased(place, on: &flash) else { continue }
      // The claim shows the next start that this place was tried, should the power go and the rest not show.
      if try write(payload, at: place, claiming: true, to: &flash) { return true }
    }
    return false
  }

  /// Writes to the next place of the area that this session erased, or the one after it if that does not take it.
  ///
  /// - Returns: whether there is one.
  private mutating func appendToFreshArea<Device: Flash & ~Copyable>(
    _ payload: Span<UInt8>, to flash: inout Device
  ) throws(StorageError) -> Bool {
    while let place = fresh, place.index < shape.count(in: areas[place.area]) {
      fresh = Place(area: place.area, index: place.index + 1)
      if try write(payload, at: place, to: &flash) { return true }
    }
    return false
  }

  /// Erases the area that does not hold the newest record, and writes there.
  mutating func switchArea<Device: Flash & ~Copyable>(
    _ payload: Span<UInt8>, to flash: inout Device
  ) throws(StorageError) {
    let area = newest.map { 1 - $0.area } ?? 0
    if fresh == nil {
      // Records that a power cut left torn may become readable later. Their numbers are at most one higher for each
      // place there is; numbers beyond that cannot be overtaken by them.
      let places = UInt32(shape.count(in: areas[0]) + shape.count(in: areas[1]))
      let (jumped, overflow) = sequence.addingReportingOverflow(places)
      guard !overflow else { throw .journalFull }
      sequence = jumped
    }
    fresh = nil
    do throws(FlashError) {
      try flash.erase(areas[area])
    } catch {
      throw .flash(error)
    }
    fresh = Place(area: area, index: 0)
    guard try appendToFreshArea(payload, to: &flash) else {
      fresh = nil
      throw .flash(.deviceFailure)
    }
  }

  /// Writes a record, reads it back, and seals it.
  ///
  /// - Returns: whether the place took it; ``newest`` has moved only if it did.
  private mutating func write<Device: Flash & ~Copyable>(
    _ payload: Span<UInt8>, at place: Place, claiming: Bool = false, to flash: inout Device
  ) throws(StorageError) -> Bool {
    guard sequence < UInt32.max else { throw .journalFull }
    // A number is never used twice, also not for a record that failed: it may become readable after all.
    sequence += 1
    var buffer = InlineArray<832, UInt8>(repeating: erasedByte)
    var count = 0
    do throws(ParseError) {
      var bytes = buffer.mutableSpan
      count = try shape.serialize(sequence: sequence, payload: payload, into: &bytes)
    } catch {
      throw .record(error)
    }
    for index in 0..<Int(shape.markSize) {
      buffer[Int(shape.sealOffset) + index] = JournalRecordShape.markByte(index)
    }
    let unit = flash.geometry.writeSize
    let bodySize = (count + Int(unit) - 1) / Int(unit) * Int(unit)
    let start = offset(of: place)
    let seal = buffer.span.extracting(Int(shape.sealOffset)..<Int(shape.stride))
    do throws(FlashError) {
      if claiming { try flash.writeChecked(seal, at: start) }
      try flash.writeChecked(buffer.span.extracting(0..<bodySize), at: start + shape.markSize)
      try flash.writeChecked(seal, at: start + shape.sealOffset)
    } catch {
      guard error != .powerLost else { throw .flash(error) }
      return false
    }
    newest = place
    newestSealed = place
    newestSequence = sequence
    return true
  }

  func offset(of place: Place) -> UInt32 {
    areas[place.area].lowerBound + UInt32(place.index) * shape.stride
  }
}

extension Flash where Self: ~Copyable {
  mutating func readPrefix(
    _ count: Int, of buffer: inout InlineArray<832, UInt8>, at offset: UInt32
  ) throws(FlashError) {
    var whole = buffer.mutableSpan
    var window = whole.prefix(count)
    try read(into: &window, at: offset)
  }
}
