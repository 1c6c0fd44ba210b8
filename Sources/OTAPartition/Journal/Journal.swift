import OTACore

/// Two areas of flash that remember one value over any loss of power.
///
/// Why each rule is there is in Docs/PowerLossModel.md; in short:
/// - A record counts if its checksum is right; the one with the highest sequence number is the value.
/// - A record is sealed by a second write. A record with a whole seal was therefore written to its end and reads the
///   same for ever. The newest record, when it has none, is committed again before it is believed.
/// - A session writes only to an area that it erased itself. A place that merely reads as erased may be one where an
///   erase or a write was interrupted.
/// - The area of the newest sealed record is erased only after a newer one was sealed in the other.
package struct Journal {
  /// Where a record is.
  private struct Place {
    var area: Int
    var index: Int
  }

  private let areas: InlineArray<2, Range<UInt32>>
  private let shape: JournalRecordShape
  private let readSize: UInt32
  private let erasedByte: UInt8

  /// The newest record.
  private var newest: Place?
  private var isSealed = false
  /// The highest number that this session has seen or used.
  private var sequence: UInt32 = 0
  /// The area that this session erased, and the first place in it that was not yet tried.
  private var fresh: Place?

  /// Takes the areas of a layout; nothing is read.
  package init(layout: DeviceLayout, geometry: FlashGeometry) {
    areas = [layout.journalA, layout.journalB]
    shape = JournalRecordShape(geometry)
    readSize = geometry.readSize
    erasedByte = geometry.erasedByte
  }

  /// Finds the newest record, makes sure that it will be found again, and copies its payload.
  ///
  /// - Parameters:
  ///   - flash: the device.
  ///   - payload: at least ``OTACore/DeviceState/maximumSize`` bytes.
  /// - Returns: how many bytes of `payload` were filled, or `nil` if there is no record.
  /// - Throws: ``StorageError/flash(_:)`` with ``FlashError/powerLost``, or if no record was found and the device failed
  ///   to read. That the newest record could not be committed again is *not* an error: a worn-out journal must not
  ///   stop a boot. ``commit(_:to:)`` then tries again.
  package mutating func open<Device: Flash & ~Copyable>(
    _ flash: inout Device, payload: inout MutableSpan<UInt8>
  ) throws(StorageError) -> Int? {
    newest = nil
    fresh = nil
    sequence = 0
    var payloadCount = 0
    var failure: FlashError?
    for area in 0..<2 {
      for index in 0..<shape.count(in: areas[area]) {
        let place = Place(area: area, index: index)
        do throws(FlashError) {
          guard let count = try read(place, from: &flash, payload: &payload) else { continue }
          payloadCount = count
        } catch {
          // Memory with error correction may refuse to read a torn unit; the records around it are still good.
          guard error != .powerLost else { throw .flash(error) }
          failure = error
        }
      }
    }
    guard newest != nil else {
      if let failure { throw .flash(failure) }
      return nil
    }
    if !isSealed {
      do throws(StorageError) {
        let value = payload.span.extracting(0..<payloadCount)
        if try !appendBehindNewest(value, to: &flash) { try switchArea(value, to: &flash) }
      } catch {
        guard error != .flash(.powerLost) else { throw error }
      }
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
    if fresh == nil, newest != nil, !isSealed {
      // The other area may hold the only record that is sure to stay. It is not touched before this one is sealed.
      guard try appendBehindNewest(payload, to: &flash) else { throw .flash(.deviceFailure) }
      return
    }
    if try appendToFreshArea(payload, to: &flash) { return }
    try switchArea(payload, to: &flash)
  }

  /// The highest number that a record of this journal has had, as far as this session knows.
  package var lastSequence: UInt32 { sequence }
}

extension Journal {
  /// Reads one place; if it is a newer record than any before, takes it and copies its payload.
  private mutating func read<Device: Flash & ~Copyable>(
    _ place: Place, from flash: inout Device, payload: inout MutableSpan<UInt8>
  ) throws(FlashError) -> Int? {
    let start = offset(of: place)
    var buffer = InlineArray<352, UInt8>(repeating: 0)
    try flash.readPrefix(32, of: &buffer, at: start)
    guard JournalRecordHeader.mayBegin(buffer.span.extracting(0..<32)) else { return nil }

    // One reading of the whole record: a torn word may read differently the next time, so that what was checked
    // must be what is used.
    try flash.readPrefix(Int(shape.stride), of: &buffer, at: start)
    let body = buffer.span.extracting(0..<Int(shape.sealOffset))
    guard let header = JournalRecordHeader(checking: body) else { return nil }
    guard newest == nil || header.sequence > sequence else { return nil }
    newest = place
    sequence = header.sequence
    isSealed = shape.isSeal(buffer.span.extracting(Int(shape.sealOffset)..<Int(shape.stride)))
    for index in 0..<header.payloadCount { payload[index] = buffer[JournalRecordShape.headerSize + index] }
    return header.payloadCount
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
      let start = offset(of: place)
      do throws(FlashError) {
        guard try flash.isErased(start..<start + shape.stride) else { continue }
      } catch {
        guard error != .powerLost else { throw .flash(error) }
        continue
      }
      if try write(payload, at: place, to: &flash) { return true }
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
  private mutating func switchArea<Device: Flash & ~Copyable>(
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
    _ payload: Span<UInt8>, at place: Place, to flash: inout Device
  ) throws(StorageError) -> Bool {
    guard sequence < UInt32.max else { throw .journalFull }
    // A number is never used twice, also not for a record that failed: it may become readable after all.
    sequence += 1
    var buffer = InlineArray<352, UInt8>(repeating: erasedByte)
    var count = 0
    do throws(ParseError) {
      var bytes = buffer.mutableSpan
      count = try JournalRecordHeader.serialize(sequence: sequence, payload: payload, into: &bytes)
    } catch {
      throw .record(error)
    }
    for index in 0..<Int(shape.sealSize) {
      buffer[Int(shape.sealOffset) + index] = JournalRecordShape.sealByte(index)
    }
    let unit = flash.geometry.writeSize
    let bodySize = (count + Int(unit) - 1) / Int(unit) * Int(unit)
    let start = offset(of: place)
    do throws(FlashError) {
      try flash.writeChecked(buffer.span.extracting(0..<bodySize), at: start)
      try flash.writeChecked(
        buffer.span.extracting(Int(shape.sealOffset)..<Int(shape.stride)), at: start + shape.sealOffset)
    } catch {
      guard error != .powerLost else { throw .flash(error) }
      return false
    }
    newest = place
    isSealed = true
    return true
  }

  private func offset(of place: Place) -> UInt32 {
    areas[place.area].lowerBound + UInt32(place.index) * shape.stride
  }
}

extension Flash where Self: ~Copyable {
  fileprivate mutating func readPrefix(
    _ count: Int, of buffer: inout InlineArray<352, UInt8>, at offset: UInt32
  ) throws(FlashError) {
    var whole = buffer.mutableSpan
    var window = whole.prefix(count)
    try read(into: &window, at: offset)
  }
}
