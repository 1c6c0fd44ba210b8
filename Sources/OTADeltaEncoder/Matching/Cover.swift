/// A part of the new image: bytes that resemble old ones, then bytes that are new.
struct Cover: Equatable {
  /// Where the resembling bytes are in the old image.
  var oldPosition: Int
  /// Where they are in the new image; the parts follow each other without a gap.
  var newPosition: Int
  /// How many there are.
  var similarCount: Int
  /// How many new bytes follow them.
  var extraCount: Int
}

/// Cuts the new image into covers: Colin Percival's scan, which follows a match through small differences.
///
/// - Note: Source: C. Percival, "Naive Differences of Executable Code", 2003; bsdiff 4.3, bsdiff.c, for the
///   thresholds.
struct CoverScanner: ~Copyable {
  private let old: [UInt8]
  private let new: [UInt8]
  private let suffixes: SuffixArray

  /// By how many bytes more than staying on the old match a new one must explain to be taken, in bsdiff 4.3.
  static var usualGain: Int { 8 }
  /// Above this length the match one byte later is taken over instead of searched for again, or images that
  /// repeat themselves would take quadratic time.
  private static var carryLength: Int { 256 }
  /// How many steps pass between two looks at the caller's wish to stop.
  private static var cancellationInterval: Int { 4096 }

  /// Sorts the old image.
  ///
  /// - Throws: as ``SuffixArray/init(_:)`` does.
  init(old: [UInt8], new: [UInt8]) throws(DeltaEncoderError) {
    self.old = old
    self.new = new
    self.suffixes = try SuffixArray(old)
  }

  /// Cuts the whole new image.
  ///
  /// - Parameters:
  ///   - switchingGain: a new match must explain more than this many bytes more than staying on the old one does; at
  ///     least 0.
  ///   - isCancelled: asked now and then; `true` stops.
  /// - Returns: covers in the order of the new image, together all of it; the last may be followed by no other, the
  ///   first may be empty.
  /// - Throws: ``DeltaEncoderError/cancelled``.
  func scan(
    switchingGain: Int = CoverScanner.usualGain, isCancelled: () -> Bool
  ) throws(DeltaEncoderError) -> [Cover] {
    let old = self.old.span
    let new = self.new.span
    var covers: [Cover] = []
    // Where the match that is being followed was found.
    var lastNew = 0
    var lastOld = 0
    var scan = 0
    var match = SuffixArray.Match(position: 0, length: 0)
    var steps = 0
    while scan < new.count {
      scan += match.length
      var counted = scan
      // How many of the bytes that the current match covers agree on the diagonal that is being followed.
      var agreeing = 0
      match.length = 0
      var isCarried = false
      while scan < new.count {
        steps += 1
        if steps % CoverScanner.cancellationInterval == 0, isCancelled() { throw .cancelled }
        if isCarried, match.length > CoverScanner.carryLength {
          match.position += 1
          match.length -= 1
        } else {
          match = suffixes.longestMatch(of: new, from: scan, in: old)
          isCarried = true
        }
        while counted < scan + match.length {
          if agrees(old, counted - lastNew + lastOld, new, counted) { agreeing += 1 }
          counted += 1
        }
        if match.length == agreeing && match.length != 0 { break }
        if match.length > agreeing + switchingGain { break }
        if agrees(old, scan - lastNew + lastOld, new, scan) { agreeing -= 1 }
        scan += 1
      }
      guard match.length != agreeing || scan >= new.count else { continue }
      let isLast = scan >= new.count
      var forward = CoverExtent.forward(old, lastOld, new, lastNew, limit: min(scan, new.count) - lastNew)
      var backward =
        isLast
        ? 0 : CoverExtent.backward(old, match.position, new, scan, limit: scan - lastNew)
      let overlap = lastNew + forward - (scan - backward)
      if overlap > 0 {
        let kept = CoverExtent.split(
          old, lastOld + forward - overlap, match.position - backward, new, lastNew + forward - overlap,
          count: overlap)
        forward -= overlap - kept
        backward -= kept
      }
      let end = isLast ? new.count : scan - backward
      covers.append(
        Cover(
          oldPosition: lastOld, newPosition: lastNew, similarCount: forward,
          extraCount: end - lastNew - forward))
      lastNew = end
      lastOld = match.position - backward
    }
    return covers
  }

  /// Whether a byte of each image is there and the same.
  private func agrees(_ old: Span<UInt8>, _ position: Int, _ new: Span<UInt8>, _ index: Int) -> Bool {
    position >= 0 && position < old.count && old[position] == new[index]
  }
}
