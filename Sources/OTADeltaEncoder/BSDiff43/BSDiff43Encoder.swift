import OTACore
import OTADelta
import OTADeltaBZip2
import OTADeltaZlib

/// How a patch of the format `ENDSLEY/BSDIFF43` is compressed; its header does not say.
public enum BSDiff43Compression: UInt8, Sendable, CaseIterable {
  /// zlib, which devices decode: `DeltaFormat.bsdiff43`.
  case zlib
  /// bzip2, as Matthew Endsley's own programs write and read it; for hosts.
  case bzip2
}

/// Makes patches of the format `ENDSLEY/BSDIFF43`.
///
/// Deterministic: the same images give the same bytes, as long as the compressor does. Every patch is applied before it
/// is returned. Memory: five bytes a byte of the old image, two a byte of the new one, and the patch.
public enum BSDiff43Encoder {
  /// The largest image that is taken, in bytes.
  public static var maximumImageSize: Int { Int(Int32.max) }

  /// The memory that a decoder on a host needs for any patch with zlib, in bytes; to be declared in the manifest.
  public static var decoderMemory: UInt32 { decoderMemory(for: .zlib) }

  /// The memory that a decoder on a host needs for any patch with this compression, in bytes.
  public static func decoderMemory(for compression: BSDiff43Compression) -> UInt32 {
    switch compression {
    case .zlib: BSDiff43Decoder<ZlibInflater>.memoryRequirement
    case .bzip2: BSDiff43Decoder<BZip2Inflater>.memoryRequirement
    }
  }

  /// Makes the patch from one image to another; stops when the current task is cancelled.
  ///
  /// - Parameters:
  ///   - old: the image that devices run; may be empty.
  ///   - new: the image that they shall run; may be empty.
  ///   - compression: of everything behind the header.
  /// - Returns: the patch.
  /// - Throws: as ``makePatch(old:new:compression:isCancelled:)`` does.
  public static func makePatch(
    old: [UInt8], new: [UInt8], compression: BSDiff43Compression = .zlib
  ) throws(DeltaEncoderError) -> [UInt8] {
    try makePatch(old: old, new: new, compression: compression, isCancelled: { Task.isCancelled })
  }

  /// Makes the patch from one image to another.
  ///
  /// - Parameters:
  ///   - old: the image that devices run; may be empty.
  ///   - new: the image that they shall run; may be empty.
  ///   - compression: of everything behind the header.
  ///   - isCancelled: asked before each stage and now and then within; `true` stops.
  /// - Returns: the patch; larger than the new image if they have nothing in common, which is not an error.
  /// - Throws: ``DeltaEncoderError/imageTooLarge`` over ``maximumImageSize``, ``DeltaEncoderError/outOfMemory``,
  ///   ``DeltaEncoderError/cancelled``, ``DeltaEncoderError/verificationFailed(_:)``.
  public static func makePatch(
    old: [UInt8], new: [UInt8], compression: BSDiff43Compression = .zlib, isCancelled: () -> Bool
  ) throws(DeltaEncoderError) -> [UInt8] {
    guard old.count <= maximumImageSize, new.count <= maximumImageSize else { throw .imageTooLarge }
    guard !isCancelled() else { throw .cancelled }
    let covers = try coversOf(old: old, new: new, isCancelled: isCancelled)[0]
    guard !isCancelled() else { throw .cancelled }
    var header: [UInt8] = []
    for index in 0..<BSDiff43Format.magicSize { header.append(BSDiff43Format.magicByte(at: index)) }
    append(Int64(new.count), to: &header)
    switch compression {
    case .zlib:
      let patch = try serialize(
        covers, into: try ZlibDeflater(appendingTo: header), old: old, new: new, isCancelled: isCancelled)
      try verify(patch, with: try decoder(ZlibInflater.self, old: old, new: new), old: old, new: new)
      return patch
    case .bzip2:
      let patch = try serialize(
        covers, into: try BZip2Deflater(appendingTo: header), old: old, new: new, isCancelled: isCancelled)
      try verify(patch, with: try decoder(BZip2Inflater.self, old: old, new: new), old: old, new: new)
      return patch
    }
  }

  private static func serialize<Compressor: StreamCompressor & ~Copyable>(
    _ covers: [Cover], into compressor: consuming Compressor, old: [UInt8], new: [UInt8],
    isCancelled: () -> Bool
  ) throws(DeltaEncoderError) -> [UInt8] {
    for triple in ControlTriple.triples(for: covers) {
      guard !isCancelled() else { throw .cancelled }
      compressor.write(triple.control.span)
      compressor.write(triple.differences(old: old, new: new).span)
      compressor.write(new.span.extracting(triple.extraRange))
    }
    let patch = compressor.finish()
    guard !isCancelled() else { throw .cancelled }
    return patch
  }

  private static func decoder<Inflater: Decompressor & ~Copyable>(
    _ inflater: Inflater.Type, old: [UInt8], new: [UInt8]
  ) throws(DeltaEncoderError) -> BSDiff43Decoder<Inflater> {
    do throws(DeltaError) {
      return try BSDiff43Decoder(
        imageSize: UInt32(new.count), sourceSize: UInt32(old.count),
        limits: Limits(imageSize: .max, payloadSize: .max, decoderMemory: .max))
    } catch {
      throw .verificationFailed(error)
    }
  }
}

/// What makes one compressed stream.
protocol StreamCompressor: ~Copyable {
  /// Compresses bytes.
  mutating func write(_ bytes: Span<UInt8>)

  /// Ends the stream and returns everything.
  consuming func finish() -> [UInt8]
}

extension ZlibDeflater: StreamCompressor {}
extension BZip2Deflater: StreamCompressor {}
