import OTADelta

/// A control triple of bsdiff's formats: a cover, and the way to the next one.
struct ControlTriple: Equatable {
  /// The part of the new image that it makes.
  var cover: Cover
  /// How far the old image is skipped after it.
  var seek: Int

  /// The triples for covers; one without a byte is only a seek, and is added to the seek of the one before it, so that
  /// only the first can be empty.
  static func triples(for covers: [Cover]) -> [ControlTriple] {
    let effective = covers.enumerated().filter { index, cover in
      index == 0 || cover.similarCount + cover.extraCount > 0
    }.map(\.element)
    return effective.indices.map { index in
      let cover = effective[index]
      let reached = cover.oldPosition + cover.similarCount
      let next = index + 1 < effective.count ? effective[index + 1].oldPosition : reached
      return ControlTriple(cover: cover, seek: next - reached)
    }
  }

  /// The 24 bytes of the triple.
  var control: [UInt8] {
    var bytes: [UInt8] = []
    append(Int64(cover.similarCount), to: &bytes)
    append(Int64(cover.extraCount), to: &bytes)
    append(Int64(seek), to: &bytes)
    return bytes
  }

  /// What must be added to the old bytes.
  func differences(old: [UInt8], new: [UInt8]) -> [UInt8] {
    let old = old.span.extracting(cover.oldPosition..<cover.oldPosition + cover.similarCount)
    let new = new.span.extracting(cover.newPosition..<cover.newPosition + cover.similarCount)
    var bytes = [UInt8](repeating: 0, count: cover.similarCount)
    var difference = bytes.mutableSpan
    // The format's difference is modulo 256: wrapping is what is meant.
    for index in 0..<cover.similarCount { difference[index] = new[index] &- old[index] }
    return bytes
  }

  /// Where the new bytes are in the new image.
  var extraRange: Range<Int> {
    let start = cover.newPosition + cover.similarCount
    return start..<start + cover.extraCount
  }
}

/// Appends a number as bsdiff's formats write it.
func append(_ value: Int64, to bytes: inout [UInt8]) {
  let word = BSDiffInteger(value).word
  for index in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * index))) }
}

/// Cuts the new image into covers, and drops the suffix array before anything else is allocated.
///
/// - Parameters:
///   - old: the image to start from.
///   - new: the image to make.
///   - gains: for each, the image is cut once: ``CoverScanner/scan(switchingGain:isCancelled:)``.
///   - isCancelled: asked before each and within.
/// - Returns: covers for each gain, in order.
/// - Throws: as ``CoverScanner/init(old:new:)`` and ``CoverScanner/scan(switchingGain:isCancelled:)`` do.
func coversOf(
  old: [UInt8], new: [UInt8], gains: [Int] = [CoverScanner.usualGain], isCancelled: () -> Bool
) throws(DeltaEncoderError) -> [[Cover]] {
  guard !new.isEmpty else { return gains.map { _ in [] } }
  let scanner = try CoverScanner(old: old, new: new)
  var candidates: [[Cover]] = []
  for gain in gains {
    guard !isCancelled() else { throw .cancelled }
    candidates.append(try scanner.scan(switchingGain: gain, isCancelled: isCancelled))
  }
  return candidates
}
