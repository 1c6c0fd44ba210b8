import OTACore
import OTADelta
import OTADeltaZstd

/// Makes patches as `zstd --patch-from` writes them.
///
/// Deterministic: the same images and level give the same bytes, as long as libzstd does. Every patch is applied before
/// it is returned. Memory: that of libzstd, at level 19 about ten bytes a byte of the larger image and 80 MiB.
public enum ZstdPatchEncoder {
  /// The largest image that is taken, in bytes: a window holds it.
  public static var maximumImageSize: Int { 1 << 30 }

  /// The memory that the decoder needs for a patch of this encoder, in bytes; to be declared in the manifest.
  ///
  /// - Parameters:
  ///   - oldSize: of the old image.
  ///   - newSize: of the new image, which is the window of the frame.
  /// - Returns: as ``ZstdPatchDecoder/memoryRequirement(sourceSize:windowSize:)``.
  public static func decoderMemory(oldSize: UInt32, newSize: UInt32) -> UInt64 {
    ZstdPatchDecoder.memoryRequirement(sourceSize: oldSize, windowSize: UInt64(newSize))
  }

  /// Makes the patch from one image to another.
  ///
  /// - Parameters:
  ///   - old: the image that the device has.
  ///   - new: the image that it shall have.
  ///   - level: from 1 to 22; more is smaller and slower.
  ///   - isCancelled: asked now and then; `true` ends the work.
  /// - Returns: the patch, with the size of the new image in its header and a checksum at its end.
  /// - Throws: ``DeltaEncoderError``.
  /// - Precondition: there is such a level.
  public static func makePatch(
    old: [UInt8], new: [UInt8], level: Int = 19, isCancelled: () -> Bool = { Task.isCancelled }
  ) throws(DeltaEncoderError) -> [UInt8] {
    guard old.count <= maximumImageSize, new.count <= maximumImageSize else { throw .imageTooLarge }
    // As the program has it: one bit more than the larger image needs.
    let size = max(old.count, new.count, 1)
    let logarithm = min(31, max(10, Int.bitWidth - size.leadingZeroBitCount))
    let settings = ZstdEncoder.Settings(
      level: level, windowLogarithm: logarithm, matchesLongDistance: logarithm > 23 || level < 16,
      declaresSize: true, hasChecksum: true)
    let patch = try ZstdEncoder.compress(
      new.span, prefix: old.span, settings: settings, isCancelled: isCancelled)
    guard !isCancelled() else { throw .cancelled }
    try verify(patch, with: try decoder(old: old, new: new), old: old, new: new)
    return patch
  }

  private static func decoder(old: [UInt8], new: [UInt8]) throws(DeltaEncoderError) -> ZstdPatchDecoder {
    let limits = Limits(imageSize: .max, payloadSize: .max, decoderMemory: .max)
    do throws(DeltaError) {
      return try ZstdPatchDecoder(imageSize: UInt32(new.count), sourceSize: UInt32(old.count), limits: limits)
    } catch {
      throw .verificationFailed(error)
    }
  }
}
