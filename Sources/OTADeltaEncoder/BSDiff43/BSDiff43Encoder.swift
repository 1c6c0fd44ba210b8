import OTACore
import OTADelta
import OTADeltaZlib

/// Makes patches of the format `ENDSLEY/BSDIFF43` with zlib.
///
/// Deterministic: the same images give the same bytes, as long as zlib does. Every patch is applied before it is
/// returned. Memory: five bytes a byte of the old image, two a byte of the new one, and the patch.
public enum BSDiff43Encoder {
  /// The largest image that is taken, in bytes.
  public static var maximumImageSize: Int { Int(Int32.max) }

  /// The memory that a decoder on a host needs for any patch of this encoder, in bytes; to be declared in the
  /// manifest.
  public static var decoderMemory: UInt32 { BSDiff43Decoder<ZlibInflater>.memoryRequirement }

  /// Makes the patch from one image to another; stops when the current task is cancelled.
  ///
  /// - Parameters:
  ///   - old: the image that devices run; may be empty.
  ///   - new: the image that they shall run; may be empty.
  /// - Returns: the patch.
  /// - Throws: as ``makePatch(old:new:isCancelled:)`` does.
  public static func makePatch(old: [UInt8], new: [UInt8]) throws(DeltaEncoderError) -> [UInt8] {
    try makePatch(old: old, new: new, isCancelled: { Task.isCancelled })
  }

  /// Makes the patch from one image to another.
  ///
  /// - Parameters:
  ///   - old: the image that devices run; may be empty.
  ///   - new: the image that they shall run; may be empty.
  ///   - isCancelled: asked before each stage and now and then within; `true` stops.
  /// - Returns: the patch; larger than the new image if they have nothing in common, which is not an error.
  /// - Throws: ``DeltaEncoderError/imageTooLarge`` over ``maximumImageSize``, ``DeltaEncoderError/outOfMemory``,
  ///   ``DeltaEncoderError/cancelled``, ``DeltaEncoderError/verificationFailed(_:)``.
  public static func makePatch(
    old: [UInt8], new: [UInt8], isCancelled: () -> Bool
  ) throws(DeltaEncoderError) -> [UInt8] {
    guard old.count <= maximumImageSize, new.count <= maximumImageSize else { throw .imageTooLarge }
    guard !isCancelled() else { throw .cancelled }
    let covers = try covers(old: old, new: new, isCancelled: isCancelled)
    guard !isCancelled() else { throw .cancelled }
    let patch = try serialize(covers, old: old, new: new, isCancelled: isCancelled)
    guard !isCancelled() else { throw .cancelled }
    try verify(patch, old: old, new: new)
    return patch
  }

  /// Scans, and drops the suffix array before anything else is allocated.
  private static func covers(
    old: [UInt8], new: [UInt8], isCancelled: () -> Bool
  ) throws(DeltaEncoderError) -> [Cover] {
    guard !new.isEmpty else { return [] }
    let scanner = try CoverScanner(old: old, new: new)
    guard !isCancelled() else { throw .cancelled }
    return try scanner.scan(isCancelled: isCancelled)
  }

  private static func serialize(
    _ covers: [Cover], old: [UInt8], new: [UInt8], isCancelled: () -> Bool
  ) throws(DeltaEncoderError) -> [UInt8] {
    var header: [UInt8] = []
    for index in 0..<BSDiff43Format.magicSize { header.append(BSDiff43Format.magicByte(at: index)) }
    append(Int64(new.count), to: &header)
    var deflater = try ZlibDeflater(appendingTo: header)
    // A cover without a byte is only a seek: it is added to the seek of the one before it.
    let effective = covers.enumerated().filter { $0.offset == 0 || $0.element.byteCount > 0 }.map(\.element)
    for (index, cover) in effective.enumerated() {
      guard !isCancelled() else { throw .cancelled }
      let reached = cover.oldPosition + cover.similarCount
      let next = index + 1 < effective.count ? effective[index + 1].oldPosition : reached
      var control: [UInt8] = []
      append(Int64(cover.similarCount), to: &control)
      append(Int64(cover.extraCount), to: &control)
      append(Int64(next - reached), to: &control)
      deflater.write(control.span)
      let extraStart = cover.newPosition + cover.similarCount
      var difference = [UInt8](repeating: 0, count: cover.similarCount)
      for offset in 0..<cover.similarCount {
        // The format's difference is modulo 256: wrapping is what is meant.
        difference[offset] = new[cover.newPosition + offset] &- old[cover.oldPosition + offset]
      }
      deflater.write(difference.span)
      deflater.write(new.span.extracting(extraStart..<extraStart + cover.extraCount))
    }
    return deflater.finish()
  }

  private static func append(_ value: Int64, to bytes: inout [UInt8]) {
    let word = BSDiffInteger(value).word
    for index in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * index))) }
  }

  private static func verify(_ patch: [UInt8], old: [UInt8], new: [UInt8]) throws(DeltaEncoderError) {
    var source = MemorySource(old)
    var sink = ComparingSink(expected: new)
    do throws(DeltaError) {
      let limits = Limits(imageSize: .max, payloadSize: .max, decoderMemory: .max)
      var decoder = try BSDiff43Decoder<ZlibInflater>(
        imageSize: UInt32(new.count), sourceSize: UInt32(old.count), limits: limits)
      do {
        try decoder.push(patch.span, source: &source, sink: &sink)
      } catch {
        switch error {
        case .delta(let error): throw error
        case .source: throw .sourceOutOfRange
        case .sink(let error): throw error
        }
      }
      try decoder.finish()
    } catch {
      throw .verificationFailed(error)
    }
  }
}

extension Cover {
  /// How many bytes of the new image it makes.
  fileprivate var byteCount: Int { similarCount + extraCount }
}

/// Holds an image against the one that it must be.
private struct ComparingSink: ImageSink {
  let expected: [UInt8]
  var position = 0

  init(expected: [UInt8]) {
    self.expected = expected
  }

  mutating func write(_ bytes: Span<UInt8>) throws(DeltaError) {
    guard bytes.count <= expected.count - position else { throw .outputOverflow }
    for index in 0..<bytes.count where bytes[index] != expected[position + index] { throw .outputMismatch }
    position += bytes.count
  }
}
