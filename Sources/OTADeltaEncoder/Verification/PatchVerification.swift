import OTADelta

/// Applies a finished patch and holds what comes out against the new image.
///
/// - Parameters:
///   - patch: all of it.
///   - decoder: at its first byte.
///   - old: the image to start from.
///   - new: what must come out.
///   - isCancelled: asked now and then; `true` stops.
/// - Throws: ``DeltaEncoderError/verificationFailed(_:)``; ``DeltaEncoderError/cancelled``.
func verify<Decoder: PayloadDecoder & ~Copyable>(
  _ patch: [UInt8], with decoder: consuming Decoder, old: [UInt8], new: [UInt8],
  isCancelled: () -> Bool = { false }
) throws(DeltaEncoderError) {
  var source = MemorySource(old)
  var sink = ComparingSink(expected: new)
  var position = 0
  // One call without a byte for a patch without any.
  repeat {
    guard !isCancelled() else { throw .cancelled }
    let end = min(patch.count, position + verificationPart)
    do throws(PatchError<MemorySource.Failure, DeltaError>) {
      try decoder.push(patch.span.extracting(position..<end), source: &source, sink: &sink)
    } catch {
      switch error {
      case .delta(let error): throw .verificationFailed(error)
      case .source: throw .verificationFailed(.sourceOutOfRange)
      case .sink(let error): throw .verificationFailed(error)
      }
    }
    position = end
  } while position < patch.count
  do throws(DeltaError) {
    try decoder.finish()
    guard sink.position == new.count else { throw .imageSizeMismatch }
  } catch {
    throw .verificationFailed(error)
  }
}

/// How many bytes of a patch are applied between two looks at the caller's wish to stop.
private var verificationPart: Int { 1 << 16 }

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
