/// Cuts the new image into covers in a fraction of the time that ``CoverScanner`` takes, and not quite as well.
///
/// The way of Colin Percival's scan, which follows a match through small differences; but what lies ahead is looked up
/// only where the match that is being followed fails, and only by windows of eight bytes.
struct QuickScanner: ~Copyable {
  private let old: [UInt8]
  private let new: [UInt8]
  private let index: WindowIndex

  /// By how many bytes more than staying on the old match a new one must explain to be taken.
  private static var switchingGain: Int { 8 }
  /// So many bytes that agree with the match that is being followed are not worth a look at others.
  private static var followedLength: Int { 8 }
  /// How many steps pass between two looks at the caller's wish to stop.
  private static var cancellationInterval: Int { 1 << 16 }

  /// Indexes the old image.
  init(old: [UInt8], new: [UInt8]) {
    self.old = old
    self.new = new
    index = WindowIndex(old)
  }

  /// Cuts the whole new image.
  ///
  /// - Parameter isCancelled: asked now and then; `true` stops.
  /// - Returns: covers in the order of the new image, together all of it; the first may be empty.
  /// - Throws: ``DeltaEncoderError/cancelled``.
  func scan(isCancelled: () -> Bool) throws(DeltaEncoderError) -> [Cover] {
    let old = self.old.span
    let new = self.new.span
    var covers: [Cover] = []
    // Where the match that is being followed begins.
    var lastNew = 0
    var lastOld = 0
    var scan = 0
    var steps = 0
    while scan < new.count {
      steps += 1
      if steps % QuickScanner.cancellationInterval == 0, isCancelled() { throw .cancelled }
      let followed = lastOld + (scan - lastNew)
      let agreeing = agreeing(old, followed, new, scan)
      if agreeing >= QuickScanner.followedLength || scan + agreeing == new.count {
        scan += agreeing
        continue
      }
      let match = index.longestMatch(of: new, from: scan)
      guard match.length > QuickScanner.switchingGain, match.position != followed,
        match.length
          > QuickScanner.switchingGain + agreements(old, followed, new, scan, count: match.length)
      else {
        scan += 1
        continue
      }
      append(match, at: scan, (lastOld, lastNew), to: &covers)
      guard let last = covers.last else { break }
      let begin = last.newPosition + last.similarCount + last.extraCount
      lastOld = match.position - (scan - begin)
      lastNew = begin
      scan += match.length
    }
    let forward = CoverExtent.forward(old, lastOld, new, lastNew, limit: new.count - lastNew)
    covers.append(
      Cover(
        oldPosition: lastOld, newPosition: lastNew, similarCount: forward,
        extraCount: new.count - lastNew - forward))
    return covers
  }

  /// Ends the match that was followed where another one takes over.
  private func append(
    _ match: WindowIndex.Match, at scan: Int, _ last: (old: Int, new: Int), to covers: inout [Cover]
  ) {
    let old = self.old.span
    let new = self.new.span
    var forward = CoverExtent.forward(old, last.old, new, last.new, limit: scan - last.new)
    var backward = CoverExtent.backward(old, match.position, new, scan, limit: scan - last.new)
    let overlap = last.new + forward - (scan - backward)
    if overlap > 0 {
      let kept = CoverExtent.split(
        old, last.old + forward - overlap, match.position - backward, new, last.new + forward - overlap,
        count: overlap)
      forward -= overlap - kept
      backward -= kept
    }
    covers.append(
      Cover(
        oldPosition: last.old, newPosition: last.new, similarCount: forward,
        extraCount: scan - backward - last.new - forward))
  }

  /// How many bytes agree from two places on, without a gap.
  private func agreeing(_ old: Span<UInt8>, _ position: Int, _ new: Span<UInt8>, _ start: Int) -> Int {
    guard position < old.count else { return 0 }
    return unsafe old.withUnsafeBytes { old in
      unsafe new.withUnsafeBytes { new in unsafe agreeingCount(old, position, new, start) }
    }
  }

  /// How many of some bytes agree.
  private func agreements(
    _ old: Span<UInt8>, _ position: Int, _ new: Span<UInt8>, _ start: Int, count: Int
  ) -> Int {
    let limit = max(0, min(count, old.count - position))
    var result = 0
    for index in 0..<limit where old[position + index] == new[start + index] { result += 1 }
    return result
  }
}
