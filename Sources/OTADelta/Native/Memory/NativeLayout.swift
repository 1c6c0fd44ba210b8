/// How much memory a patch needs, and for what: a function of its header alone.
///
/// - Note: Source: Docs/DeltaFormat.md, "Memory".
struct NativeLayout {
  private let slotBits: UInt8
  private let matchBits: UInt8
  private let isThumb: Bool
  private let covers: UInt32
  private let regions: UInt32
  private let sizes: (old: UInt32, new: UInt32)

  /// Below this many slots the model has few contexts and computes what others look up.
  static var smallBits: UInt8 { 14 }

  init(_ header: NativeHeader) {
    slotBits = header.slotBits
    matchBits = header.matchBits
    isThumb = header.architecture == .thumb
    covers = header.coverCount
    regions = header.regionCount
    sizes = (header.oldSize, header.newSize)
  }

  private var isSmall: Bool { !DecoderProfile.current.hasLargeModels || slotBits < NativeLayout.smallBits }
  private var isResident: Bool { DecoderProfile.current.hasMatches && matchBits != 0 }
  private var learnedBits: Int { max(6, min(12, Int(slotBits) &- 3)) }

  var slotCount: Int { 1 &<< Int(slotBits) }
  var learnedCount: Int { 2 &<< learnedBits }
  var pageCount: Int { learnedCount / 4 }
  var literalCount: Int { isThumb && !isSmall ? learnedCount / 4 : 0 }
  var memoryWordCount: Int { isSmall ? 0 : LogisticMemory.wordCount }
  var trustCount: Int { Predictor.trustCount }
  var coverCount: Int { Int(truncatingIfNeeded: covers) }
  var regionCount: Int { Int(truncatingIfNeeded: regions) }
  var historyCount: Int { isResident ? Int(truncatingIfNeeded: UInt64(sizes.old) + UInt64(sizes.new)) : 0 }
  var matchCount: Int { isResident ? 1 &<< Int(matchBits) : 0 }
  var windowCount: Int { isResident ? 0 : isSmall ? 512 : 4096 }
  var outputCount: Int { isSmall ? 256 : 4096 }

  /// All of it, in bytes.
  var byteCount: UInt64 {
    let words = slotCount &+ learnedCount &+ pageCount &+ literalCount &+ WeightSet.count &+ matchCount
    let bytes = memoryWordCount &* 2 &+ (trustCount &+ 3) & ~3 &+ windowCount &+ outputCount
    let history = isResident ? (UInt64(sizes.old) + UInt64(sizes.new) + 3) & ~3 : 0
    let tables = UInt64(covers) &* 16 &+ UInt64(regions) &* 4 &+ (UInt64(regions) &+ 3) & ~3
    return UInt64(truncatingIfNeeded: words &* 4 &+ bytes) &+ history &+ tables
  }
}
