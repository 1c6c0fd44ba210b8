import OTADelta

/// Applies a finished patch and holds what comes out against the new image.
///
/// - Parameters:
///   - patch: all of it.
///   - decoder: at its first byte.
///   - old: the image to start from.
///   - new: what must come out.
/// - Throws: ``DeltaEncoderError/verificationFailed(_:)``.
func verify<Decoder: PayloadDecoder & ~Copyable>(
  _ patch: [UInt8], with decoder: consuming Decoder, old: [UInt8], new: [UInt8]
) throws(DeltaEncoderError) {
  var source = MemorySource(old)
  var sink = ComparingSink(expected: new)
  do throws(DeltaError) {
    do throws(PatchError<MemorySource.Failure, DeltaError>) {
      try decoder.push(patch.span, source: &source, sink: &sink)
    } catch {
      switch error {
      case .delta(let error): throw error
      case .source: throw .sourceOutOfRange
      case .sink(let error): throw error
      }
    }
    try decoder.finish()
    guard sink.position == new.count else { throw .imageSizeMismatch }
  } catch {
    throw .verificationFailed(error)
  }
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
