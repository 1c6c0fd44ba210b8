/// Reads binary decisions: the range coder of LZMA with probabilities of 16 bits, of which the less likely decision
/// gets the lower part of the range, so that a sure decision costs almost nothing.
///
/// The patch says how long the stream is; behind its end zeros are read, because the encoder leaves them out.
///
/// - Note: Source: G. N. N. Martin, "Range encoding", 1979; I. Pavlov, LZMA specification, for the width and the
///   normalisation. Docs/DeltaFormat.md.
struct RangeDecoder: BitCoder, ~Copyable {
  /// The most bytes that one decision reads.
  static var bytesPerDecision: Int { 2 }
  /// How many bytes are read before the first decision.
  static var initialCount: Int { 4 }

  private var range: UInt32 = .max
  private var code: UInt32 = 0
  private var queue = InlineArray<256, UInt8>(repeating: 0)
  private var head = 0
  private var tail = 0
  /// How many bytes were read behind the end.
  private(set) var overrunCount = 0

  /// How many bytes are queued.
  var queuedCount: Int { tail &- head }

  /// Takes bytes into the queue, as many as fit.
  ///
  /// - Returns: how many.
  mutating func fill(_ bytes: Span<UInt8>) -> Int {
    var place = 0
    while place < tail &- head {
      queue[place] = queue[head &+ place]
      place &+= 1
    }
    head = 0
    let count = min(bytes.count, queue.count &- place)
    for index in 0..<count {
      queue[place] = bytes[index]
      place &+= 1
    }
    tail = place
    return count
  }

  /// Reads what must be there before the first decision.
  mutating func start() {
    for _ in 0..<RangeDecoder.initialCount { code = code << 8 | next() }
  }

  @inline(__always)
  private mutating func next() -> UInt32 {
    guard head < tail else {
      overrunCount &+= 1
      return 0
    }
    head &+= 1
    return UInt32(queue[head &- 1])
  }

  @inline(__always)
  mutating func code(_ bit: UInt32, probability: UInt32) -> UInt32 { decision(probability) }

  /// The next decision.
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  private mutating func decision(_ probability: UInt32) -> UInt32 {
    let isOneLikely = probability >= 32768
    let bound = (range >> 16) * (isOneLikely ? 65536 - probability : probability)
    let result: UInt32
    if code < bound {
      range = bound
      result = isOneLikely ? 0 : 1
    } else {
      code -= bound
      range -= bound
      result = isOneLikely ? 1 : 0
    }
    while range < 1 << 24 {
      range <<= 8
      code = code << 8 | next()
    }
    return result
  }
}
