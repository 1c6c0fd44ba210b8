#if !hasFeature(Embedded)
/// The fixed parts of the format `BSDIFF40`; the whole of it is in Docs/DeltaFormat.md.
///
/// - Note: Source: Colin Percival, bsdiff 4.3, the comments in bsdiff.c and bspatch.c.
public enum BSDiff40Format: Sendable {
  /// The length of the header: 8 bytes that name the format, and three numbers.
  public static var headerSize: Int { 32 }

  /// The length of a control triple within its decompressed stream.
  public static var controlSize: Int { 24 }

  /// How many bytes at the start of the header name the format.
  public static var magicSize: Int { 8 }

  /// The byte at this place of the name `BSDIFF40`.
  ///
  /// - Precondition: the index is from 0 to 7.
  public static func magicByte(at index: Int) -> UInt8 {
    magic[index]
  }

  private static var magic: InlineArray<8, UInt8> {
    [0x42, 0x53, 0x44, 0x49, 0x46, 0x46, 0x34, 0x30]
  }
}

/// What the header of a patch of the format `BSDIFF40` says; not held against anything yet.
public struct BSDiff40Header: Equatable, Sendable {
  /// How many bytes the compressed control triples take; they follow the header.
  public var controlSize: UInt64
  /// How many bytes the compressed differences take; they follow the control triples, and the compressed extra bytes
  /// follow them up to the end of the patch.
  public var differenceSize: UInt64
  /// How many bytes the new image has.
  public var imageSize: UInt64

  /// Reads a header.
  ///
  /// - Parameter bytes: begins with the header.
  /// - Throws: ``DeltaError/unsupportedFormat`` if the bytes do not begin with the name of the format,
  ///   ``DeltaError/truncated`` if there are fewer than 32, ``DeltaError/nonCanonicalNumber`` or
  ///   ``DeltaError/negativeLength`` for a number that is no length, in the order of the three.
  public init(_ bytes: Span<UInt8>) throws(DeltaError) {
    for index in 0..<min(bytes.count, BSDiff40Format.magicSize) {
      guard bytes[index] == BSDiff40Format.magicByte(at: index) else { throw .unsupportedFormat }
    }
    guard bytes.count >= BSDiff40Format.headerSize else { throw .truncated }
    controlSize = try BSDiffInteger(bytes, at: 8).length()
    differenceSize = try BSDiffInteger(bytes, at: 16).length()
    imageSize = try BSDiffInteger(bytes, at: 24).length()
  }
}
#endif
