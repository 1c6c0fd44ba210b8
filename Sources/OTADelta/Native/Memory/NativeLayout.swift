/// How much memory a patch needs, and for what: a function of its header alone.
///
/// - Note: Source: Docs/DeltaFormat.md, "Memory".
struct NativeLayout {
  let slotCount: Int
  let learnedCount: Int
  let pageCount: Int
  let literalCount: Int
  let memoryWordCount: Int
  let trustCount: Int
  let coverCount: Int
  let regionCount: Int
  let historyCount: Int
  let matchCount: Int
  let windowCount: Int
  let outputCount: Int
  /// All of it, in bytes.
  let byteCount: UInt64

  /// Below this many slots the model has few contexts and computes what others look up.
  static var smallBits: UInt8 { 14 }

  init(_ header: NativeHeader) {
    let isSmall = header.slotBits < NativeLayout.smallBits
    slotCount = 1 << Int(header.slotBits)
    let learnedBits = Int(max(6, min(12, header.slotBits - min(3, header.slotBits))))
    learnedCount = 2 << learnedBits
    pageCount = 2 << (learnedBits - 2)
    literalCount = header.architecture == .thumb && !isSmall ? 2 << (learnedBits - 2) : 0
    memoryWordCount = isSmall ? 0 : LogisticMemory.wordCount
    trustCount = Predictor.trustCount
    coverCount = Int(truncatingIfNeeded: header.coverCount)
    regionCount = Int(truncatingIfNeeded: header.regionCount)
    historyCount =
      header.matchBits == 0
      ? 0 : Int(truncatingIfNeeded: UInt64(header.oldSize) + UInt64(header.newSize))
    matchCount = header.matchBits == 0 ? 0 : 1 << Int(header.matchBits)
    windowCount = header.matchBits == 0 ? (isSmall ? 512 : 4096) : 0
    outputCount = isSmall ? 256 : 4096
    var bytes = UInt64(slotCount + learnedCount + pageCount + literalCount + WeightSet.count + matchCount) * 4
    bytes += UInt64(header.coverCount) * 16 + UInt64(header.regionCount) * 4
    bytes +=
      UInt64(memoryWordCount) * 2 + UInt64((trustCount + 3) & ~3) + (UInt64(header.regionCount) + 3) & ~3
    bytes +=
      (UInt64(header.matchBits == 0 ? 0 : header.oldSize) + UInt64(header.matchBits == 0 ? 0 : header.newSize)
        + 3) & ~3
    bytes += UInt64(windowCount + outputCount)
    byteCount = bytes
  }
}
