public import OTACore

/// The chunks of an image and their digests, read where they are.
///
/// A device that has the index cuts its old image the same way, and fetches of the new one only what it does not find.
/// The index is authenticated by the digest in the manifest, like any payload.
///
/// - Note: Source: Docs/ChunkIndex.md.
public struct ChunkIndex: ~Escapable {
  /// The length of what stands before the entries.
  public static var headerSize: Int { 24 }
  /// The length of an entry: the size of the chunk and its SHA-256.
  public static var entrySize: Int { 36 }

  /// The size of the image in bytes.
  public let imageSize: UInt32
  /// How the image was cut.
  public let parameters: ChunkParameters
  /// How many chunks there are.
  public let count: Int

  private let entries: Span<UInt8>

  /// An entry of the index.
  public struct Entry: Equatable, Sendable {
    /// The size of the chunk in bytes.
    public var size: UInt32
    /// Its SHA-256.
    public var digest: Digest
  }

  /// Checks all of an index.
  ///
  /// - Parameters:
  ///   - bytes: all of it.
  ///   - limits: ``Limits/imageSize`` applies.
  /// - Throws: kind ``ParseError/Kind/unsupported`` if this is no index or one of another version,
  ///   ``ParseError/Kind/limitExceeded``, ``ParseError/Kind/invalidValue`` if a size is not one that the parameters can
  ///   give, or all of them are not the image; ``ParseError/Kind/truncated`` and ``ParseError/Kind/trailingBytes``.
  @_lifetime(copy bytes)
  public init(_ bytes: Span<UInt8>, limits: Limits) throws(ParseError) {
    var cursor = ByteCursor(bytes)
    let magic: InlineArray<5, UInt8> = [0x4f, 0x54, 0x41, 0x58, 0x01]
    for index in 0..<5 {
      guard try cursor.readByte() == magic[index] else { throw ParseError(.unsupported, at: index) }
    }
    let logarithm = try cursor.readByte()
    let reserved: UInt16 = try cursor.readLittleEndian()
    guard reserved == 0 else { throw ParseError(.unsupported, at: 6) }
    let minimum: UInt32 = try cursor.readLittleEndian()
    let maximum: UInt32 = try cursor.readLittleEndian()
    guard
      let parameters = ChunkParameters(
        minimumSize: minimum, averageLogarithm: logarithm, maximumSize: maximum)
    else { throw ParseError(.invalidValue, at: 5) }
    let imageSize: UInt32 = try cursor.readLittleEndian()
    guard imageSize <= limits.imageSize else { throw ParseError(.limitExceeded, at: 16) }
    let count: UInt32 = try cursor.readLittleEndian()
    // Both in 64 bits: a product of untrusted numbers.
    guard UInt64(count) * UInt64(ChunkIndex.entrySize) <= UInt64(cursor.remaining) else {
      throw ParseError(.truncated, at: 20)
    }
    let entries = try cursor.readBytes(count: Int(count) * ChunkIndex.entrySize)
    try cursor.requireEnd()
    var left = imageSize
    for index in 0..<Int(count) {
      let offset = ChunkIndex.headerSize + index * ChunkIndex.entrySize
      let size = ChunkIndex.size(in: entries, at: index)
      guard size > 0, size <= left, size <= maximum, size >= minimum || size == left else {
        throw ParseError(.invalidValue, at: offset)
      }
      left -= size
    }
    guard left == 0 else { throw ParseError(.invalidValue, at: 16) }
    self.imageSize = imageSize
    self.parameters = parameters
    self.count = Int(count)
    self.entries = entries
  }

  /// The entry of a chunk.
  ///
  /// - Parameter index: below ``count``.
  /// - Returns: size and digest.
  public func entry(at index: Int) -> Entry {
    let size = ChunkIndex.size(in: entries, at: index)
    let start = index * ChunkIndex.entrySize + 4
    do throws(ParseError) {
      let digest = try Digest(algorithm: .sha256, bytes: entries.extracting(start..<start + 32))
      return Entry(size: size, digest: digest)
    } catch {
      preconditionFailure("a SHA-256 has 32 bytes")
    }
  }

  private static func size(in entries: Span<UInt8>, at index: Int) -> UInt32 {
    var size: UInt32 = 0
    for byte in 0..<4 { size |= UInt32(entries[index * entrySize + byte]) << UInt32(8 * byte) }
    return size
  }
}
