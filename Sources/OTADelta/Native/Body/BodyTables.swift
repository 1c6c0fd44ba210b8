/// The tables in front of the image: address spaces, regions, covers. Each function is one step and both directions:
/// a decoder passes values that nobody looks at.
extension BodyCoder {
  /// The sizes that tables are checked against.
  struct Sizes {
    var old: UInt32
    var new: UInt32
  }

  /// Codes the bases of the address spaces.
  #if hasFeature(Embedded)
  @inline(never)
  #endif
  mutating func codeBases<Coder: BitCoder & ~Copyable>(
    old oldBase: FieldBits, new newBase: FieldBits, coder: inout Coder
  ) {
    let low = mixer.codeNumber(UInt32(truncatingIfNeeded: oldBase), kind: .segment, coder: &coder)
    let high = mixer.codeNumber(
      UInt32(truncatingIfNeeded: UInt64(oldBase) >> 32), kind: .segment, coder: &coder)
    let shift = codeSigned(
      UInt32(truncatingIfNeeded: newBase &- oldBase), kind: .segment, coder: &coder)
    let base = FieldBits(truncatingIfNeeded: UInt64(high) << 32 | UInt64(low))
    predictor.oldSpace.base = base
    predictor.newSpace.base = base &+ FieldBits(truncatingIfNeeded: Int32(bitPattern: shift))
  }

  /// Codes where words are counted from, and how many segments there are.
  ///
  /// - Returns: the number of segments of the old image, and of the new one.
  #if hasFeature(Embedded)
  @inline(never)
  #endif
  mutating func codeCounts<Coder: BitCoder & ~Copyable>(
    origins: (old: UInt32, new: UInt32), segments: (old: Int, new: Int), coder: inout Coder
  ) throws(DeltaError) -> (old: Int, new: Int) {
    predictor.oldOrigin = mixer.codeNumber(origins.old, kind: .segment, coder: &coder)
    let shift = codeSigned(origins.new &- origins.old, kind: .segment, coder: &coder)
    predictor.newOrigin = predictor.oldOrigin &+ shift
    let counts = mixer.codeNumber(
      UInt32(truncatingIfNeeded: segments.old << 4 | segments.new), kind: .segment, coder: &coder)
    guard counts >> 4 <= UInt32(AddressSpace.maximumSegmentCount),
      counts & 15 <= UInt32(AddressSpace.maximumSegmentCount)
    else { throw .corruptStream }
    return (Int(counts >> 4), Int(counts & 15))
  }

  /// Codes a segment of the old image, counted from the end of the one in front of it.
  #if hasFeature(Embedded)
  @inline(never)
  #endif
  mutating func codeOldSegment<Coder: BitCoder & ~Copyable>(
    _ segment: Segment, sizes: Sizes, coder: inout Coder
  ) throws(DeltaError) {
    let count = predictor.oldSpace.count
    let last = count > 0 ? predictor.oldSpace.segment(count - 1) : Segment(offset: 0, length: 0, address: 0)
    let coded = codeSegment(
      segment,
      expected: Segment(
        offset: last.offset &+ last.length, length: sizes.old &- segment.offset,
        address: last.address &+ last.length),
      lengthBase: sizes.old, coder: &coder)
    guard coded.offset <= sizes.old, coded.length <= sizes.old - coded.offset else { throw .sourceOutOfRange }
    predictor.oldSpace.append(coded)
  }

  /// Codes a segment of the new image, counted from the one of the old image that has the same number.
  #if hasFeature(Embedded)
  @inline(never)
  #endif
  mutating func codeNewSegment<Coder: BitCoder & ~Copyable>(
    _ segment: Segment, sizes: Sizes, coder: inout Coder
  ) throws(DeltaError) {
    let count = predictor.newSpace.count
    let twin =
      count < predictor.oldSpace.count
      ? predictor.oldSpace.segment(count) : Segment(offset: 0, length: 0, address: 0)
    let coded = codeSegment(
      segment, expected: twin, lengthBase: twin.length &+ sizes.new &- sizes.old &+ twin.offset, coder: &coder
    )
    guard coded.offset <= sizes.new, coded.length <= sizes.new - coded.offset else { throw .outputOverflow }
    predictor.newSpace.append(coded)
  }

  #if hasFeature(Embedded)
  @inline(never)
  #endif
  private mutating func codeSegment<Coder: BitCoder & ~Copyable>(
    _ segment: Segment, expected: Segment, lengthBase: UInt32, coder: inout Coder
  ) -> Segment {
    let offset =
      expected.offset &+ codeSigned(segment.offset &- expected.offset, kind: .segment, coder: &coder)
    // A segment most often reaches to the end, or is as long as its twin.
    let length = lengthBase &- offset
    let codedLength = length &+ codeSigned(segment.length &- length, kind: .segment, coder: &coder)
    let address =
      expected.address &+ codeSigned(segment.address &- expected.address, kind: .segment, coder: &coder)
    return Segment(offset: offset, length: codedLength, address: address)
  }

  /// Codes where a region begins, in 256 bytes behind the last one, and what it holds.
  #if hasFeature(Embedded)
  @inline(never)
  #endif
  mutating func codeRegion<Coder: BitCoder & ~Copyable>(
    start: UInt32, kind: RegionKind, sizes: Sizes, coder: inout Coder
  ) throws(DeltaError) {
    let last = predictor.regions.lastStart
    let distance = mixer.codeNumber((start &- last) >> 8, kind: .region, coder: &coder)
    let coded = mixer.codeNumber(UInt32(kind.rawValue), kind: .region, coder: &coder)
    guard let kind = RegionKind(rawValue: UInt8(truncatingIfNeeded: coded)), coded < 256,
      distance <= (sizes.old &- last) >> 8
    else { throw .corruptStream }
    guard DecoderProfile.current.takes(kind) else { throw .unsupportedFormat }
    predictor.regions.append(start: last &+ distance << 8, kind: kind)
  }

  /// Codes the next cover of the new image.
  #if hasFeature(Embedded)
  @inline(never)
  #endif
  mutating func codeCover<Coder: BitCoder & ~Copyable>(
    old: UInt32, new: UInt32, length: UInt32, sizes: Sizes, coder: inout Coder
  ) throws(DeltaError) {
    let map = predictor.map
    let last = map.count &- 1
    let lastOld = last >= 0 ? map.old(last) &+ map.length(last) : 0
    let lastNew = last >= 0 ? map.new(last) &+ map.length(last) : 0
    let gap = mixer.codeNumber(new &- lastNew, kind: .coverGap, coder: &coder)
    let shift = codeSigned(old &- lastOld &- (new &- lastNew), kind: .coverShift, coder: &coder)
    let codedLength = mixer.codeNumber(length, kind: .coverLength, coder: &coder)
    guard codedLength > 0 else { throw .noProgress }
    guard gap <= sizes.new &- lastNew, codedLength <= sizes.new &- lastNew &- gap else {
      throw .outputOverflow
    }
    let codedOld = lastOld &+ gap &+ shift
    guard codedOld <= sizes.old, codedLength <= sizes.old &- codedOld else { throw .sourceOutOfRange }
    predictor.map.append(old: codedOld, new: lastNew &+ gap, length: codedLength)
  }

  /// Codes a number of 32 bits that is small in either direction.
  #if hasFeature(Embedded)
  @inline(never)
  #endif
  private mutating func codeSigned<Coder: BitCoder & ~Copyable>(
    _ value: UInt32, kind: NumberKind, coder: inout Coder
  ) -> UInt32 {
    let folded = value << 1 ^ UInt32(bitPattern: Int32(bitPattern: value) >> 31)
    let coded = mixer.codeNumber(folded, kind: kind, coder: &coder)
    return coded >> 1 ^ (0 &- (coded & 1))
  }
}
