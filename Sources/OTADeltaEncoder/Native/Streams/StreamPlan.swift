import OTADelta
import OTADeltaStreams

/// The four streams of a patch with the coder `streams`, not compressed yet.
///
/// - Note: Source: Docs/DeltaFormat.md, "Streams".
struct StreamPlan {
  private(set) var coverCount: UInt32 = 0
  private(set) var covers: [UInt8] = []
  private(set) var runs: [UInt8] = []
  private(set) var differences: [UInt8] = []
  private(set) var extra: [UInt8] = []

  /// Takes the images apart.
  ///
  /// - Parameters:
  ///   - parts: in the order of the new image, together all of it.
  ///   - old: the old image.
  ///   - new: the new image.
  init(_ parts: [Cover], old: [UInt8], new: [UInt8]) {
    var gap = 0
    var oldEnd = 0
    // Bytes since the last difference.
    var equal = 0
    for part in parts {
      if part.similarCount > 0 {
        coverCount += 1
        StreamNumber.append(UInt32(gap), to: &covers)
        // Images have less than 2^31 bytes.
        let shift = Int32(part.oldPosition - oldEnd)
        StreamNumber.append(UInt32(bitPattern: shift << 1 ^ shift >> 31), to: &covers)
        StreamNumber.append(UInt32(part.similarCount), to: &covers)
        oldEnd = part.oldPosition + part.similarCount
        gap = 0
        appendRuns(part, old.span, new.span, equal: &equal)
      }
      let start = part.newPosition + part.similarCount
      extra += new[start..<start + part.extraCount]
      gap += part.extraCount
    }
  }

  private mutating func appendRuns(
    _ part: Cover, _ old: Span<UInt8>, _ new: Span<UInt8>, equal: inout Int
  ) {
    var position = 0
    while position < part.similarCount {
      let end = unsafe old.withUnsafeBytes { old in
        unsafe new.withUnsafeBytes { new in
          unsafe agreeingCount(old, part.oldPosition + position, new, part.newPosition + position)
        }
      }
      let count = min(end, part.similarCount - position)
      equal += count
      position += count
      let first = position
      while position < part.similarCount, old[part.oldPosition + position] != new[part.newPosition + position]
      {
        differences.append(new[part.newPosition + position] &- old[part.oldPosition + position])
        position += 1
      }
      guard position > first else { continue }
      StreamNumber.append(UInt32(equal), to: &runs)
      StreamNumber.append(UInt32(position - first), to: &runs)
      equal = 0
    }
  }
}
