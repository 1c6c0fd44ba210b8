/// Probabilities and their logits, in integers, so that every machine computes the same.
///
/// A logit is ln(p / (1 - p)) in 256ths, from -3,071 to 3,071; a probability is in 65,536ths. `squash` interpolates
/// between 49 points half a unit apart, `stretch` is its inverse; both are mutating to work in place, see ``Predictor``.
struct Logistic {
  static var limit: Int32 { 3071 }

  /// 65536 / (1 + e^(-k/2)), for k from -24 to 24.
  private static let points: InlineArray<49, UInt16> = [
    1, 1, 2, 2, 3, 5, 9, 14, 22, 37, 60, 99, 162, 267, 439, 720, 1179, 1921, 3108, 4971, 7812, 11955, 17625,
    24743, 32768, 40793, 47911, 53581, 57724, 60565, 62428, 63615, 64357, 64816, 65097, 65269, 65374, 65437,
    65476, 65499, 65514, 65522, 65527, 65531, 65533, 65534, 65534, 65535, 65535,
  ]

  /// The probability that has a logit; logits beyond the limit are cut.
  @inline(__always)
  mutating func squash(_ logit: Int32) -> UInt32 {
    let shifted = UInt32(bitPattern: max(-Logistic.limit, min(Logistic.limit, logit)) &+ 3072)
    let index = Int(shifted >> 7)
    let low = UInt32(Logistic.points[index])
    return low &+ ((UInt32(Logistic.points[index &+ 1]) &- low) &* (shifted & 127) &+ 64) >> 7
  }

  /// The logit that a probability has.
  mutating func stretch(_ probability: UInt32) -> Int32 {
    var low = 0
    var high = 48
    while high &- low > 1 {
      let middle = (low &+ high) >> 1
      if UInt32(Logistic.points[middle]) <= probability { low = middle } else { high = middle }
    }
    let first = UInt32(Logistic.points[low])
    let width = max(1, UInt32(Logistic.points[high]) &- first)
    let offset = ((probability &- min(first, probability)) << 7) / width
    return max(
      -Logistic.limit,
      min(Logistic.limit, Int32(truncatingIfNeeded: low) &* 128 &+ Int32(bitPattern: offset) &- 3072))
  }
}
