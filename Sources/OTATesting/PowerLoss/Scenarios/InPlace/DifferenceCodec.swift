import OTACore
package import OTADelta
package import OTAInPlace

/// A codec for checks: each new byte is a byte of the patch, combined with an old one.
///
/// A segment reads the old bytes from the first that it may read on, so that everything that is lost too early shows.
/// Form of a patch: `OTAX`, then, in four bytes each, the sizes of both images, the shift, the size of a segment and that
/// of the patch; then one byte for each of the new image.
package struct DifferenceCodec: SegmentCodec {
  /// How many bytes the header has.
  package static var headerSize: Int { 24 }

  private var parameters: InPlaceParameters?

  /// Not ready for any patch.
  package init() {}

  /// Reads the header.
  package static func parameters(of head: Span<UInt8>) throws(DeltaError) -> InPlaceParameters {
    var cursor = ByteCursor(head)
    do throws(ParseError) {
      guard try cursor.readBigEndian(UInt32.self) == 0x4f54_4158 else {
        throw ParseError(.invalidValue, at: 0)
      }
      return InPlaceParameters(
        sourceSize: try cursor.readLittleEndian(), targetSize: try cursor.readLittleEndian(),
        shift: try cursor.readLittleEndian(), segmentSize: try cursor.readLittleEndian(),
        patchSize: try cursor.readLittleEndian())
    } catch {
      throw error.kind == .truncated ? .truncated : .unsupportedFormat
    }
  }

  /// Reads the header, and keeps it.
  package mutating func begin(_ head: Span<UInt8>) throws(DeltaError) {
    parameters = try DifferenceCodec.parameters(of: head)
  }

  /// Makes a segment, a few bytes at a time.
  package mutating func decode<Media: InPlaceMedia & ~Copyable>(
    segment: UInt32, media: inout Media
  ) throws(PatchError<Media.SourceFailure, Media.SinkFailure>) {
    guard let parameters else { throw .delta(.abandoned) }
    let start = segment * parameters.segmentSize
    let count = min(parameters.segmentSize, parameters.targetSize - start)
    let floor = parameters.floor(ofSegment: segment)
    var done: UInt32 = 0
    while done < count {
      var part = min(37, count - done)
      var old = [UInt8](repeating: 0, count: Int(part))
      if floor < parameters.sourceSize {
        let run = parameters.sourceSize - floor
        part = min(part, run - done % run)
        old.removeLast(old.count - Int(part))
        do throws(Media.SourceFailure) {
          var span = old.mutableSpan
          try media.readSource(into: &span, at: floor + done % run)
        } catch {
          throw .source(error)
        }
      }
      var bytes = [UInt8](repeating: 0, count: Int(part))
      do throws(Media.SourceFailure) {
        var span = bytes.mutableSpan
        try media.readPatch(into: &span, at: UInt32(DifferenceCodec.headerSize) + start + done)
      } catch {
        throw .source(error)
      }
      for index in bytes.indices { bytes[index] ^= old[index] }
      do throws(Media.SinkFailure) {
        try media.writeImage(bytes.span)
      } catch {
        throw .sink(error)
      }
      done += part
    }
  }

  /// Makes a patch.
  ///
  /// - Parameters:
  ///   - old: the image that it starts from.
  ///   - new: the image that it makes.
  ///   - shift: how far the old one is moved, in bytes.
  ///   - segmentSize: how many bytes a segment makes; more than 0.
  /// - Returns: the patch.
  package static func patch(
    from old: [UInt8], to new: [UInt8], shift: UInt32, segmentSize: UInt32
  ) -> [UInt8] {
    let parameters = InPlaceParameters(
      sourceSize: UInt32(old.count), targetSize: UInt32(new.count), shift: shift, segmentSize: segmentSize,
      patchSize: UInt32(headerSize + new.count))
    var patch: [UInt8] = [0x4f, 0x54, 0x41, 0x58]
    for number in [
      parameters.sourceSize, parameters.targetSize, parameters.shift, parameters.segmentSize,
      parameters.patchSize,
    ] {
      patch += (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
    for (index, byte) in new.enumerated() {
      let floor = Int(parameters.floor(ofSegment: UInt32(index) / segmentSize))
      guard floor < old.count else {
        patch.append(byte)
        continue
      }
      patch.append(byte ^ old[floor + index % Int(segmentSize) % (old.count - floor)])
    }
    return patch
  }
}

extension InPlaceParameters {
  /// The first old byte that a segment may read.
  fileprivate func floor(ofSegment segment: UInt32) -> UInt32 {
    let next = (segment + 1) * segmentSize
    return next - min(next, shift)
  }
}
