import OTACore

// How a start finds the value: the newest record, made sure of before it is believed.

extension Journal {
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
    fresh = nil
    sequence = 0
    var payloadCount = try scan(&flash, payload: &payload)
    guard newest != nil else { return nil }
    if isSealed, let place = newest, try !flash.isSteady(sealRange(of: place)) {
      // The write of the seal was interrupted. Once it is believed it must be for ever, so it is not.
      payloadCount = try scan(&flash, payload: &payload, doubting: place)
      guard newest != nil else { return nil }
    }
    if try settleIfPossible(payload.span.extracting(0..<payloadCount), on: &flash) { return payloadCount }
    // No place behind the unsealed record takes one: most likely an erase of its area was interrupted. Its commit
    // never returned; the sealed record in the other area is the value.
    guard let sealedCount = try takeSealed(&flash, payload: &payload) else { return payloadCount }
    _ = try settleIfPossible(payload.span.extracting(0..<sealedCount), on: &flash)
    return sealedCount
  }

  var isSealed: Bool {
    guard let newest, let newestSealed else { return false }
    return newest == newestSealed
  }

  /// Finds the newest record and copies its payload; finds the newest sealed one.
  ///
  /// - Parameters:
  ///   - flash: the device.
  ///   - payload: takes the payload.
  ///   - doubted: a place whose seal does not count.
  /// - Returns: the length of the payload; 0 if there is no record.
  /// - Throws: if the power goes; if there is no record and the device failed to read.
  private mutating func scan<Device: Flash & ~Copyable>(
    _ flash: inout Device, payload: inout MutableSpan<UInt8>, doubting doubted: Place? = nil
  ) throws(StorageError) -> Int {
    newest = nil
    newestSealed = nil
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
        let isSealed =
          place != doubted
          && shape.isSeal(buffer.span.extracting(Int(shape.sealOffset)..<Int(shape.stride)))
        if isSealed, highestSealed.map({ header.sequence > $0 }) ?? true {
          highestSealed = header.sequence
          newestSealed = place
        }
        guard highest.map({ header.sequence > $0 }) ?? true else { continue }
        highest = header.sequence
        newest = place
        newestSequence = header.sequence
        sequence = max(sequence, header.sequence)
        payloadCount = header.payloadCount
        copy(payloadCount, of: buffer, to: &payload)
      }
    }
    if highest == nil, let failure { throw .flash(failure) }
    return payloadCount
  }

  /// Takes the newest sealed record in place of the newest one.
  ///
  /// That its seal was whole once is enough: it was begun after the record was there. The seal itself may read
  /// differently now.
  ///
  /// - Returns: the length of the payload; `nil` if the record cannot be read, and then nothing has changed.
  /// - Throws: if the power goes.
  private mutating func takeSealed<Device: Flash & ~Copyable>(
    _ flash: inout Device, payload: inout MutableSpan<UInt8>
  ) throws(StorageError) -> Int? {
    guard let place = newestSealed else { return nil }
    var buffer = InlineArray<832, UInt8>(repeating: 0)
    do throws(FlashError) {
      guard let header = try readRecord(at: place, from: &flash, into: &buffer) else { return nil }
      newest = place
      newestSequence = header.sequence
      copy(header.payloadCount, of: buffer, to: &payload)
      return header.payloadCount
    } catch {
      guard error != .powerLost else { throw .flash(error) }
      return nil
    }
  }

  private func sealRange(of place: Place) -> Range<UInt32> {
    let start = offset(of: place)
    return start + shape.sealOffset..<start + shape.stride
  }

  private func copy(
    _ count: Int, of record: borrowing InlineArray<832, UInt8>, to payload: inout MutableSpan<UInt8>
  ) {
    let start = Int(shape.markSize) + JournalRecordShape.headerSize
    for byte in 0..<count { payload[byte] = record[start + byte] }
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
}
