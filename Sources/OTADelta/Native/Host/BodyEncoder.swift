#if !hasFeature(Embedded)
/// Codes the body of a native patch: the mirror of ``BodyDecoder``, over the same model.
package struct BodyEncoder: ~Copyable {
  private let header: NativeHeader
  private let plan: NativePlan
  private var memory: DecoderMemory
  private var body: BodyCoder
  private var coder = RangeEncoder()

  /// How many bytes are coded between two looks at the caller's wish to stop.
  private static var cancellationInterval: Int { 1 << 16 }

  /// - Parameters:
  ///   - header: with the sizes, the architecture and the counts of the plan; its digests and body size do not matter.
  ///   - plan: what to code; its covers in the order of the new image, inside of both images.
  ///   - old: the old image.
  package init(header: NativeHeader, plan: NativePlan, old: [UInt8]) {
    let layout = NativeLayout(header)
    // The whole old image is at hand here, even if the decoder will have a window only.
    let isResident = layout.historyCount > 0
    var memory = DecoderMemory(allocating: Int(layout.byteCount) + old.count + 16)
    let history = memory.take(layout.historyCount, of: UInt8.self)
    let image = isResident ? history : memory.take(old.count, of: UInt8.self)
    let source = old.span
    for index in 0..<source.count { image[index] = source[index] }
    body = BodyCoder(header: header, layout: layout, history: history, window: image, memory: &memory)
    body.predictor.window.load(start: 0, count: UInt32(old.count))
    body.matches.begin(at: isResident ? old.count : 0)
    self.memory = memory
    self.header = header
    self.plan = plan
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
    let new = new.span
    var place = 0
    var lastOldEnd = 0
    var nextCheck = BodyEncoder.cancellationInterval
    for cover in plan.covers {
      codeExtra(new, from: place, to: Int(cover.new), lastOldEnd: lastOldEnd, nextOld: Int(cover.old))
      codeCovered(new, cover)
      place = Int(cover.new + cover.length)
      lastOldEnd = Int(cover.old + cover.length)
      if place >= nextCheck {
        nextCheck = place + BodyEncoder.cancellationInterval
        if isCancelled() { return nil }
      }
    }
    codeExtra(new, from: place, to: new.count, lastOldEnd: lastOldEnd, nextOld: nil)
    return coder.finish()
  }

  private mutating func codeTables() throws(DeltaError) {
    let sizes = BodyCoder.Sizes(old: header.oldSize, new: header.newSize)
    var spaces = SpacePair()
    spaces.old = plan.old.addressSpace
    spaces.new = plan.new.addressSpace
    spaces.oldOrigin = plan.old.origin
    spaces.newOrigin = plan.new.origin
    body.codeBases(spaces, coder: &coder)
    let counts = try body.codeCounts(spaces, coder: &coder)
    for index in 0..<counts.old {
      try body.codeOldSegment(spaces.old.segment(index), sizes: sizes, coder: &coder)
    }
    for index in 0..<counts.new {
      try body.codeNewSegment(spaces.new.segment(index), sizes: sizes, coder: &coder)
    }
    for region in plan.regions {
      try body.codeRegion(start: region.start, kind: region.kind, sizes: sizes, coder: &coder)
    }
    for cover in plan.covers {
      try body.codeCover(old: cover.old, new: cover.new, length: cover.length, sizes: sizes, coder: &coder)
    }
    body.predictor.map.finish()
  }

  private mutating func codeExtra(
    _ new: Span<UInt8>, from start: Int, to end: Int, lastOldEnd: Int, nextOld: Int?
  ) {
    for place in start..<end {
      let guesses = body.guesses(
        before: UInt64(lastOldEnd + place - start), after: nextOld.map { Int64($0 - (end - place)) } ?? -1)
      _ = body.code(new[place], guesses: guesses, new: UInt32(place), coder: &coder)
    }
  }

  private mutating func codeCovered(_ new: Span<UInt8>, _ cover: NativePlan.Cover) {
    body.predictor.begin(old: cover.old, new: cover.new)
    var place = Int(cover.new)
    let end = place + Int(cover.length)
    var expectations = InlineArray<32, Predictor.Expectation>(repeating: Predictor.Expectation())
    while place < end {
      let start = place
      let firstOld = body.predictor.old
      var isExpected = true
      while place < end, place - start < BodyCoder.groupSize {
        let expectation = body.predictor.expect()
        if place > start, expectation.isCorrected { break }
        expectations[place - start] = expectation
        if expectation.byte != new[place] { isExpected = false }
        body.predictor.accept(new[place])
        place += 1
      }
      _ = body.codeGroup(isExpected: isExpected, first: expectations[0], coder: &coder)
      for index in start..<place {
        if isExpected {
          body.pass(new[index])
        } else {
          _ = body.code(
            new[index], expectation: expectations[index - start], old: firstOld + UInt32(index - start),
            coder: &coder)
        }
      }
    }
  }
}
#endif
