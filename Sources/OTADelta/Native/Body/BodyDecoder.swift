/// Decodes the body of a native patch, without any input or output of its own: it says what it needs next.
///
/// A step is taken only when all bytes that it may read are there, so that the division of the patch into calls
/// cannot matter.
struct BodyDecoder: ~Copyable {
  /// What must happen before the next step.
  enum Demand {
    /// More bytes of the patch must be queued.
    case input
    /// This part of the old image must be read into ``windowBytes``.
    case source(offset: UInt32, count: UInt32)
    /// This many bytes of ``outputBytes`` must be written.
    case output(Int)
    /// The segment that comes next must be said, and its bytes queued: the tables are read.
    case segment
    /// Nothing: the image, or the segment, is complete.
    case end
  }

  private enum Phase: UInt8 {
    case start, bases, counts, oldSegments, newSegments, regions, covers, segment, restart, image, end
  }

  /// The most bytes that one step reads: three numbers, each of at most 36 decisions of two bytes and 27 bits.
  private static var stepInput: Int { 240 }
  /// How far a step looks ahead of its place in the old image.
  private static var reach: UInt32 { UInt32(BodyCoder.groupSize) + OldWindow.margin + 16 }

  private let header: NativeHeader
  private var coder = RangeDecoder()
  private var body: BodyCoder
  private let hasHistory: Bool
  private var isResident: Bool { DecoderProfile.current.hasMatches && hasHistory }
  let windowBytes: Cells<UInt8>
  let outputBytes: Cells<UInt8>

  private var phase = Phase.start
  private var segmentCounts = (old: 0, new: 0)
  /// Where the next byte goes in the new image.
  private var place: UInt32 = 0
  private var outputCount = 0
  /// Where the bytes that are decoded end in the new image.
  private var end: UInt32
  /// How much of the front of the old image is gone.
  private var floor: UInt32 = 0
  /// The cover of this place, or the next one.
  private var cover = 0
  private var isInCover = false
  /// Which part of it is used, in the new image; none behind the last cover.
  private var coverStart: UInt32 = .max
  private var coverEnd: UInt32 = .max
  /// Where the old image goes on behind the last cover, and where the new one left it.
  private var lastOldEnd: UInt32 = 0
  private var lastNewEnd: UInt32 = 0
  private var groupCount = 0
  private var isExpected = true

  /// - Parameters:
  ///   - header: of the patch.
  ///   - layout: of the header.
  ///   - memory: at least as much as the layout says.
  init(header: NativeHeader, layout: NativeLayout, memory: inout DecoderMemory) {
    self.header = header
    end = header.newSize
    let isResident = DecoderProfile.current.hasMatches && header.matchBits != 0
    hasHistory = isResident
    let history = memory.takeUnlessNone(layout.historyCount, of: UInt8.self)
    let window = memory.take(layout.windowCount, of: UInt8.self)
    windowBytes = isResident ? history : window
    outputBytes = memory.take(layout.outputCount, of: UInt8.self)
    body = BodyCoder(header: header, layout: layout, history: history, window: windowBytes, memory: &memory)
  }

  /// Queues bytes of the patch.
  ///
  /// - Returns: how many there was room for.
  mutating func fill(_ bytes: Span<UInt8>) -> Int { coder.fill(bytes) }

  /// Says that the window was loaded as demanded.
  mutating func loaded(offset: UInt32, count: UInt32) {
    body.predictor.window.load(start: offset, count: count)
    if isResident { body.matches.begin(at: Int(header.oldSize)) }
  }

  /// Says that the output was written.
  mutating func written() { outputCount = 0 }

  /// Begins a segment behind the tables: the next bytes that are queued are another stream.
  ///
  /// - Parameter segment: within the new image.
  mutating func restart(at segment: BodySegment) {
    coder = RangeDecoder()
    enter(segment)
    phase = .restart
  }

  private mutating func enter(_ segment: BodySegment) {
    place = segment.range.lowerBound
    end = segment.range.upperBound
    floor = segment.floor
    findCover()
  }

  /// Works until something is needed.
  ///
  /// - Parameter isAtEnd: whether the whole patch is queued.
  /// - Returns: what is needed.
  /// - Throws: any ``DeltaError`` of the format.
  #if hasFeature(Embedded)
  @inline(never)
  #endif
  mutating func run(isAtEnd: Bool) throws(DeltaError) -> Demand {
    while true {
      guard coder.overrunCount <= RangeDecoder.initialCount else { throw .corruptStream }
      if phase == .end {
        if outputCount > 0 { return .output(outputCount) }
        guard coder.queuedCount == 0 else { throw .trailingData }
        return .end
      }
      guard isAtEnd || coder.queuedCount >= BodyDecoder.stepInput else { return .input }
      switch phase {
      case .start:
        coder.start()
        phase = .bases
      case .bases:
        body.codeBases(old: 0, new: 0, coder: &coder)
        phase = .counts
      case .counts:
        segmentCounts = try body.codeCounts(origins: (0, 0), segments: (0, 0), coder: &coder)
        phase = .oldSegments
      case .oldSegments:
        if body.predictor.oldSpace.count < segmentCounts.old {
          try body.codeOldSegment(BodyDecoder.anySegment, sizes: sizes, coder: &coder)
        } else {
          phase = .newSegments
        }
      case .newSegments:
        if body.predictor.newSpace.count < segmentCounts.new {
          try body.codeNewSegment(BodyDecoder.anySegment, sizes: sizes, coder: &coder)
        } else {
          phase = .regions
        }
      case .regions:
        if UInt(bitPattern: body.predictor.regions.count) < UInt(header.regionCount) {
          try body.codeRegion(start: 0, kind: .code, sizes: sizes, coder: &coder)
        } else {
          phase = .covers
        }
      case .covers:
        if UInt(bitPattern: body.predictor.map.count) < UInt(header.coverCount) {
          try body.codeCover(old: 0, new: 0, length: 0, sizes: sizes, coder: &coder)
        } else {
          body.predictor.map.finish()
          if header.coder == .inPlace {
            phase = .segment
          } else {
            enter(BodySegment(range: 0..<header.newSize, floor: 0))
            phase = place == end ? .end : .image
          }
        }
      case .segment:
        // Whoever asks for more here, with a queue that is full, asks for ever.
        guard isAtEnd, coder.queuedCount == 0 else { throw .trailingData }
        return .segment
      case .restart:
        coder.start()
        phase = place == end ? .end : .image
      case .image:
        if let demand = image() { return demand }
      case .end:
        break
      }
    }
  }

  private var sizes: BodyCoder.Sizes { BodyCoder.Sizes(old: header.oldSize, new: header.newSize) }

  private static var anySegment: Segment { Segment(offset: 0, length: 0, address: 0) }

  /// Decodes the next bytes, or says what is missing for them.
  @inline(__always)
  private mutating func image() -> Demand? {
    if outputCount == outputBytes.count { return .output(outputCount) }
    if isInCover, place == coverEnd { endCover() }
    if !isInCover, place == coverStart { beginCover() }
    return isInCover ? covered() : extraByte()
  }

  private mutating func beginCover() {
    let map = body.predictor.map
    // Covers were checked to be inside of both images.
    body.predictor.begin(old: map.old(cover) &+ (place &- map.new(cover)), new: place)
    isInCover = true
    groupCount = 0
  }

  private mutating func endCover() {
    isInCover = false
    findCover()
  }

  /// Goes to the next cover that has bytes for what is to come; passes those that end here or before.
  #if hasFeature(Embedded)
  @inline(never)
  #endif
  private mutating func findCover() {
    let map = body.predictor.map
    while cover < map.count {
      let part = CoverPart(old: map.old(cover), new: map.new(cover), length: map.length(cover), floor: floor)
      if part.end <= place {
        lastOldEnd = map.old(cover) &+ map.length(cover)
        lastNewEnd = part.end
      } else if part.start < part.end {
        coverStart = max(part.start, place)
        coverEnd = min(part.end, end)
        return
      }
      cover &+= 1
    }
    coverStart = .max
  }

  /// Decodes the next byte of a cover, or what is left of a group that is as expected.
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  private mutating func covered() -> Demand? {
    if groupCount == 0 || groupCount == BodyCoder.groupSize {
      if let demand = window(around: body.predictor.old) { return demand }
      groupCount = 0
    }
    if groupCount > 0, isExpected {
      passGroup()
      return nil
    }
    let expectation = body.predictor.expect()
    if groupCount > 0, expectation.isCorrected {
      groupCount = 0
      return nil
    }
    if groupCount == 0 {
      isExpected = body.codeGroup(isExpected: true, first: expectation, coder: &coder)
      if isExpected {
        passGroup()
        return nil
      }
    }
    groupCount &+= 1
    let byte = body.code(0, expectation: expectation, old: body.predictor.old, coder: &coder)
    take(FieldBits(byte), count: 1)
    return nil
  }

  /// Takes bytes of a group that is as expected, until it ends or the output is full.
  private mutating func passGroup() {
    var isFirst = groupCount == 0
    while groupCount < BodyCoder.groupSize, place < coverEnd, outputCount < outputBytes.count {
      // Only the first field of a group may be a corrected one.
      if !isFirst, body.predictor.startsCorrection() {
        groupCount = 0
        return
      }
      isFirst = false
      passField()
    }
  }

  /// Takes the bytes of a field that are in the group, in the cover, and have room in the output: at least one.
  @inline(__always)
  private mutating func passField() {
    // With two values each: for more of them the standard library makes an array.
    let room = min(Int(coverEnd &- place), outputBytes.count &- outputCount)
    let count = min(body.predictor.leftCount, min(room, BodyCoder.groupSize &- groupCount))
    let bits = body.predictor.expectedBits
    body.pass(bits, count: count)
    groupCount &+= count
    take(bits, count: count)
  }

  /// Takes bytes of a field.
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  private mutating func take(_ bits: FieldBits, count: Int) {
    body.predictor.accept(bits, count: count)
    put(bits, count: count)
  }

  private mutating func extraByte() -> Demand? {
    let map = body.predictor.map
    let before = UInt64(lastOldEnd) + UInt64(place - lastNewEnd)
    if let demand = window(around: UInt32(truncatingIfNeeded: min(before, UInt64(header.oldSize)))) {
      return demand
    }
    let hasNext = DecoderProfile.current.hasMatches && cover < map.count
    let guesses = body.guesses(
      before: before, after: hasNext ? Int64(map.old(cover)) - (Int64(map.new(cover)) - Int64(place)) : -1)
    put(FieldBits(body.code(0, guesses: guesses, new: place, coder: &coder)), count: 1)
    return nil
  }

  @inline(__always)
  private mutating func put(_ bits: FieldBits, count: Int) {
    outputBytes.store(bits, count: count, at: outputCount)
    outputCount &+= count
    place &+= UInt32(truncatingIfNeeded: count)
    if place == end { phase = .end }
  }

  /// What must be loaded to work at a place of the old image; nil if it is there.
  @inline(__always)
  private mutating func window(around old: UInt32) -> Demand? {
    let window = body.predictor.window
    let first = max(floor, old &- min(old, OldWindow.margin))
    // No place is behind the end of the old image, and nothing behind it is loaded.
    let end = old &+ min(BodyDecoder.reach, header.oldSize &- old)
    if first >= window.start, end <= window.start &+ window.count { return nil }
    if end <= floor { return nil }
    let size = isResident ? header.oldSize : UInt32(truncatingIfNeeded: windowBytes.count)
    let start = isResident ? 0 : first
    return .source(offset: start, count: min(size, header.oldSize - start))
  }
}
