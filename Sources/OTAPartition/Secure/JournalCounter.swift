import OTACore

/// A monotonic counter in two areas of flash, for hardware that has no other.
///
/// Safe from any loss of power, and counting as far as 32 bits of commits go. It is *not* safe from somebody who can
/// write its flash: he puts old contents back, and the counter is old again. So it protects a ``SecureStorage`` only if
/// it is on another device than the storage, one that the attacker has no hold of: the internal flash of a
/// microcontroller, locked against its debug port, for a storage in external flash. On the same device as the storage it
/// protects from accidents, and from nobody.
///
/// The counter owns its device; nothing else must write to its two areas.
public struct JournalCounter<Device: Flash & ~Copyable>: ~Copyable {
  private var device: Device
  private var journal: Journal
  private var current: UInt64?

  private static var magic: UInt32 { 0x4341_544f }
  private static var version: UInt8 { 1 }
  private static var payloadSize: Int { 16 }

  /// Takes the areas, in bytes from the start of the device; nothing is read.
  ///
  /// - Parameters:
  ///   - device: the flash.
  ///   - areaA: whole erase blocks, with room for four records of 48 bytes (units of writing up to 8), 64 (16) or 96
  ///     (32).
  ///   - areaB: likewise, outside `areaA`.
  /// - Throws: ``LayoutError/tooSmall``, ``LayoutError/outOfBounds``, ``LayoutError/notAligned``,
  ///   ``LayoutError/overlap``.
  public init(
    on device: consuming Device, areaA: Range<UInt32>, areaB: Range<UInt32>
  ) throws(LayoutError) {
    journal = try Journal(
      checking: areaA, areaB, payloadCapacity: JournalCounter.payloadSize, on: device.geometry)
    self.device = device
  }

  /// Starts to count at zero, over whatever the areas hold: for the factory, before anything was sealed.
  ///
  /// - Throws: ``CounterError/powerLost``, ``CounterError/unavailable``; provision again then.
  public mutating func provision() throws(CounterError) {
    current = nil
    var buffer = InlineArray<16, UInt8>(repeating: 0)
    do throws(StorageError) {
      try JournalCounter.serialize(0, into: buffer.mutableSpan)
      try journal.format(&device, payload: buffer.span)
    } catch {
      throw JournalCounter.counterError(error)
    }
    current = 0
  }

  /// The device, when the counter is not needed any more.
  public consuming func closed() -> Device { device }
}

extension JournalCounter: MonotonicCounter where Device: ~Copyable {
  /// The number.
  ///
  /// - Throws: ``CounterError/unavailable`` if the counter was never provisioned, is destroyed, or the flash fails;
  ///   ``CounterError/powerLost``.
  /// - Complexity: the first time, and after an error, a scan of both areas, and after a loss of power up to two erases
  ///   with their writes.
  public mutating func value() throws(CounterError) -> UInt64 {
    if let current { return current }
    var buffer = InlineArray<16, UInt8>(repeating: 0)
    do throws(StorageError) {
      var bytes = buffer.mutableSpan
      guard let count = try journal.open(&device, payload: &bytes) else { throw .journalEmpty }
      let value = try JournalCounter.parse(buffer.span.extracting(0..<count))
      current = value
      return value
    } catch {
      throw JournalCounter.counterError(error)
    }
  }

  /// Raises the number.
  ///
  /// A loss of power leaves the old number or the new one.
  ///
  /// - Parameter value: the new number, not below the present one.
  /// - Throws: ``CounterError/wouldGoBack`` for a lower one, and nothing was written then; ``CounterError/exhausted``;
  ///   ``CounterError/unavailable`` or ``CounterError/powerLost``, and then it is the old number or the new one.
  /// - Complexity: two writes; in each session, and whenever an area is full, one erase of an area.
  public mutating func advance(to value: UInt64) throws(CounterError) {
    let present = try self.value()
    guard value >= present else { throw .wouldGoBack }
    guard value > present else { return }
    current = nil
    var buffer = InlineArray<16, UInt8>(repeating: 0)
    do throws(StorageError) {
      try JournalCounter.serialize(value, into: buffer.mutableSpan)
      try journal.commit(buffer.span, to: &device)
    } catch {
      throw JournalCounter.counterError(error)
    }
    current = value
  }
}

extension JournalCounter where Device: ~Copyable {
  private static func parse(_ payload: Span<UInt8>) throws(StorageError) -> UInt64 {
    do throws(ParseError) {
      var cursor = ByteCursor(payload)
      let magic = try cursor.readLittleEndian(UInt32.self)
      guard magic == JournalCounter.magic else { throw ParseError(.invalidValue, at: 0) }
      let version = try cursor.readLittleEndian(UInt32.self)
      guard version == UInt32(JournalCounter.version) else { throw ParseError(.unsupported, at: 4) }
      let value = try cursor.readLittleEndian(UInt64.self)
      try cursor.requireEnd()
      return value
    } catch {
      throw .record(error)
    }
  }

  private static func serialize(
    _ value: UInt64, into bytes: consuming MutableSpan<UInt8>
  ) throws(StorageError) {
    do throws(ParseError) {
      var writer = ByteWriter(bytes)
      try writer.writeLittleEndian(JournalCounter.magic)
      try writer.writeLittleEndian(UInt32(JournalCounter.version))
      try writer.writeLittleEndian(value)
    } catch {
      throw .record(error)
    }
  }

  private static func counterError(_ error: StorageError) -> CounterError {
    if error == .flash(.powerLost) { return .powerLost }
    return error == .journalFull ? .exhausted : .unavailable
  }
}
