public import OTADelta

/// What a patch says about itself before it is applied in place.
///
/// Nothing of it is believed: ``InPlaceStorage`` holds it against the images of the manifest and against the device.
public struct InPlaceParameters: Equatable, Sendable {
  /// How many bytes the image has that the patch starts from.
  public var sourceSize: UInt32
  /// How many bytes the image has that the patch makes.
  public var targetSize: UInt32
  /// How far the image is moved up before the first segment, in bytes.
  public var shift: UInt32
  /// How many bytes a segment makes; the last one may make fewer.
  public var segmentSize: UInt32
  /// How many bytes the patch has, its header included.
  public var patchSize: UInt32

  /// Makes parameters from their parts.
  public init(
    sourceSize: UInt32, targetSize: UInt32, shift: UInt32, segmentSize: UInt32, patchSize: UInt32
  ) {
    self.sourceSize = sourceSize
    self.targetSize = targetSize
    self.shift = shift
    self.segmentSize = segmentSize
    self.patchSize = patchSize
  }
}

/// A decoder of patches that are applied over the image that they start from, segment by segment.
///
/// Segment s makes the bytes from `s * segmentSize` on, of the new image. It may read only bytes of the old image at
/// `(s + 1) * segmentSize - shift` and behind: everything before is overwritten when it is its turn, or is being
/// overwritten. A segment can therefore be made again at any time before the next one has begun, and depends on nothing
/// that an earlier one has left in memory.
public protocol SegmentCodec: ~Copyable {
  /// The most bytes of a patch that say what it is; not more than ``InPlaceStorage/maximumHeaderSize``.
  static var headerSize: Int { get }

  /// Reads what a patch says about itself.
  ///
  /// - Parameter head: the first ``headerSize`` bytes, or all if there are fewer; from here on there may be another patch.
  /// - Returns: what it says; its sizes are not checked against anything.
  /// - Throws: why it is not one of this format, or cannot be applied with the memory that there is.
  static func parameters(of head: Span<UInt8>) throws(DeltaError) -> InPlaceParameters

  /// Makes ready for a patch.
  ///
  /// - Parameter head: as of ``parameters(of:)``.
  /// - Throws: likewise.
  mutating func begin(_ head: Span<UInt8>) throws(DeltaError)

  /// Makes one segment.
  ///
  /// - Parameters:
  ///   - segment: which one, from 0. Any, and any number of times, in any order.
  ///   - media: the old image, at its own offsets wherever it lies now; the patch; and where the bytes of the segment go,
  ///     from its first to its last.
  /// - Throws: ``PatchError/delta(_:)`` if the patch is refused; what a medium has thrown.
  mutating func decode<Media: InPlaceMedia & ~Copyable>(
    segment: UInt32, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>)
}
