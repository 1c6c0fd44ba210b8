/// The fixed parts of the format `ENDSLEY/BSDIFF43` with zlib; the whole of it is in Docs/DeltaFormat.md.
///
/// - Note: Source: the control layout of Matthew Endsley's bspatch.c (bsdiff 4.3 made streamable); zlib in place of
///   bzip2 is a project decision, Docs/DeltaFormat.md.
public enum BSDiff43Format: Sendable {
  /// The length of the header: 16 bytes that name the format, 8 for the size of the new image.
  public static var headerSize: Int { 24 }

  /// The length of a control triple within the decompressed stream.
  public static var controlSize: Int { 24 }

  /// How many bytes at the start of the header name the format.
  public static var magicSize: Int { 16 }

  /// The byte at this place of the name `ENDSLEY/BSDIFF43`.
  ///
  /// - Precondition: the index is from 0 to 15.
  public static func magicByte(at index: Int) -> UInt8 {
    magic[index]
  }

  private static var magic: InlineArray<16, UInt8> {
    [
      0x45, 0x4e, 0x44, 0x53, 0x4c, 0x45, 0x59, 0x2f,  // "ENDSLEY/"
      0x42, 0x53, 0x44, 0x49, 0x46, 0x46, 0x34, 0x33,  // "BSDIFF43"
    ]
  }
}

/// A number of the format: 63 bits of magnitude, least significant byte first, with the sign in the top bit of the
/// last byte.
public struct BSDiffInteger: Equatable, Sendable {
  /// The distance from zero, below 2^63.
  public var magnitude: UInt64
  /// Whether the number is below zero.
  public var isNegative: Bool

  /// Takes a number.
  public init(_ value: Int64) {
    // The one value whose magnitude has no place in 63 bits; no size or seek comes near it.
    precondition(value != .min, "number out of range")
    magnitude = value.magnitude
    isNegative = value < 0
  }

  /// Reads eight bytes.
  ///
  /// - Parameters:
  ///   - bytes: holds the number.
  ///   - offset: where the number begins in `bytes`.
  /// - Throws: ``DeltaError/nonCanonicalNumber`` for negative zero.
  /// - Precondition: there are eight bytes at `offset`.
  init(_ bytes: Span<UInt8>, at offset: Int) throws(DeltaError) {
    var word: UInt64 = 0
    for index in 0..<8 { word |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
    magnitude = word & 0x7fff_ffff_ffff_ffff
    isNegative = word >> 63 != 0
    guard !isNegative || magnitude != 0 else { throw .nonCanonicalNumber }
  }

  /// The eight bytes, as a little-endian word.
  public var word: UInt64 { magnitude | (isNegative ? 1 << 63 : 0) }

  /// The number as a length.
  ///
  /// - Throws: ``DeltaError/negativeLength`` if it is negative.
  func length() throws(DeltaError) -> UInt64 {
    guard !isNegative else { throw .negativeLength }
    return magnitude
  }
}

/// A control triple that was held against the sizes of both images.
struct BSDiff43Control {
  /// How many bytes are the sum of old bytes and differences.
  var differenceCount: UInt32
  /// How many bytes are new.
  var extraCount: UInt32
  /// Where in the old image the next triple begins.
  var nextSourcePosition: UInt32

  /// Whether the triple makes no byte.
  var isEmpty: Bool { differenceCount == 0 && extraCount == 0 }

  /// How many triples without a byte a patch may have.
  ///
  /// The scan of bsdiff moves by nine bytes or more from one triple to the next, but for the last, so it makes fewer.
  ///
  /// - Note: Source: bsdiff 4.3, bsdiff.c: a match is taken if it explains more than eight bytes more.
  static func emptyLimit(imageSize: UInt32) -> UInt32 { imageSize / 8 + 2 }

  /// Reads and checks a triple.
  ///
  /// - Parameters:
  ///   - bytes: the 24 bytes of the triple.
  ///   - outputLeft: how many bytes the new image still wants.
  ///   - sourcePosition: the place in the old image, at most `sourceSize`.
  ///   - sourceSize: how many bytes the old image has.
  /// - Throws: ``DeltaError/nonCanonicalNumber``, ``DeltaError/negativeLength``, ``DeltaError/outputOverflow`` or
  ///   ``DeltaError/sourceOutOfRange``, tested in this order.
  init(
    _ bytes: Span<UInt8>, outputLeft: UInt32, sourcePosition: UInt32, sourceSize: UInt32
  ) throws(DeltaError) {
    let first = try BSDiffInteger(bytes, at: 0)
    let second = try BSDiffInteger(bytes, at: 8)
    let seek = try BSDiffInteger(bytes, at: 16)
    let difference = try first.length()
    let extra = try second.length()
    guard difference <= UInt64(outputLeft), extra <= UInt64(outputLeft) - difference else {
      throw .outputOverflow
    }
    guard difference <= UInt64(sourceSize - sourcePosition) else { throw .sourceOutOfRange }
    // All three are below 2^32 from here on, so 64 bits hold every sum.
    let reached = UInt64(sourcePosition) + difference
    if seek.isNegative {
      guard seek.magnitude <= reached else { throw .sourceOutOfRange }
      nextSourcePosition = UInt32(reached - seek.magnitude)
    } else {
      guard seek.magnitude <= UInt64(sourceSize) - reached else { throw .sourceOutOfRange }
      nextSourcePosition = UInt32(reached + seek.magnitude)
    }
    differenceCount = UInt32(difference)
    extraCount = UInt32(extra)
  }
}
