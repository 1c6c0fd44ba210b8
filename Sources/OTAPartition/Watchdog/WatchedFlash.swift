/// A flash device that feeds a watchdog while it works.
///
/// It feeds before and after every operation of the device underneath, and asks it for no more than a piece at a time:
/// erases go block by block, reads and writes in pieces. So the digest of a long image, a swap or an erase of a slot never
/// takes longer between two feedings than the longest single operation, and the timeout need not be longer than that
/// and what is computed between two operations. What is not flash (a signature, a decoder) is the caller's to feed for,
/// with ``feed()``.
///
/// It keeps the contract of ``Flash``, with one edge: a write that the device refuses as ``FlashError/notErased`` after
/// earlier pieces of it were written is reported as ``FlashError/deviceFailure``, because the range is then undefined.
public struct WatchedFlash<Device: Flash & ~Copyable, Dog: Watchdog & ~Copyable>: ~Copyable, Flash {
  private var flash: Device
  private var watchdog: Dog
  private let pieceSize: UInt32

  /// Sizes and rules of the device underneath.
  public let geometry: FlashGeometry

  /// Takes a device and a watchdog; starts nothing.
  ///
  /// - Parameters:
  ///   - flash: the device.
  ///   - watchdog: what to feed; it may run already, or be started later, or never.
  ///   - pieceSize: the most bytes that are read or written between two feedings; rounded down to whole units of writing,
  ///     but at least one.
  public init(_ flash: consuming Device, watchdog: consuming Dog, pieceSize: UInt32 = 1024) {
    geometry = flash.geometry
    let unit = geometry.writeSize
    self.pieceSize = max(unit, pieceSize / unit * unit)
    self.flash = flash
    self.watchdog = watchdog
  }

  /// Feeds the watchdog, for work that is not on flash.
  public mutating func feed() { watchdog.feed() }

  /// Starts the watchdog, or sets another timeout.
  ///
  /// - Parameter milliseconds: the timeout.
  /// - Throws: ``WatchdogError``; the watchdog then is as it was.
  public mutating func startWatchdog(timeout milliseconds: UInt32) throws(WatchdogError) {
    try watchdog.start(timeout: milliseconds)
  }

  /// Gives the device back; the watchdog runs on if it runs.
  ///
  /// - Returns: the device.
  public consuming func closed() -> Device { flash }

  /// Reads bytes, piece by piece.
  ///
  /// - Throws: as the contract says. After a failure of the device some pieces may be read.
  public mutating func read(
    into destination: inout MutableSpan<UInt8>, at offset: UInt32
  ) throws(FlashError) {
    watchdog.feed()
    try geometry.checkRead(at: offset, count: destination.count)
    var done = 0
    repeat {
      let count = min(Int(pieceSize), destination.count - done)
      var rest = destination.dropping(done)
      var piece = rest.prefix(count)
      try flash.read(into: &piece, at: offset + UInt32(done))
      watchdog.feed()
      done += count
    } while done < destination.count
  }

  /// Writes bytes, piece by piece.
  ///
  /// - Throws: as the contract says; ``FlashError/deviceFailure`` also where a later piece is refused.
  public mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    watchdog.feed()
    try geometry.checkWrite(at: offset, count: source.count)
    var done = 0
    repeat {
      let count = min(Int(pieceSize), source.count - done)
      do throws(FlashError) {
        try flash.write(source.extracting(done..<done + count), at: offset + UInt32(done))
      } catch {
        throw done > 0 && error == .notErased ? .deviceFailure : error
      }
      watchdog.feed()
      done += count
    } while done < source.count
  }

  /// Erases whole blocks, one after the other.
  ///
  /// - Throws: as the contract says. After a failure of the device some blocks may be erased.
  public mutating func erase(_ range: Range<UInt32>) throws(FlashError) {
    watchdog.feed()
    try geometry.checkErase(range)
    var position = range.lowerBound
    while position < range.upperBound {
      guard let block = geometry.eraseBlock(containing: position) else { throw .outOfBounds }
      try flash.erase(block)
      watchdog.feed()
      position = block.upperBound
    }
  }
}
