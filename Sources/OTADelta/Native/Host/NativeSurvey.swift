#if !hasFeature(Embedded)
/// Looks at images as the decoder will, to find out what a plan is worth.
package enum NativeSurvey {
  /// How many bytes of the old image share one count of misses.
  package static var blockSize: Int { 256 }

  /// An image with those addresses blanked that change when code moves, so that moved code still matches.
  ///
  /// - Parameters:
  ///   - image: the image.
  ///   - architecture: whose instructions are looked for.
  ///   - space: where the image is in memory.
  ///   - regions: what its parts hold; none for code.
  /// - Returns: as many bytes.
  package static func normalised(
    _ image: [UInt8], architecture: Architecture, space: NativePlan.Space, regions: [NativePlan.Region]
  ) -> [UInt8] {
    guard architecture != .none else { return image }
    let plan = NativePlan(architecture: architecture, old: space, regions: regions)
    var memory = DecoderMemory(allocating: byteCount(plan, imageSize: image.count))
    var predictor = predictor(plan, old: image, memory: &memory)
    var result = image
    predictor.blank(&result)
    return result
  }

  /// How badly a plan predicts the parts of the old image that are covered.
  ///
  /// - Returns: for each ``blockSize`` bytes of the old image 6 for each field that is not as expected, 4 if the other guess holds, and 2 for each
  ///   further byte of it.
  package static func misses(_ plan: NativePlan, old: [UInt8], new: [UInt8]) -> [Int] {
    var memory = DecoderMemory(allocating: byteCount(plan, imageSize: old.count))
    var predictor = predictor(plan, old: old, memory: &memory)
    var counts = [Int](repeating: 0, count: old.count / blockSize + 1)
    let new = new.span
    for cover in plan.covers {
      predictor.begin(old: cover.old, new: cover.new)
      var index = 0
      let length = Int(cover.length)
      while index < length {
        let run = predictor.expectRun()
        let count = min(run.count, length - index)
        let bits = new.bits(at: Int(cover.new) + index, count: count)
        var wrong = (bits ^ run.bits) & (UInt64.max >> UInt64(64 - 8 * count))
        if wrong & 0xff != 0, UInt8(truncatingIfNeeded: bits) == run.first.alternative {
          // The other guess holds, most likely for the whole field.
          counts[(Int(cover.old) + index) / blockSize] += 4
          wrong = 0
        }
        var hasMissed = run.first.hasMissed
        while wrong != 0 {
          let byte = wrong.trailingZeroBitCount / 8
          counts[(Int(cover.old) + index + byte) / blockSize] += hasMissed ? 2 : 6
          hasMissed = true
          wrong &= ~(0xff << UInt64(8 * byte))
        }
        predictor.accept(bits, count: count)
        index += count
      }
    }
    return counts
  }

  /// Where places of the old image are in the new one, by the covers of a plan.
  package static func places(of offsets: [UInt32], plan: NativePlan) -> [UInt32] {
    var memory = DecoderMemory(allocating: plan.covers.count * 16)
    var map = map(plan, memory: &memory)
    return offsets.map { map.map($0) }
  }

  private static func byteCount(_ plan: NativePlan, imageSize: Int) -> Int {
    imageSize + plan.covers.count * 16 + plan.regions.count * 8 + (1 << 17)
  }

  private static func predictor(_ plan: NativePlan, old: [UInt8], memory: inout DecoderMemory) -> Predictor {
    let map = map(plan, memory: &memory)
    var regions = RegionMap(words: memory.take(plan.regions.count, of: UInt32.self))
    for region in plan.regions { regions.append(start: region.start, kind: region.kind) }
    let bytes = memory.take(old.count, of: UInt8.self)
    let source = old.span
    for index in 0..<source.count { bytes[index] = source[index] }
    var window = OldWindow(bytes: bytes)
    window.load(start: 0, count: UInt32(old.count))
    var predictor = Predictor(
      architecture: plan.architecture, map: map, window: window,
      learned: memory.take(1 << 13, of: UInt32.self),
      pages: memory.take(1 << 11, of: UInt32.self), trust: memory.take(Predictor.trustCount, of: Int8.self),
      literals: memory.take(1 << 11, of: UInt32.self), regions: regions)
    predictor.oldSpace = plan.old.addressSpace
    predictor.newSpace = plan.new.addressSpace
    predictor.oldOrigin = plan.old.origin
    predictor.newOrigin = plan.new.origin
    return predictor
  }

  private static func map(_ plan: NativePlan, memory: inout DecoderMemory) -> CoverMap {
    var map = CoverMap(words: memory.take(4 * plan.covers.count, of: UInt32.self))
    for cover in plan.covers { map.append(old: cover.old, new: cover.new, length: cover.length) }
    map.finish()
    return map
  }
}
#endif
