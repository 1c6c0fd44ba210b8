import OTACore
import OTADelta
import OTADeltaVCDIFF

/// Makes patches of the format VCDIFF, which `xdelta3 -d` applies.
///
/// Deterministic: the same images give the same bytes. Every patch is applied before it is returned. Memory: five bytes a
/// byte of the old image, two a byte of the new one, 20 MiB for a window, and the patch.
public enum VCDIFFEncoder {
  /// The largest image that is taken, in bytes.
  public static var maximumImageSize: Int { Int(Int32.max) }

  /// How many bytes of the new image a window makes, the last one fewer: a decoder with 8 MiB of memory, the default of
  /// `Limits`, holds it and the sections that it is made from.
  public static var windowSize: Int { (4 << 20) - (128 << 10) }

  /// The memory that ``/OTADeltaVCDIFF/VCDIFFDecoder`` needs for any patch of this encoder, in bytes; to be declared in
  /// the manifest.
  public static var decoderMemory: UInt32 { 8 << 20 }

  /// Makes the patch from one image to another; stops when the current task is cancelled.
  ///
  /// - Parameters:
  ///   - old: the image that devices run; may be empty.
  ///   - new: the image that they shall run; may be empty.
  /// - Returns: the patch.
  /// - Throws: as ``makePatch(old:new:hasChecksums:isCancelled:)`` does.
  public static func makePatch(old: [UInt8], new: [UInt8]) throws(DeltaEncoderError) -> [UInt8] {
    try makePatch(old: old, new: new, isCancelled: { Task.isCancelled })
  }

  /// Makes the patch from one image to another.
  ///
  /// - Parameters:
  ///   - old: the image that devices run; may be empty.
  ///   - new: the image that they shall run; may be empty.
  ///   - hasChecksums: whether each window has its Adler-32, as xdelta3 writes and checks it. Without it the patch has
  ///     nothing that RFC 3284 does not describe.
  ///   - isCancelled: asked before each stage and now and then within; `true` stops.
  /// - Returns: the patch; larger than the new image if they have nothing in common, which is not an error.
  /// - Throws: ``DeltaEncoderError/imageTooLarge`` over ``maximumImageSize``, ``DeltaEncoderError/outOfMemory``,
  ///   ``DeltaEncoderError/cancelled``, ``DeltaEncoderError/verificationFailed(_:)``.
  public static func makePatch(
    old: [UInt8], new: [UInt8], hasChecksums: Bool = true, isCancelled: () -> Bool
  ) throws(DeltaEncoderError) -> [UInt8] {
    try makePatch(
      old: old, new: new, hasChecksums: hasChecksums, windowSize: windowSize, isCancelled: isCancelled)
  }

  /// The same with windows of another size.
  static func makePatch(
    old: [UInt8], new: [UInt8], hasChecksums: Bool, windowSize: Int, isCancelled: () -> Bool
  ) throws(DeltaEncoderError) -> [UInt8] {
    guard old.count <= maximumImageSize, new.count <= maximumImageSize else { throw .imageTooLarge }
    guard !isCancelled() else { throw .cancelled }
    let patch = try serialize(
      old: old, new: new, hasChecksums: hasChecksums, windowSize: windowSize, isCancelled: isCancelled)
    guard !isCancelled() else { throw .cancelled }
    try verify(patch, with: try decoder(old: old, new: new), old: old, new: new)
    return patch
  }

  private static func serialize(
    old: [UInt8], new: [UInt8], hasChecksums: Bool, windowSize: Int, isCancelled: () -> Bool
  ) throws(DeltaEncoderError) -> [UInt8] {
    var patch: [UInt8] = []
    for index in 0..<4 { patch.append(VCDIFFFormat.magic[index]) }
    patch.append(0)
    var parser = try VCDIFFParser(old: old, new: new, windowSize: windowSize)
    var start = 0
    // An image without a byte has one window without a byte, as xdelta3 writes it.
    repeat {
      let end = min(start + windowSize, new.count)
      let instructions = try parser.parse(start..<end, isCancelled: isCancelled)
      var writer = VCDIFFWindowWriter(instructions, window: start..<end, new: new)
      writer.append(hasChecksum: hasChecksums, to: &patch)
      start = end
    } while start < new.count
    return patch
  }

  private static func decoder(old: [UInt8], new: [UInt8]) throws(DeltaEncoderError) -> VCDIFFDecoder {
    let limits = Limits(imageSize: .max, payloadSize: .max, decoderMemory: decoderMemory)
    do throws(DeltaError) {
      return try VCDIFFDecoder(imageSize: UInt32(new.count), sourceSize: UInt32(old.count), limits: limits)
    } catch {
      throw .verificationFailed(error)
    }
  }
}
