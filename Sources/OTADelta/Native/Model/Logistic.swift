/// Probabilities and their logits, in integers, so that every machine computes the same.
///
/// A logit is ln(p / (1 - p)) in 256ths, from -3,071 to 3,071; a probability is in 65,536ths. `squash` interpolates
/// between 49 points half a unit apart, `stretch` is its inverse; both are mutating to work in place, see ``Predictor``.
struct Logistic {
  static var limit: Int32 { 3071 }

  private var points = InlineArray<49, UInt32>(repeating: 0)

  init() {
    // 65536 / (1 + e^(-k/2)), for k from 0 to 24; the lower half is the mirror image.
    let upper: InlineArray<25, UInt32> = [
      32768, 40793, 47911, 53581, 57724, 60565, 62428, 63615, 64357, 64816, 65097, 65269, 65374, 65437,
      65476, 65499, 65514, 65522, 65527, 65531, 65533, 65534, 65534, 65535, 65535,
    ]
    for step in 0...24 {
      points[24 + step] = upper[step]
      points[24 - step] = 65536 - upper[step]
    }
  }

  /// The probability that has a logit; logits beyond the limit are cut.
  @inline(__always)
  mutating func squash(_ logit: Int32) -> UInt32 {
    let shifted = UInt32(bitPattern: max(-Logistic.limit, min(Logistic.limit, logit)) + 3072)
    let index = Int(shifted >> 7)
    let low = points[index]
    return low + ((points[index + 1] - low) * (shifted & 127) + 64) >> 7
  }

  /// The logit that a probability has.
  mutating func stretch(_ probability: UInt32) -> Int32 {
    var low = 0
    var high = 48
    while high - low > 1 {
      let middle = (low + high) >> 1
      if points[middle] <= probability { low = middle } else { high = middle }
    }
    let width = max(1, points[high] - points[low])
    let offset = ((probability - min(points[low], probability)) << 7) / width
    return max(-Logistic.limit, min(Logistic.limit, Int32(low) * 128 + Int32(offset) - 3072))
  }
}
