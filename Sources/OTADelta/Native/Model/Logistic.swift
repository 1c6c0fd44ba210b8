/// Probabilities and their logits, in integers, so that every machine computes the same.
///
/// A logit is ln(p / (1 - p)) in 256ths, from -3,071 to 3,071; a probability is in 65,536ths. `squash` interpolates
/// between 49 points half a unit apart, `stretch` is its inverse.
struct Logistic {
  static var limit: Int32 { 3071 }

  private var points = InlineArray<49, UInt32>(repeating: 0)

  init() {
    // e^(-k/2) in 2^-30ths; each is the one before times e^(-1/2).
    var power: UInt64 = 1 << 30
    for step in 0...24 {
      let upper = UInt32((UInt64(65536) << 30) / ((1 << 30) + power))
      points[24 + step] = upper
      points[24 - step] = 65536 - upper
      power = (power * 651_237_185) >> 30
    }
  }

  /// The probability that has a logit; logits beyond the limit are cut.
  @inline(__always)
  func squash(_ logit: Int32) -> UInt32 {
    let shifted = UInt32(bitPattern: max(-Logistic.limit, min(Logistic.limit, logit)) + 3072)
    let index = Int(shifted >> 7)
    let low = points[index]
    return low + ((points[index + 1] - low) * (shifted & 127) + 64) >> 7
  }

  /// The logit that a probability has.
  func stretch(_ probability: UInt32) -> Int32 {
    var low = 0
    var high = 48
    while high - low > 1 {
      let middle = (low + high) >> 1
      if points[middle] <= probability { low = middle } else { high = middle }
    }
    let width = points[high] - points[low]
    let offset = ((probability - min(points[low], probability)) << 7) / width
    return max(-Logistic.limit, min(Logistic.limit, Int32(low) * 128 + Int32(offset) - 3072))
  }
}
