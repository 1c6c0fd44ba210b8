/// Codes the new image, given the old one and the covers, for both directions.
///
/// Bytes of covers go in groups: one decision says whether all of a group are as expected. Bytes of the other groups,
/// and those outside of covers, are coded one by one.
struct BodyCoder: ~Copyable {
  static var groupSize: Int { 32 }

  var mixer: ContextMixer
  var predictor: Predictor
  /// The last eight bytes, the newest lowest; without large models only the last one is right.
  private var tail: FieldBits = 0
  private var groupHistory: UInt32 = .max
  private var hits: UInt32 = 0xff
  private var lastDelta: UInt8 = 0
  private var sinceMiss: UInt32 = 0
  private var lastMissKind: UInt32 = 0

  private var recent: UInt32 { UInt32(truncatingIfNeeded: tail) }
  private var older: UInt32 { UInt32(truncatingIfNeeded: UInt64(tail) >> 32) }

  /// What occurred before; knows nothing in a small decoder.
  var matches: MatchFinder
  /// Whether there is memory for a few contexts only.
  private var isSmall: Bool { !DecoderProfile.current.hasLargeModels || hasFewSlots }
  /// Whether the old image is in memory as a whole.
  private var isResident: Bool { DecoderProfile.current.hasMatches && hasHistory }
  private let hasFewSlots: Bool
  private let hasHistory: Bool

  /// - Parameters:
  ///   - header: of the patch.
  ///   - layout: of the header.
  ///   - history: room for both images, or nothing.
  ///   - window: where parts of the old image are loaded.
  ///   - memory: what is left of it for the model.
  init(
    header: NativeHeader, layout: NativeLayout, history: Cells<UInt8>, window: Cells<UInt8>,
    memory: inout DecoderMemory
  ) {
    hasFewSlots = DecoderProfile.current.hasLargeModels && header.slotBits < NativeLayout.smallBits
    hasHistory = DecoderProfile.current.hasMatches && layout.historyCount > 0
    matches = MatchFinder(history: history, table: memory.takeUnlessNone(layout.matchCount, of: UInt32.self))
    mixer = ContextMixer(
      slots: memory.take(layout.slotCount, of: UInt32.self),
      weights: memory.take(WeightSet.count, of: Int32.self),
      memory: LogisticMemory(words: memory.takeUnlessNone(layout.memoryWordCount, of: Int16.self)))
    let map = CoverMap(words: memory.take(4 &* layout.coverCount, of: UInt32.self))
    let regions = RegionMap(words: memory.take(layout.regionCount, of: UInt32.self))
    predictor = Predictor(
      architecture: header.architecture, map: map, window: OldWindow(bytes: window),
      learned: memory.take(layout.learnedCount, of: UInt32.self),
      pages: memory.take(layout.pageCount, of: UInt32.self),
      trust: memory.take(layout.trustCount, of: Int8.self),
      literals: memory.takeUnlessNone(layout.literalCount, of: UInt32.self), regions: regions)
  }

  /// The bytes of the old image beside a place outside of covers: behind the last cover, and in front of the next.
  mutating func guesses(before: UInt64, after: Int64) -> Guesses {
    var guesses = Guesses()
    let window = predictor.window
    let first = UInt32(truncatingIfNeeded: before)
    guesses.add(UInt8(truncatingIfNeeded: window.byte(first)), confidence: window.contains(first) ? 1 : 3)
    guard isResident else { return guesses }
    let second = UInt32(truncatingIfNeeded: after)
    guesses.add(
      UInt8(truncatingIfNeeded: window.byte(second)),
      confidence: after >= 0 && window.contains(second) ? 2 : 3)
    if let match = matches.guess() {
      guesses.add(match.byte, confidence: 256 + UInt32(min(match.length, 31)))
    } else {
      guesses.add(0, confidence: 255)
    }
    return guesses
  }

  /// Codes whether a group is as expected.
  mutating func codeGroup<Coder: BitCoder & ~Copyable>(
    isExpected: Bool, first: Predictor.Expectation, coder: inout Coder
  ) -> Bool {
    let kind = UInt32(first.kind) << 1 | (first.isCorrected ? 1 : 0)
    mixer.begin()
    mixer.add(0x10_0000 | groupHistory & 15 | kind << 4)
    mixer.add(
      0x20_0000 | (first.isCorrected ? first.trust : UInt32(groupHistory.nonzeroBitCount) >> 1) << 8 | kind)
    mixer.add(0x30_0000 | first.page &* 64 &+ kind)
    mixer.add(0x40_0000 | UInt32(groupHistory.nonzeroBitCount) << 3 | groupHistory & 3)
    let result = mixer.codeFlag(
      isExpected ? 1 : 0, weightBase: WeightSet.group(isCorrected: first.isCorrected), coder: &coder)
    groupHistory = groupHistory << 1 | result
    return result == 1
  }

  /// Takes up to eight bytes of a group that is as expected, the first lowest; bits above them mean nothing.
  @inline(__always)
  mutating func pass(_ bits: FieldBits, count: Int) {
    matches.append(bits, count: count)
    let width = FieldBits(truncatingIfNeeded: count) &* 8
    if DecoderProfile.current.hasLargeModels {
      let last = bits.byteSwapped &>> (FieldBits(FieldBits.bitWidth) &- width)
      tail = count == 8 ? last : tail &<< width | last
    } else {
      tail = bits &>> (width &- 8)
    }
    hits = hits &<< UInt32(truncatingIfNeeded: count) | (1 &<< UInt32(truncatingIfNeeded: count) &- 1)
    sinceMiss &+= UInt32(truncatingIfNeeded: count)
  }

  /// Codes a byte for which there is an expectation.
  mutating func code<Coder: BitCoder & ~Copyable>(
    _ byte: UInt8, expectation: Predictor.Expectation, old: UInt32, coder: inout Coder
  ) -> UInt8 {
    let expected = UInt32(expectation.byte)
    let kind = UInt32(expectation.kind)
    let field = kind << 4 | UInt32(expectation.place) << 1 | (expectation.hasMissed ? 1 : 0)
    let window = predictor.window
    let next = window.byte(old &+ 1)
    let previous = window.byte(old &- 1)
    let hasAlternative: UInt32 = expectation.alternative != expectation.byte ? 1 : 0
    mixer.begin()
    mixer.add((field << 5 | (hits & 15) << 1 | hasAlternative) | 0x2000_0000)
    mixer.add((expected << 10 | field) | 0x3000_0000)
    let distance = UInt32(32 - sinceMiss.leadingZeroBitCount)
    mixer.add((distance << 12 | field << 2 | old & 3) | 0x6000_0000)
    if !isSmall {
      mixer.add((expected << 8 | recent & 0xff) << 1 | (hits & 1) | 0x4000_0000)
      mixer.add(((expected << 8 | next) << 8 | previous) | 0x5000_0000)
      mixer.add((lastMissKind << 14 | UInt32(lastDelta) << 4 | min(distance, 7)) | 0x7000_0000)
    }
    let isHit = mixer.codeFlag(
      byte == expectation.byte ? 1 : 0, weightBase: WeightSet.flag(kind: kind), coder: &coder)
    hits = hits << 1 | isHit
    if isHit == 1 {
      sinceMiss += 1
      shift(expectation.byte)
      return expectation.byte
    }
    var guesses = Guesses()
    if hasAlternative == 1 {
      guesses.add(expectation.alternative, confidence: 64 | kind)
    } else {
      guesses.add(expectation.byte &+ lastDelta, confidence: 128)
    }
    mixer.begin()
    mixer.add(expected | 0x800_0000)
    mixer.add(field << 8 | 0x900_0000)
    if !isSmall {
      mixer.add((recent & 0xff) << 8 | UInt32(lastDelta) | 0xa00_0000)
      mixer.add(recent & 0xffff | 0xb00_0000)
      mixer.add((expected << 8 | previous) << 8 | recent & 0xff | 0xc00_0000)
      mixer.add((expected << 8 | next) | 0xd00_0000)
    }
    let result = mixer.codeByte(byte, guesses: guesses, weightBase: WeightSet.missed, coder: &coder)
    lastDelta = result &- expectation.byte
    sinceMiss = 0
    lastMissKind = kind
    shift(result)
    return result
  }

  /// Codes a byte outside of covers.
  ///
  /// - Parameters:
  ///   - byte: the byte.
  ///   - guesses: bytes of the old image that may be the same.
  ///   - new: the offset in the new image.
  ///   - coder: reads or writes the decisions.
  /// - Returns: the byte.
  mutating func code<Coder: BitCoder & ~Copyable>(
    _ byte: UInt8, guesses: Guesses, new: UInt32, coder: inout Coder
  ) -> UInt8 {
    mixer.begin()
    let parity = new & 1
    mixer.add((isSmall ? 0 : parity) | 0x0e00_0000)
    mixer.add((recent & 0xff) << 1 | parity | 0x0f00_0000)
    if !isSmall {
      mixer.add((recent & 0xffff) << 1 | parity | 0x1000_0000)
      // The upper bytes of the last halfwords, in which little-endian machines keep their opcodes.
      let high1 = parity == 1 ? recent >> 8 & 0xff : recent & 0xff
      let high2 = parity == 1 ? recent >> 24 : recent >> 16 & 0xff
      mixer.add((high1 << 8 | high2) << 1 | parity | 0x1800_0000)
      mixer.add((recent >> 24) << 2 | new & 3 | 0x1400_0000)
      let match = matches.guess()
      mixer.add(UInt32(match?.byte ?? 0) | UInt32(min(match?.length ?? 0, 15)) << 8 | 0x1700_0000)
      mixer.add(recent & 0xff_ffff | 0x1100_0000)
      mixer.add(recent &* 0x3d4d_51cb &+ 0x1200_0000)
      mixer.add((recent &* 0x2f0b_4c47 ^ (older & 0xffff) &* 0x6f4f_2a35) &+ 0x1300_0000)
      mixer.add((recent >> 16 & 0xffff) << 2 | new & 3 | 0x1500_0000)
      mixer.add((recent >> 8 & 0xff) << 10 | (older >> 24) << 2 | new & 3 | 0x1600_0000)
      let high3 = parity == 1 ? older >> 8 & 0xff : older & 0xff
      let low = parity == 1 ? recent & 0xff : 0
      mixer.add(((high1 << 8 | high2) << 8 | low) &* 0x3d4d_51cb &+ parity &+ 0x1900_0000)
      mixer.add(((high1 << 8 | high2) << 8 | high3) &* 0x2f0b_4c47 &+ parity &+ 0x1a00_0000)
    }
    let result = mixer.codeByte(byte, guesses: guesses, weightBase: WeightSet.extra, coder: &coder)
    shift(result)
    return result
  }

  private mutating func shift(_ byte: UInt8) {
    matches.append(byte)
    tail = tail << 8 | FieldBits(byte)
  }
}
