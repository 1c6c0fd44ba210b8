public import OTADelta

/// What stands in front of the streams of a patch with the coder `streams`.
///
/// - Note: Source: Docs/DeltaFormat.md, "Streams".
public struct StreamTable: Equatable, Sendable {
  /// Which parts of the new image come from which parts of the old one.
  public var covers: StreamHeader
  /// Where in those parts the images differ.
  public var runs: StreamHeader
  /// By how much they differ there.
  public var differences: StreamHeader
  /// The bytes of the new image outside those parts.
  public var extra: StreamHeader

  /// The most bytes that a table takes.
  public static var maximumSize: Int { 44 }
  /// How many bytes a decoder takes for what it reads, makes and writes.
  package static var bufferSize: Int { 64 << 10 }

  package init(covers: StreamHeader, runs: StreamHeader, differences: StreamHeader, extra: StreamHeader) {
    self.covers = covers
    self.runs = runs
    self.differences = differences
    self.extra = extra
  }

  /// The four in the order in which they are sent.
  package var all: [StreamHeader] { [covers, runs, differences, extra] }

  /// What a decoder takes, in bytes.
  ///
  /// - Parameter header: what stands in front of the table.
  /// - Returns: at most 2^38.
  public func memoryRequirement(header: NativeHeader) -> UInt64 {
    let kept = UInt64(covers.rawSize) + UInt64(runs.rawSize) + UInt64(differences.rawSize)
    let decompressor = all.reduce(0) { max($0, $1.decompressorMemory) }
    return kept + 12 * UInt64(header.coverCount) + 2 * UInt64(StreamTable.bufferSize) + decompressor
  }

  /// The table as it stands in a patch.
  package var serialized: [UInt8] {
    var bytes: [UInt8] = []
    for stream in all {
      bytes.append(stream.method.rawValue | stream.windowBits << 2)
      StreamNumber.append(stream.rawSize, to: &bytes)
      if stream.method != .stored { StreamNumber.append(stream.packedSize, to: &bytes) }
    }
    return bytes
  }

  /// Reads a table.
  ///
  /// - Parameters:
  ///   - bytes: the first bytes of a body; may end within the table.
  ///   - header: what stands in front of it, with the coder `streams`.
  /// - Returns: the table and how many bytes it took; nil if more are needed.
  /// - Throws: ``DeltaError/unsupportedCompression`` for a method that is not known,
  ///   ``DeltaError/nonCanonicalNumber`` for a number that does not fit or is longer than it must be,
  ///   ``DeltaError/corruptStream`` for a window that the method does not have, or sizes that contradict each other or
  ///   the header.
  public static func parse(
    _ bytes: Span<UInt8>, header: NativeHeader
  ) throws(DeltaError) -> (table: StreamTable, count: Int)? {
    var position = 0
    guard let covers = try stream(bytes, &position), let runs = try stream(bytes, &position),
      let differences = try stream(bytes, &position), let extra = try stream(bytes, &position)
    else {
      guard bytes.count < header.bodySize else { throw .corruptStream }
      return nil
    }
    let table = StreamTable(covers: covers, runs: runs, differences: differences, extra: extra)
    // Sums and products of 32 bits in 64.
    let packed = table.all.reduce(UInt64(position)) { $0 + UInt64($1.packedSize) }
    guard packed == UInt64(header.bodySize), UInt64(covers.rawSize) <= 15 * UInt64(header.coverCount),
      UInt64(runs.rawSize) <= 10 * UInt64(differences.rawSize), differences.rawSize <= header.newSize,
      extra.rawSize <= header.newSize
    else { throw .corruptStream }
    return (table, position)
  }

  private static func stream(_ bytes: Span<UInt8>, _ position: inout Int) throws(DeltaError) -> StreamHeader?
  {
    guard position < bytes.count else { return nil }
    guard let method = StreamHeader.Method(rawValue: bytes[position] & 3) else {
      throw .unsupportedCompression
    }
    let windowBits = bytes[position] >> 2
    guard StreamHeader.windowBits(of: method).contains(windowBits) else { throw .corruptStream }
    position += 1
    guard let rawSize = try StreamNumber.read(bytes, &position) else { return nil }
    guard method != .stored else { return StreamHeader(storing: rawSize) }
    guard let packedSize = try StreamNumber.read(bytes, &position) else { return nil }
    return StreamHeader(method: method, windowBits: windowBits, rawSize: rawSize, packedSize: packedSize)
  }
}
