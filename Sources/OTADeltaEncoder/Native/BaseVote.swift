import OTADelta

/// Finds the address at which a raw image runs, from the pointers that changed.
///
/// A word of a cover that changed by the same distance as some covers moved points into one of them, if it is a
/// pointer: so the base is the word less a place in that cover. The base that most words agree on wins.
///
/// - Note: Source: project decision, Docs/DeltaFormat.md, "Encoder".
enum BaseVote {
  /// Covers below this size vote for nobody: too many of them are chance.
  private static var minimumCoverLength: UInt32 { 64 }
  /// Distances that more covers than this share say nothing.
  private static var maximumCandidateCount: Int { 500 }
  /// Words below this are counts and sizes.
  private static var smallestPointer: UInt64 { 0x1000 }

  /// Votes.
  ///
  /// - Parameters:
  ///   - old: the old image.
  ///   - new: the new image.
  ///   - covers: of the images, found without knowing pointers.
  ///   - width: how many bytes a pointer has, 4 or 8.
  ///   - ignoredBits: of a pointer, such as the Thumb bit.
  /// - Returns: the base; nil if no pointer changed.
  static func base(
    old: [UInt8], new: [UInt8], covers: [NativePlan.Cover], width: Int, ignoredBits: UInt64
  ) -> UInt64? {
    let before = LittleEndianReader(old)
    let after = LittleEndianReader(new)
    let voters = covers.filter { $0.length >= minimumCoverLength }
    let byShift = Dictionary(grouping: voters) { Int64($0.new) - Int64($0.old) }
    var events: [(place: Int64, change: Int)] = []
    for cover in voters {
      var place = (Int(cover.old) + width - 1) & ~(width - 1)
      let end = Int(cover.old + cover.length)
      while place + width <= end {
        defer { place += width }
        let twin = Int(cover.new) + place - Int(cover.old)
        guard let first = before.value(at: place, width: width),
          let second = after.value(at: twin, width: width),
          first != second, first >= smallestPointer, first >> 62 == 0, second >> 62 == 0
        else { continue }
        let pointer = Int64(first & ~ignoredBits)
        guard let targets = byShift[Int64(second & ~ignoredBits) - pointer],
          targets.count <= maximumCandidateCount
        else { continue }
        for target in targets {
          let high = pointer - Int64(target.old)
          guard high >= 0 else { continue }
          events.append((max(0, high - Int64(target.length) + 1), 1))
          events.append((high + 1, -1))
        }
      }
    }
    return mostAligned(in: bestInterval(&events))
  }

  /// The places that most intervals cover.
  private static func bestInterval(_ events: inout [(place: Int64, change: Int)]) -> Range<Int64>? {
    events.sort { $0.place < $1.place || ($0.place == $1.place && $0.change < $1.change) }
    var count = 0
    var best = 0
    var result: Range<Int64>?
    for (index, event) in events.enumerated() {
      count += event.change
      guard count > best, index + 1 < events.count else { continue }
      best = count
      result = event.place..<max(event.place + 1, events[index + 1].place)
    }
    return result
  }

  /// The roundest number within, or at most 16 beside: images do not begin at odd addresses.
  private static func mostAligned(in range: Range<Int64>?) -> UInt64? {
    guard let range else { return nil }
    let low = max(0, range.lowerBound - 16)
    let high = range.upperBound + 16
    for bits in stride(from: Int64(40), through: 0, by: -1) {
      let step = Int64(1) << bits
      let candidate = (low + step - 1) & ~(step - 1)
      if candidate < high { return UInt64(candidate) }
    }
    return UInt64(range.lowerBound)
  }
}
