/// Two devices one behind the other, as one: internal flash and the external one, two banks, two chips.
///
/// The first byte of the second device follows the last one of the first. A joined device can be joined again, for three
/// devices and more. One layout then has its slots, and the areas of the journal, on whichever device they suit.
///
/// ## What the geometry says
/// The erase blocks of both devices, the larger unit of writing and of reading, and cells that are written again only if
/// both devices have such. Both must read the same when erased.
///
/// ## Operations across the border
/// They are divided: the first device has done its part before the second one begins. What power loss leaves is then what
/// the contract of ``Flash`` says, if a loss takes the power from both devices. A driver of an external device that can
/// lose its power alone must report that as ``FlashError/deviceFailure``.
///
/// A write across the border looks first whether the part on the second device reads as erased, so that it is refused
/// before anything is written. A device that refuses its part all the same, after the other one has taken its own, makes
/// it a ``FlashError/deviceFailure``: the range is then undefined.
///
/// - Note: Source: project decision, Docs/FlashPorting.md, Several devices.
public struct JoinedFlash<First: Flash & ~Copyable, Second: Flash & ~Copyable>: ~Copyable {
  /// The blocks of both devices, and rules that hold on both.
  public let geometry: FlashGeometry
  /// The device at the start.
  public private(set) var first: First
  /// The device behind it.
  public private(set) var second: Second
  /// Where the second device begins, in bytes.
  public let border: UInt32

  /// Joins two devices; nothing is read or written.
  ///
  /// - Parameters:
  ///   - first: the device at the start; lost if this throws, as is the other.
  ///   - second: the device behind it.
  /// - Throws: ``LayoutError/invalidGeometry`` if the two have more than ``FlashGeometry/maximumRegionCount`` regions or
  ///   more bytes than 32 bits can count, read differently when erased, or an erase block of one is no multiple of the
  ///   unit of writing of the other.
  public init(_ first: consuming First, _ second: consuming Second) throws(LayoutError) {
    geometry = try FlashGeometry(joining: first.geometry, second.geometry)
    border = first.geometry.capacity
    self.first = first
    self.second = second
  }
}

extension JoinedFlash: Copyable where First: Copyable, Second: Copyable {}
extension JoinedFlash: Sendable where First: Sendable & ~Copyable, Second: Sendable & ~Copyable {}

extension JoinedFlash: Flash where First: ~Copyable, Second: ~Copyable {
  /// Reads bytes, of one device or of both.
  ///
  /// - Throws: what the contract says.
  public mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError)
  {
    try geometry.checkRead(at: offset, count: destination.count)
    let split = countBeforeBorder(destination.count, at: offset)
    if split > 0 {
      var part = destination.prefix(split)
      try first.read(into: &part, at: offset)
    }
    if split < destination.count {
      var part = destination.dropping(split)
      try second.read(into: &part, at: offset + UInt32(split) - border)
    }
  }

  /// Writes bytes, to one device or to both.
  ///
  /// - Throws: what the contract says; see above for writes across the border.
  public mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkWrite(at: offset, count: source.count)
    let split = countBeforeBorder(source.count, at: offset)
    guard split > 0, split < source.count else {
      if split > 0 { return try first.write(source, at: offset) }
      if !source.isEmpty { try second.write(source, at: offset - border) }
      return
    }
    let rest = source.extracting(split..<source.count)
    if !geometry.isMultiwrite, try !second.isErased(0..<UInt32(rest.count)) { throw .notErased }
    try first.write(source.extracting(0..<split), at: offset)
    do throws(FlashError) {
      try second.write(rest, at: 0)
    } catch {
      // A refusal would say that nothing was written.
      throw error == .powerLost ? .powerLost : .deviceFailure
    }
  }

  /// Erases blocks, of one device or of both.
  ///
  /// - Throws: what the contract says.
  public mutating func erase(_ range: Range<UInt32>) throws(FlashError) {
    try geometry.checkErase(range)
    if range.lowerBound < border, !range.isEmpty {
      try first.erase(range.lowerBound..<min(range.upperBound, border))
    }
    if range.upperBound > border, !range.isEmpty {
      try second.erase(max(range.lowerBound, border) - border..<range.upperBound - border)
    }
  }

  /// How many of these bytes are on the first device.
  private func countBeforeBorder(_ count: Int, at offset: UInt32) -> Int {
    offset < border ? min(count, Int(border - offset)) : 0
  }
}

extension FlashGeometry {
  /// The geometry of two devices one behind the other, see ``JoinedFlash``.
  ///
  /// - Throws: what ``JoinedFlash/init(_:_:)`` throws.
  public init(joining first: FlashGeometry, _ second: FlashGeometry) throws(LayoutError) {
    let count = first.regionCount + second.regionCount
    guard first.erasedByte == second.erasedByte, count <= FlashGeometry.maximumRegionCount else {
      throw .invalidGeometry
    }
    var regions = InlineArray<16, Region>(repeating: Region(eraseBlockSize: 0, blockCount: 0))
    for index in 0..<first.regionCount { regions[index] = first.region(index) }
    for index in 0..<second.regionCount { regions[first.regionCount + index] = second.region(index) }
    try self.init(
      regions: regions.span.extracting(0..<count), writeSize: max(first.writeSize, second.writeSize),
      readSize: max(first.readSize, second.readSize), erasedByte: first.erasedByte,
      isMultiwrite: first.isMultiwrite && second.isMultiwrite)
  }
}
