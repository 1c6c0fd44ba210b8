/// The candidate that a misspelt word most likely means, if one is near enough.
///
/// Near enough is one slip for every three characters. Of two that are as near, the first one.
package func nearest(to word: String, among candidates: [String]) -> String? {
  var best: (candidate: String, distance: Int)?
  for candidate in candidates {
    let distance = editDistance(Array(word), Array(candidate))
    guard distance <= max(1, min(word.count, candidate.count) / 3) else { continue }
    if distance < best?.distance ?? .max { best = (candidate, distance) }
  }
  return best?.candidate
}

/// How many slips lie between two words: a character left out, put in, replaced, or two neighbours swapped.
///
/// - Note: Source: the restricted Damerau-Levenshtein distance.
func editDistance(_ left: [Character], _ right: [Character]) -> Int {
  var beforePrevious: [Int] = []
  var previous = Array(0...right.count)
  for i in 0..<left.count {
    var current = [i + 1]
    for j in 0..<right.count {
      let substitution = previous[j] + (left[i] == right[j] ? 0 : 1)
      var cost = min(substitution, previous[j + 1] + 1, current[j] + 1)
      if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
        cost = min(cost, beforePrevious[j - 1] + 1)
      }
      current.append(cost)
    }
    (beforePrevious, previous) = (previous, current)
  }
  return previous[right.count]
}
