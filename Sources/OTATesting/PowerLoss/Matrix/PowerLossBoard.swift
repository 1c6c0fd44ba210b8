import OTACore
public import OTAFlashSimulator
public import OTAPartition

/// A part with slots that are as short as a way of activation allows, so that every cut of an update can be tried.
///
/// Where everything begins, and what blocks lie there, is as on the part.
public struct PowerLossBoard: Sendable {
  /// Where it is from.
  public let part: FlashPart
  /// All devices of the part as one.
  public let geometry: FlashGeometry
  /// The shortened layout.
  public let layout: DeviceLayout
  /// How many groups of blocks the longest image may take.
  public let groupCount: Int

  /// Shortens the layout of a part.
  ///
  /// - Parameters:
  ///   - part: with the rules that are to be tried.
  ///   - strategy: how the new image gets to where it runs; a scratch area is taken from what slot b leaves if the part
  ///     has none.
  ///   - groupCount: how many groups of blocks an image may take.
  /// - Throws: `LayoutError.unequalBlocks` if the strategy cannot move the blocks of the whole slots of the part; another
  ///   one if the part has no room.
  public init(_ part: FlashPart, strategy: ActivationStrategy.Kind, groupCount: Int) throws(LayoutError) {
    let geometry = try part.combinedGeometry()
    var slots: [SlotRanges] = []
    for image in part.layout.images {
      slots.append(SlotRanges(a: try part.range(of: image.a), b: try part.range(of: image.b)))
    }
    // What the whole slots do not support is not made possible by shorter ones.
    let journals = SlotRanges(
      a: try part.range(of: part.layout.journalA), b: try part.range(of: part.layout.journalB))
    if strategy == .swapByMove || strategy == .swapByOffset {
      _ = try PowerLossBoard.layout(
        slots, journals, strategy == .swapByMove ? .swapByMove : .swapByOffset, geometry)
    }
    let short = slots.map { pair in
      // The place that is larger has its free group behind the last one of both.
      let hasFreeGroup =
        strategy == .swapByMove && pair.a.count > pair.b.count
        || strategy == .swapByOffset && pair.b.count > pair.a.count
      let needsFreeGroup = strategy == .swapByMove || strategy == .swapByOffset
      return geometry.shortened(pair, to: groupCount + (needsFreeGroup && !hasFreeGroup ? 1 : 0))
    }
    var scratch: Range<UInt32>?
    if strategy == .swapWithScratch {
      let group = short.map { geometry.largestGroup(of: $0) }.max() ?? 0
      let own = try part.layout.scratch.map { area throws(LayoutError) in try part.range(of: area) }
      let room = own ?? short[0].b.upperBound..<slots[0].b.upperBound
      let end = geometry.border(atOrAfter: room.lowerBound + group)
      guard end <= room.upperBound else { throw .tooSmall }
      scratch = room.lowerBound..<end
    }
    let chosen = try ActivationStrategy(strategy, scratch: scratch)
    self.part = part
    self.geometry = geometry
    self.groupCount = groupCount
    layout = try PowerLossBoard.layout(
      short, try PowerLossBoard.shortened(journals, short, geometry), chosen, geometry)
  }

  /// The fewest blocks that have room for the records that an area of the journal needs.
  private static func shortened(
    _ journals: SlotRanges, _ slots: [SlotRanges], _ geometry: FlashGeometry
  ) throws(LayoutError) -> SlotRanges {
    var short = SlotRanges(a: geometry.firstBlock(of: journals.a), b: geometry.firstBlock(of: journals.b))
    while true {
      do throws(LayoutError) {
        _ = try layout(slots, short, .direct, geometry)
        return short
      } catch {
        guard error == .tooSmall, short.a.upperBound < journals.a.upperBound,
          short.b.upperBound < journals.b.upperBound
        else { throw error }
        short.a = short.a.lowerBound..<geometry.border(atOrAfter: short.a.upperBound + 1)
        short.b = short.b.lowerBound..<geometry.border(atOrAfter: short.b.upperBound + 1)
      }
    }
  }

  /// Where the two copies of a partition table are: in the areas of the journal, or in the slots where those are too small.
  static func tableAreas(
    of part: FlashPart, on geometry: FlashGeometry
  ) throws(LayoutError) -> SlotRanges {
    var failure = LayoutError.tooSmall
    for (a, b) in [
      (part.layout.journalA, part.layout.journalB), (part.layout.images[0].a, part.layout.images[0].b),
    ] {
      let (a, b) = (try part.range(of: a), try part.range(of: b))
      // Four tables in units of 32 bytes.
      let short = SlotRanges(
        a: a.lowerBound..<min(a.upperBound, geometry.border(atOrAfter: a.lowerBound + 2176)),
        b: b.lowerBound..<min(b.upperBound, geometry.border(atOrAfter: b.lowerBound + 2176)))
      do throws(LayoutError) {
        _ = try PartitionTableStore(copyA: short.a, copyB: short.b, on: geometry)
        return short
      } catch {
        failure = error
      }
    }
    throw failure
  }

  private static func layout(
    _ slots: [SlotRanges], _ journals: SlotRanges, _ strategy: ActivationStrategy, _ geometry: FlashGeometry
  ) throws(LayoutError) -> DeviceLayout {
    let companions = Array(slots.dropFirst())
    return try DeviceLayout(
      slotA: slots[0].a, slotB: slots[0].b, companions: companions.span, journalA: journals.a,
      journalB: journals.b, strategy: strategy, on: geometry)
  }

  /// The sizes of a pair of images that take all groups, with a few bytes in the last one if there are several.
  ///
  /// - Parameter longest: of a group, in bytes: what of a longer one is used at most.
  /// - Returns: of each image that the device has, and that it gets: one of the two is shorter.
  func sizes(longest: Int) -> (old: [Int], new: [Int]) {
    var sizes: (old: [Int], new: [Int]) = ([], [])
    for image in 0..<layout.imageCount {
      let ranges = SlotRanges(a: layout[.a, image], b: layout[.b, image])
      let first = Int(geometry.groupBorders(of: ranges)[1])
      if groupCount > 1 {
        sizes.old.append(first + 37 + image)
        sizes.new.append(first + 131 + image)
      } else {
        sizes.old.append(min(first, longest) - 67 - image)
        sizes.new.append(min(first, longest) - 5 - image)
      }
    }
    return sizes
  }
}

extension FlashGeometry {
  /// The first border of erase blocks that is not before an offset; the capacity if there is none.
  fileprivate func border(atOrAfter offset: UInt32) -> UInt32 {
    if isEraseBoundary(offset) { return offset }
    return eraseBlock(containing: offset)?.upperBound ?? capacity
  }

  fileprivate func firstBlock(of range: Range<UInt32>) -> Range<UInt32> {
    range.lowerBound..<border(atOrAfter: range.lowerBound + 1)
  }

  /// The offsets at which both places of an image have a border of erase blocks, from 0 on.
  fileprivate func groupBorders(of slots: SlotRanges) -> [UInt32] {
    var borders: [UInt32] = [0]
    var offset: UInt32 = 0
    let end = UInt32(min(slots.a.count, slots.b.count))
    while offset < end {
      offset = border(atOrAfter: slots.a.lowerBound + offset + 1) - slots.a.lowerBound
      if offset <= end, isEraseBoundary(slots.b.lowerBound + offset) { borders.append(offset) }
    }
    return borders
  }

  fileprivate func largestGroup(of slots: SlotRanges) -> UInt32 {
    let borders = groupBorders(of: slots)
    return zip(borders, borders.dropFirst()).map { $1 - $0 }.max() ?? 0
  }

  /// The first groups of both places; a place that was larger than the other stays so by a block.
  fileprivate func shortened(_ slots: SlotRanges, to count: Int) -> SlotRanges {
    let borders = groupBorders(of: slots)
    let last = min(count, borders.count - 1)
    let size = borders[last]
    func cut(_ range: Range<UInt32>, isLarger: Bool) -> Range<UInt32> {
      let end = range.lowerBound + size
      return range.lowerBound..<(isLarger ? border(atOrAfter: end + 1) : end)
    }
    return SlotRanges(
      a: cut(slots.a, isLarger: slots.a.count > slots.b.count),
      b: cut(slots.b, isLarger: slots.b.count > slots.a.count))
  }
}
