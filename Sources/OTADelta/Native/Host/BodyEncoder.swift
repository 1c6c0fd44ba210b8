#if !hasFeature(Embedded)
/// Codes the body of a native patch: the mirror of ``BodyDecoder``, over the same model.
package struct BodyEncoder: ~Copyable {
  private let header: NativeHeader
  private let plan: NativePlan
  private let segment: BodySegment
  private var memory: DecoderMemory
  private var body: BodyCoder
  private var coder = RangeEncoder()
  private var nextCheck = BodyEncoder.cancellationInterval

  /// How many bytes are coded between two looks at the caller's wish to stop.
  package static var cancellationInterval: Int { 1 << 16 }

  /// - Parameters:
  ///   - header: with the sizes, the architecture and the counts of the plan; its digests and body size do not matter.
  ///   - plan: what to code; its covers in the order of the new image, inside of both images.
  ///   - old: the old image.
  ///   - segment: what of the new image is coded; nil for all of it.
  package init(header: NativeHeader, plan: NativePlan, old: [UInt8], segment: BodySegment? = nil) {
    let segment = segment ?? BodySegment(range: 0..<header.newSize, floor: 0)
    let layout = NativeLayout(header)
    // The whole old image is at hand here, even if the decoder will have a window only.
    let isResident = layout.historyCount > 0
    var memory = DecoderMemory(allocating: Int(layout.byteCount) + old.count + 16)
    let history = memory.take(layout.historyCount, of: UInt8.self)
    let image = isResident ? history : memory.take(old.count, of: UInt8.self)
    let source = old.span
    let floor = min(Int(segment.floor), old.count)
    for index in floor..<source.count { image[index - floor] = source[index] }
    body = BodyCoder(header: header, layout: layout, history: history, window: image, memory: &memory)
    body.predictor.window.load(start: UInt32(floor), count: UInt32(old.count - floor))
    body.matches.begin(at: isResident ? old.count : 0)
    self.memory = memory
    self.header = header
    self.plan = plan
    self.segment = segment
  }

  /// Codes everything.
  ///
  /// - Parameters:
  ///   - new: the new image.
  ///   - isCancelled: asked now and then; `true` stops.
  /// - Returns: the body; nil if it was stopped.
  /// - Throws: what a decoder would, if the plan is wrong.
  package consuming func encode(
    _ new: [UInt8], isCancelled: () -> Bool
  ) throws(DeltaError) -> [UInt8]? {
    try codeTables()
    guard codeImage(new.span, isCancelled) else { return nil }
    return coder.finish()
  }

  /// Codes a segment by itself: the tables, which are the same for all segments, and a stream of its own.
  ///
  /// - Parameters:
  ///   - new: the new image.
  ///   - isCancelled: asked now and then; `true` stops.
  /// - Returns: both streams; nil if it was stopped.
  /// - Throws: what a decoder would, if the plan is wrong.
  package consuming func encodeSegment(
    of new: [UInt8], isCancelled: () -> Bool
  ) throws(DeltaError) -> (tables: [UInt8], image: [UInt8])? {
    try codeTables()
    var tables = RangeEncoder()
    swap(&tables, &coder)
    guard codeImage(new.span, isCancelled) else { return nil }
    return (tables.finish(), coder.finish())
  }

  /// Codes the bytes of the segment.
  ///
  /// - Returns: whether it was not stopped.
  private mutating func codeImage(_ new: Span<UInt8>, _ isCancelled: () -> Bool) -> Bool {
    var place = Int(segment.range.lowerBound)
    let end = Int(segment.range.upperBound)
    // Where the old image goes on behind the last cover, and where the new one left it.
    var last = (old: 0, new: 0)
    for cover in plan.covers {
      let part = CoverPart(old: cover.old, new: cover.new, length: cover.length, floor: segment.floor)
      if Int(part.end) <= place {
        last = (Int(cover.old + cover.length), Int(part.end))
        continue
      }
      let start = max(place, Int(part.start))
      guard start < end else { break }
      guard part.start < part.end else { continue }
      let covered = NativePlan.Cover(
        old: cover.old + UInt32(start) - cover.new, new: UInt32(start),
        length: min(part.end, UInt32(end)) - UInt32(start))
      guard
        codeExtra(
          new, from: place, to: start, last: last,
          nextShift: Int(cover.old) - Int(cover.new), isCancelled: isCancelled),
        codeCovered(new, covered, isCancelled: isCancelled)
      else { return false }
      place = Int(covered.new + covered.length)
      last = (Int(cover.old + cover.length), place)
    }
    return codeExtra(new, from: place, to: end, last: last, nextShift: nil, isCancelled: isCancelled)
  }

  /// Whether the caller wishes to stop, asked when enough bytes were coded since the last time.
  private mutating func isStopped(at place: Int, _ isCancelled: () -> Bool) -> Bool {
    guard place >= nextCheck else { return false }
    nextCheck = place + BodyEncoder.cancellationInterval
    return isCancelled()
  }

  private mutating func codeTables() throws(DeltaError) {
    let sizes = BodyCoder.Sizes(old: header.oldSize, new: header.newSize)
    let old = plan.old.addressSpace
    let new = plan.new.addressSpace
    body.codeBases(old: old.base, new: new.base, coder: &coder)
    let counts = try body.codeCounts(
      origins: (plan.old.origin, plan.new.origin), segments: (old.count, new.count), coder: &coder)
    for index in 0..<counts.old {
      try body.codeOldSegment(old.segment(index), sizes: sizes, coder: &coder)
    }
    for index in 0..<counts.new {
      try body.codeNewSegment(new.segment(index), sizes: sizes, coder: &coder)
    }
    for region in plan.regions {
      try body.codeRegion(start: region.start, kind: region.kind, sizes: sizes, coder: &coder)
    }
    for cover in plan.covers {
      try body.codeCover(old: cover.old, new: cover.new, length: cover.length, sizes: sizes, coder: &coder)
    }
    body.predictor.map.finish()
  }

  /// Codes bytes outside of covers.
  ///
  /// - Parameters:
  ///   - new: the new image.
  ///   - start: the first of them.
  ///   - end: behind the last one.
  ///   - last: where the last cover ended in both images.
  ///   - nextShift: how far the next cover's bytes are from there in the old image; nil if none follows.
  ///   - isCancelled: asked now and then.
  /// - Returns: whether it was not stopped.
  private mutating func codeExtra(
    _ new: Span<UInt8>, from start: Int, to end: Int, last: (old: Int, new: Int), nextShift: Int?,
    isCancelled: () -> Bool
  ) -> Bool {
    for place in start..<end {
      if isStopped(at: place, isCancelled) { return false }
      let guesses = body.guesses(
        before: UInt64(last.old + place - last.new), after: nextShift.map { Int64($0 + place) } ?? -1)
      _ = body.code(new[place], guesses: guesses, new: UInt32(place), coder: &coder)
    }
    return true
  }

  /// Codes the bytes of a cover.
  ///
  /// - Returns: whether it was not stopped.
  private mutating func codeCovered(
    _ new: Span<UInt8>, _ cover: NativePlan.Cover, isCancelled: () -> Bool
  ) -> Bool {
    body.predictor.begin(old: cover.old, new: cover.new)
    var place = Int(cover.new)
    let end = place + Int(cover.length)
    var runs = InlineArray<32, Predictor.Run>(repeating: Predictor.Run())
    while place < end {
      if isStopped(at: place, isCancelled) { return false }
      let start = place
      let firstOld = body.predictor.old
      let groupEnd = min(end, start + BodyCoder.groupSize)
      var isExpected = true
      var runCount = 0
      while place < groupEnd {
        if place > start, body.predictor.startsCorrection() { break }
        var run = body.predictor.expectRun()
        run.count = min(run.count, groupEnd - place)
        let bits = new.bits(at: place, count: run.count)
        if (bits ^ run.bits) << UInt64(64 - 8 * run.count) != 0 { isExpected = false }
        body.predictor.accept(bits, count: run.count)
        place += run.count
        runs[runCount] = run
        runCount += 1
      }
      _ = body.codeGroup(isExpected: isExpected, first: runs[0].first, coder: &coder)
      if isExpected {
        for index in 0..<runCount { body.pass(runs[index].bits, count: runs[index].count) }
      } else {
        codeMissed(new, from: start, old: firstOld, runs: runs.span.extracting(0..<runCount))
      }
    }
    return true
  }

  /// Codes the bytes of a group of which some are not as expected.
  private mutating func codeMissed(
    _ new: Span<UInt8>, from start: Int, old: UInt32, runs: Span<Predictor.Run>
  ) {
    var place = start
    for index in 0..<runs.count {
      var run = runs[index]
      while run.count > 0 {
        let expectation = run.next()
        _ = body.code(
          new[place], expectation: expectation, old: old + UInt32(place - start), coder: &coder)
        if new[place] != expectation.byte { run.first.hasMissed = true }
        place += 1
      }
    }
  }
}

extension Span<UInt8> {
  /// Up to eight bytes, the first lowest.
  @inline(__always)
  func bits(at place: Int, count: Int) -> UInt64 {
    precondition(place >= 0 && count <= 8 && place <= self.count - count, "outside of the bytes")
    if place <= self.count - 8 {
      let word = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: place, as: UInt64.self)
      return UInt64(littleEndian: word) & (UInt64.max >> UInt64(64 - 8 * count))
    }
    var result: UInt64 = 0
    for index in 0..<count { result |= UInt64(self[place + index]) << UInt64(8 * index) }
    return result
  }
}
#endif
