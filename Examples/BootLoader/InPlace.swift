// The same for a device with one slot, and with a codec of its own.

public import OTACore
import OTACrypto
public import OTADelta
public import OTAInPlace
import OTAPartition

/// The simplest patch: five sizes, and the new image.
public struct StoredCodec: SegmentCodec {
  /// How many bytes the sizes take.
  public static var headerSize: Int { 20 }
  private var patch: InPlaceParameters?

  /// Not ready for any patch.
  public init() {}

  /// Reads the sizes.
  public static func parameters(of head: Span<UInt8>) throws(DeltaError) -> InPlaceParameters {
    var cursor = ByteCursor(head)
    do throws(ParseError) {
      return InPlaceParameters(
        sourceSize: try cursor.readLittleEndian(), targetSize: try cursor.readLittleEndian(),
        shift: try cursor.readLittleEndian(), segmentSize: try cursor.readLittleEndian(),
        patchSize: try cursor.readLittleEndian())
    } catch {
      throw .truncated
    }
  }

  /// Reads the sizes, and keeps them.
  public mutating func begin(_ head: Span<UInt8>) throws(DeltaError) {
    patch = try StoredCodec.parameters(of: head)
  }

  /// Copies a segment, a byte at a time.
  public mutating func decode<Media: InPlaceMedia & ~Copyable>(
    segment: UInt32, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    guard let patch else { throw .delta(.abandoned) }
    let start = UInt64(segment) * UInt64(patch.segmentSize)
    let end = min(UInt64(patch.targetSize), start + UInt64(patch.segmentSize))
    for offset in start..<max(start, end) {
      var byte: InlineArray<1, UInt8> = [0]
      do throws(Media.SourceFailure) {
        var bytes = byte.mutableSpan
        try media.readPatch(into: &bytes, at: UInt32(truncatingIfNeeded: offset + 20))
      } catch {
        throw .source(error)
      }
      do throws(Media.SinkFailure) {
        try media.writeImage(byte.span)
      } catch {
        throw .sink(error)
      }
    }
  }
}

/// The whole of a boot loader that updates in place.
///
/// - Returns: where to jump to; `nil` if nothing verifies.
public func bootAddress(of flash: BoardFlash, layout: InPlaceLayout) -> UInt32? {
  do throws(InPlaceError) {
    var storage = try InPlaceStorage(opening: flash, layout: layout, hash: SHA256.self)
    var codec = StoredCodec()
    _ = try storage.boot(with: &codec)
    return layout.slot.lowerBound
  } catch {
    return nil
  }
}

/// An update of such a device: staged, verified, requested, and confirmed or given up.
public func install(
  _ manifest: borrowing VerifiedManifest, payload: Span<UInt8>, of flash: BoardFlash, layout: InPlaceLayout,
  isHealthy: Bool
) throws(InPlaceError) {
  var storage = try InPlaceStorage(opening: flash, layout: layout, hash: SHA256.self)
  if case .trial = storage.state.phase {
    if isHealthy { try storage.confirm() } else { try storage.revert(.healthCheckFailed) }
    return try storage.markReported()
  }
  var writer = try storage.beginStaging(manifest)
  try storage.write(payload, with: &writer)
  let verified = try storage.finish(writer)
  try storage.begin(verified, codec: StoredCodec.self, attempts: 3)
}
