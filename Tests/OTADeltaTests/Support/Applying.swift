import OTACore
import OTADelta
import OTADeltaZlib
import Testing

/// What came of a patch: the bytes that were written, and the error if there was one.
struct Outcome: Equatable {
  var output: [UInt8]
  var error: DeltaError?
}

/// How a payload is divided into pushes.
enum Chunking: CustomStringConvertible {
  case whole
  case every(Int)
  /// Random lengths, empty ones among them.
  case random(seed: UInt64)

  static let all: [Chunking] = [
    .whole, .every(1), .every(2), .every(7), .every(25), .every(512), .random(seed: 1),
  ]

  var description: String {
    switch self {
    case .whole: "whole"
    case .every(let count): "every \(count)"
    case .random(let seed): "random \(seed)"
    }
  }

  func pieces(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    var lengths = SeededGenerator(seed: 0)
    if case .random(let seed) = self { lengths = SeededGenerator(seed: seed) }
    var pieces: [ArraySlice<UInt8>] = []
    var position = 0
    while position < bytes.count {
      let length =
        switch self {
        case .whole: bytes.count
        case .every(let count): count
        case .random: Int.random(in: 0...40, using: &lengths)
        }
      let end = min(bytes.count, position + length)
      pieces.append(bytes[position..<end])
      position = end
    }
    return pieces
  }
}

/// Applies a patch from memory to memory.
func apply(
  _ patch: [UInt8], to old: [UInt8], imageSize: Int, limits: Limits = Limits(), chunking: Chunking = .whole
) throws -> Outcome {
  var decoder = try BSDiff43Decoder<ZlibInflater>(
    imageSize: UInt32(imageSize), sourceSize: UInt32(old.count), limits: limits)
  return try drive(&decoder, patch, old: old, chunking: chunking)
}

/// Pushes a payload through a decoder and ends it.
func drive<Decoder: PayloadDecoder & ~Copyable>(
  _ decoder: inout Decoder, _ payload: [UInt8], old: [UInt8], chunking: Chunking
) throws -> Outcome {
  var source = MemorySource(old)
  var sink = MemorySink()
  for piece in chunking.pieces(of: payload) {
    do throws(PatchError<MemorySource.Failure, Never>) {
      try decoder.push(Array(piece).span, source: &source, sink: &sink)
    } catch {
      #expect(decoder.outputCount == UInt32(sink.bytes.count))
      switch error {
      case .delta(let error): return Outcome(output: sink.bytes, error: error)
      // A decoder that reads outside the old image is what this must catch.
      case .source(let error): throw error
      }
    }
  }
  #expect(decoder.outputCount == UInt32(sink.bytes.count))
  do throws(DeltaError) {
    try decoder.finish()
  } catch {
    return Outcome(output: sink.bytes, error: error)
  }
  return Outcome(output: sink.bytes, error: nil)
}
