import OTACore
import OTACrypto

@testable import OTADelta

/// Limits for which no patch of a test is too large.
let nativeLimits = Limits(decoderMemory: .max)

/// Applies a native patch from memory to memory.
func applyNative(
  _ patch: [UInt8], to old: [UInt8], imageSize: Int, limits: Limits = nativeLimits,
  chunking: Chunking = .whole
) throws -> Outcome {
  var decoder = try NativeDecoder(
    imageSize: UInt32(imageSize), sourceSize: UInt32(old.count), limits: limits)
  return try drive(&decoder, patch, old: old, chunking: chunking)
}

/// The header of a patch.
func nativeHeader(_ patch: [UInt8]) throws -> (header: NativeHeader, count: Int) {
  guard let found = try NativeHeader.parse(patch.span) else { throw DeltaError.truncated }
  return found
}

/// The first bytes of the SHA-256 of an image.
func shortDigest(_ image: [UInt8]) -> InlineArray<8, UInt8> {
  var hash = SHA256()
  hash.update(image.span)
  let digest = hash.finalize()
  var result = InlineArray<8, UInt8>(repeating: 0)
  for index in 0..<8 { result[index] = digest.bytes[index] }
  return result
}

/// Words that live as long as the process: a workspace for the parts of a decoder.
func cells<Word: FixedWidthInteger & BitwiseCopyable>(_ words: [Word]) -> Cells<Word> {
  let base = UnsafeMutablePointer<Word>.allocate(capacity: max(1, words.count))
  for (index, word) in words.enumerated() { unsafe (base + index).initialize(to: word) }
  return unsafe Cells(base: base, count: words.count)
}

/// A window that holds a whole image.
func window(_ bytes: [UInt8], start: UInt32 = 0) -> OldWindow {
  var window = OldWindow(bytes: cells(bytes))
  window.load(start: start, count: UInt32(bytes.count))
  return window
}

/// The covers as a map.
func coverMap(_ covers: [(old: UInt32, new: UInt32, length: UInt32)]) -> CoverMap {
  var map = CoverMap(words: cells([UInt32](repeating: 0, count: 4 * covers.count)))
  for cover in covers { map.append(old: cover.old, new: cover.new, length: cover.length) }
  map.finish()
  return map
}

/// A model with little memory.
func mixer(slotBits: Int = 12, hasMemory: Bool = false) -> ContextMixer {
  ContextMixer(
    slots: cells([UInt32](repeating: 0, count: 1 << slotBits)),
    weights: cells([Int32](repeating: 0, count: WeightSet.count)),
    memory: LogisticMemory(
      words: cells([Int16](repeating: 0, count: hasMemory ? LogisticMemory.wordCount : 0))))
}

/// Reads decisions from bytes that are all there.
struct WholeDecoder: BitCoder, ~Copyable {
  private var decoder = RangeDecoder()
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    position = decoder.fill(bytes.span)
    decoder.start()
  }

  var overrunCount: Int { decoder.overrunCount }
  /// How many bytes nobody has read.
  var leftCount: Int { bytes.count - position + decoder.queuedCount }

  mutating func code(_ bit: UInt32, probability: UInt32) -> UInt32 {
    if decoder.queuedCount < RangeDecoder.bytesPerDecision {
      let left = Array(bytes[position...])
      position += decoder.fill(left.span)
    }
    return decoder.code(bit, probability: probability)
  }
}
