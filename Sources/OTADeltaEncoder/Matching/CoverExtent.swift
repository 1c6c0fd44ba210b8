/// How far a match reaches beyond the bytes that agree, as Colin Percival's scan has it.
///
/// - Note: Source: bsdiff 4.3, bsdiff.c.
enum CoverExtent {
  /// How far a match reaches forward while at least half of the bytes agree.
  static func forward(
    _ old: Span<UInt8>, _ position: Int, _ new: Span<UInt8>, _ start: Int, limit: Int
  ) -> Int {
    var agreeing = 0
    var bestScore = 0
    var best = 0
    var index = 0
    while index < limit, position + index < old.count {
      if old[position + index] == new[start + index] { agreeing += 1 }
      index += 1
      if agreeing * 2 - index > bestScore {
        bestScore = agreeing * 2 - index
        best = index
      }
    }
    return best
  }

  /// How far a match reaches backward while at least half of the bytes agree.
  static func backward(
    _ old: Span<UInt8>, _ position: Int, _ new: Span<UInt8>, _ start: Int, limit: Int
  ) -> Int {
    var agreeing = 0
    var bestScore = 0
    var best = 0
    var index = 0
    while index < limit, index < position {
      index += 1
      if old[position - index] == new[start - index] { agreeing += 1 }
      if agreeing * 2 - index > bestScore {
        bestScore = agreeing * 2 - index
        best = index
      }
    }
    return best
  }

  /// How many bytes of an overlap the earlier cover keeps so that the most bytes agree.
  static func split(
    _ old: Span<UInt8>, _ earlier: Int, _ later: Int, _ new: Span<UInt8>, _ start: Int, count: Int
  ) -> Int {
    var score = 0
    var bestScore = 0
    var best = 0
    for index in 0..<count {
      if new[start + index] == old[earlier + index] { score += 1 }
      if new[start + index] == old[later + index] { score -= 1 }
      if score > bestScore {
        bestScore = score
        best = index + 1
      }
    }
    return best
  }
}
