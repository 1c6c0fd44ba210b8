import OTACore
import OTADelta
import OTADeltaBZip2

/// Makes patches of the format `BSDIFF40`, which Colin Percival's `bspatch` applies.
///
/// Deterministic: the same images give the same bytes, as long as libbz2 does. Every patch is applied before it is
/// returned. Memory: five bytes a byte of the old image, two a byte of the new one, and two patches.
public enum BSDiff40Encoder {
  /// The largest image that is taken, in bytes.
  public static var maximumImageSize: Int { Int(Int32.max) }

  /// The image is cut in each of these ways, and the smallest patch is kept: bsdiff's own, and one that is smaller on
  /// most firmware, by up to one percent.
  private static var gains: [Int] { [CoverScanner.usualGain, 6] }

  /// Makes the patch from one image to another; stops when the current task is cancelled.
  ///
  /// - Parameters:
  ///   - old: the image to start from; may be empty.
  ///   - new: the image to make; may be empty.
  /// - Returns: the patch.
  /// - Throws: as ``makePatch(old:new:isCancelled:)`` does.
  public static func makePatch(old: [UInt8], new: [UInt8]) throws(DeltaEncoderError) -> [UInt8] {
    try makePatch(old: old, new: new, isCancelled: { Task.isCancelled })
  }

  /// Makes the patch from one image to another.
  ///
  /// - Parameters:
  ///   - old: the image to start from; may be empty.
  ///   - new: the image to make; may be empty.
  ///   - isCancelled: asked before each stage and now and then within; `true` stops.
  /// - Returns: the patch; larger than the new image if they have nothing in common, which is not an error.
  /// - Throws: ``DeltaEncoderError/imageTooLarge`` over ``maximumImageSize``, ``DeltaEncoderError/outOfMemory``,
  ///   ``DeltaEncoderError/cancelled``, ``DeltaEncoderError/verificationFailed(_:)``.
  public static func makePatch(
    old: [UInt8], new: [UInt8], isCancelled: () -> Bool
  ) throws(DeltaEncoderError) -> [UInt8] {
    guard old.count <= maximumImageSize, new.count <= maximumImageSize else { throw .imageTooLarge }
    guard !isCancelled() else { throw .cancelled }
    let candidates = try coversOf(old: old, new: new, gains: gains, isCancelled: isCancelled)
    var patch: [UInt8]?
    for covers in candidates {
      guard !isCancelled() else { throw .cancelled }
      let candidate = try serialize(covers, old: old, new: new, isCancelled: isCancelled)
      // Of equally small ones the first.
      if patch.map({ candidate.count < $0.count }) ?? true { patch = candidate }
    }
    guard !isCancelled() else { throw .cancelled }
    guard let patch else { preconditionFailure("no gain to try") }
    let decoder: BSDiff40Decoder<BZip2Inflater>
    do throws(DeltaError) {
      decoder = try BSDiff40Decoder(
        imageSize: UInt32(new.count), sourceSize: UInt32(old.count),
        limits: Limits(imageSize: .max, payloadSize: .max, decoderMemory: .max))
    } catch {
      throw .verificationFailed(error)
    }
    try verify(patch, with: decoder, old: old, new: new)
    return patch
  }

  private static func serialize(
    _ covers: [Cover], old: [UInt8], new: [UInt8], isCancelled: () -> Bool
  ) throws(DeltaEncoderError) -> [UInt8] {
    var controls = try BZip2Deflater()
    var differences = try BZip2Deflater()
    var extras = try BZip2Deflater()
    for triple in ControlTriple.triples(for: covers) {
      guard !isCancelled() else { throw .cancelled }
      controls.write(triple.control.span)
      differences.write(triple.differences(old: old, new: new).span)
      extras.write(new.span.extracting(triple.extraRange))
    }
    let control = controls.finish()
    let difference = differences.finish()
    var patch: [UInt8] = []
    for index in 0..<BSDiff40Format.magicSize { patch.append(BSDiff40Format.magicByte(at: index)) }
    append(Int64(control.count), to: &patch)
    append(Int64(difference.count), to: &patch)
    append(Int64(new.count), to: &patch)
    return patch + control + difference + extras.finish()
  }
}
