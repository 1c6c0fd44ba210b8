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
  private(set) var newest: Place?
  private var newestSealed: Place?
  /// The number of the newest record.
  private var newestSequence: UInt32 = 0
  /// The highest number that this session has seen or used.
  private var sequence: UInt32 = 0
  /// The area that this session erased, and the first place in it that was not yet tried.
  private var fresh: Place?

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

  /// Finds the newest record, makes sure that it will be found again, and copies its payload.
  ///
  /// - Parameters:
  ///   - flash: the device.
  ///   - payload: as many bytes as the longest value has, or more.
  /// - Returns: how many bytes of `payload` were filled, or `nil` if there is no record.
  /// - Throws: ``StorageError/flash(_:)`` with ``FlashError/powerLost``, or if no record was found and the device failed
  ///   to read. That the newest record could not be committed again is *not* an error: a worn-out journal must not
  ///   stop a boot. ``commit(_:to:)`` then tries again.
  package mutating func open<Device: Flash & ~Copyable>(
    _ flash: inout Device, payload: inout MutableSpan<UInt8>
  ) throws(StorageError) -> Int? {
    newest = nil
    newestSealed = nil
    fresh = nil
    sequence = 0
    var payloadCount = try scan(&flash, payload: &payload, onlySealed: false)
    guard newest != nil else { return nil }
    if try !settleIfPossible(payload.span.extracting(0..<payloadCount), on: &flash) {
      // No place behind the unsealed record takes one: most likely an erase of its area was interrupted. Its commit
      // never returned; the sealed record in the other area is the value.
      payloadCount = try scan(&flash, payload: &payload, onlySealed: true)
      _ = try settleIfPossible(payload.span.extracting(0..<payloadCount), on: &flash)
    }
    return payloadCount
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
  var isSealed: Bool {
    guard let newest, let newestSealed else { return false }
    return newest == newestSealed
  }

  /// Finds the newest record, or the newest sealed one, and copies its payload.
  ///
  /// - Returns: the length of the payload; 0 if there is no record.
  /// - Throws: if the power goes; if there is no record and the device failed to read.
  private mutating func scan<Device: Flash & ~Copyable>(
    _ flash: inout Device, payload: inout MutableSpan<UInt8>, onlySealed: Bool
  ) throws(StorageError) -> Int {
    var buffer = InlineArray<832, UInt8>(repeating: 0)
    var highest: UInt32?
    var highestSealed: UInt32?
    var payloadCount = 0
    var failure: FlashError?
    for area in 0..<2 {
      for index in 0..<shape.count(in: areas[area]) {
        let place = Place(area: area, index: index)
        var header: JournalRecordHeader?
        do throws(FlashError) {
          header = try readRecord(at: place, from: &flash, into: &buffer)
        } catch {
          // Memory with error correction may refuse to read a torn unit; the records around it are still good.
          guard error != .powerLost else { throw .flash(error) }
          failure = error
        }
        guard let header else { continue }
        let isSealed = shape.isSeal(buffer.span.extracting(Int(shape.sealOffset)..<Int(shape.stride)))
        if isSealed, highestSealed.map({ header.sequence > $0 }) ?? true {
          highestSealed = header.sequence
          newestSealed = place
        }
        guard isSealed || !onlySealed, highest.map({ header.sequence > $0 }) ?? true else { continue }
        highest = header.sequence
        newest = place
        newestSequence = header.sequence
        sequence = max(sequence, header.sequence)
        payloadCount = header.payloadCount
        let start = Int(shape.markSize) + JournalRecordShape.headerSize
        for byte in 0..<header.payloadCount { payload[byte] = buffer[start + byte] }
      }
    }
    if highest == nil, let failure { throw .flash(failure) }
    return payloadCount
  }

  /// Reads one place.
  ///
  /// - Returns: its header; `nil` if there is no valid record.
  func readRecord<Device: Flash & ~Copyable>(
    at place: Place, from flash: inout Device, into buffer: inout InlineArray<832, UInt8>
  ) throws(FlashError) -> JournalRecordHeader? {
    let start = offset(of: place)
    let mark = Int(shape.markSize)
    try flash.readPrefix(mark + 32, of: &buffer, at: start)
    guard shape.mayBegin(buffer.span.extracting(mark..<mark + 32)) else { return nil }
    // One reading of the whole record: a torn word may read differently the next time, so that what was checked
    // must be what is used.
    try flash.readPrefix(Int(shape.stride), of: &buffer, at: start)
    return shape.header(checking: buffer.span.extracting(mark..<Int(shape.sealOffset)))
  }

  /// Makes sure that the value that was found is the value from now on, whatever else is in flash.
  ///
  /// - Returns: false if it cannot be, without erasing the only sealed record that there is.
  private mutating func settle<Device: Flash & ~Copyable>(
    _ payload: Span<UInt8>, on flash: inout Device
  ) throws(StorageError) -> Bool {
    if isSealed {
      if try hasTornSuccessor(on: &flash) { try switchArea(payload, to: &flash) }
      return true
    }
    if let newest, let newestSealed, newest.area == newestSealed.area {
      // What it followed is in the same area: the other one has nothing that is needed.
      try switchArea(payload, to: &flash)
      return true
    }
    if try appendBehindNewest(payload, to: &flash) { return true }
    guard newestSealed == nil else { return false }
    try switchArea(payload, to: &flash)
    return true
  }

  /// Does what ``settle(_:on:)`` does, as far as the device still can; a worn-out journal must not stop a boot.
  private mutating func settleIfPossible<Device: Flash & ~Copyable>(
    _ payload: Span<UInt8>, on flash: inout Device
  ) throws(StorageError) -> Bool {
    do throws(StorageError) {
      return try settle(payload, on: &flash)
    } catch {
      guard error != .flash(.powerLost) else { throw error }
      return true
    }
  }

  /// Whether there may be the remains of a commit after the newest record.
  ///
  /// They cannot be read now, but perhaps the next time; then the value would change without a commit. Such remains are
  /// directly behind the newest record, or, if its area was full or of an earlier session, at the start of the other.
  private mutating func hasTornSuccessor<Device: Flash & ~Copyable>(
    on flash: inout Device
  ) throws(StorageError) -> Bool {
    guard let newest else { return false }
    let behind = Place(area: newest.area, index: newest.index + 1)
    if behind.index < shape.count(in: areas[behind.area]), try !isErased(behind, on: &flash) { return true }
    let other = Place(area: 1 - newest.area, index: 0)
    if try isErased(other, on: &flash) { return false }
    var buffer = InlineArray<832, UInt8>(repeating: 0)
    do throws(FlashError) {
      let header = try readRecord(at: other, from: &flash, into: &buffer)
      return header.map { $0.sequence > newestSequence } ?? true
    } catch {
      guard error != .powerLost else { throw .flash(error) }
      return true
    }
  }

  /// Whether a place reads as erased; false if it cannot be read.
  func isErased<Device: Flash & ~Copyable>(
    _ place: Place, on flash: inout Device
  ) throws(StorageError) -> Bool {
    let start = offset(of: place)
    do throws(FlashError) {
      return try flash.isErased(start..<start + shape.stride)
    } catch {
      guard error != .powerLost else { throw .flash(error) }
      return false
    }
  }

  /// Writes to the first place behind the newest record that is erased and takes it.
  ///
  /// - Returns: whether there is one.
  private mutating func appendBehindNewest<Device: Flash & ~Copyable>(
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

  private func offset(of place: Place) -> UInt32 {
    areas[place.area].lowerBound + UInt32(place.index) * shape.stride
  }
}

extension Flash where Self: ~Copyable {
  fileprivate mutating func readPrefix(
    _ count: Int, of buffer: inout InlineArray<832, UInt8>, at offset: UInt32
  ) throws(FlashError) {
    var whole = buffer.mutableSpan
    var window = whole.prefix(count)
    try read(into: &window, at: offset)
  }
}
