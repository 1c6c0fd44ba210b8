import OTACore

/// The primary and the secondary place of an image, divided where both have a border of erase blocks.
///
/// What lies between two such borders is a group: the least that can change places. Where both places have equal blocks, a
/// group is a block.
struct BlockGroups {
  let primary: Range<UInt32>
  let secondary: Range<UInt32>
  let geometry: FlashGeometry

  /// Where the last group ends, from the start of either place.
  var end: UInt32 {
    var offset: UInt32 = 0
    while true {
      let size = size(at: offset)
      if size == 0 { return offset }
      offset += size
    }
  }

  /// The size of the group that begins at an offset.
  ///
  /// - Parameter offset: from the start of either place; a border in both.
  /// - Returns: 0 if none begins there.
  func size(at offset: UInt32) -> UInt32 {
    guard offset < primary.size, offset < secondary.size else { return 0 }
    var inPrimary = blockEnd(after: offset, in: primary)
    var inSecondary = blockEnd(after: offset, in: secondary)
    while inPrimary != inSecondary {
      if inPrimary < inSecondary {
        guard inPrimary < primary.size else { return 0 }
        inPrimary = blockEnd(after: inPrimary, in: primary)
      } else {
        guard inSecondary < secondary.size else { return 0 }
        inSecondary = blockEnd(after: inSecondary, in: secondary)
      }
    }
    return inPrimary - offset
  }

  /// The bytes of a group.
  ///
  /// - Parameter number: from 0 at the start of both places.
  /// - Returns: `nil` if there are not so many.
  /// - Complexity: linear in the number.
  func group(_ number: UInt32) -> (start: UInt32, size: UInt32)? {
    var offset: UInt32 = 0
    for _ in 0..<number {
      let size = size(at: offset)
      guard size > 0 else { return nil }
      offset += size
    }
    let size = size(at: offset)
    return size > 0 ? (offset, size) : nil
  }

  /// How many groups hold so many bytes.
  func count(covering size: UInt32) -> UInt32 {
    var offset: UInt32 = 0
    var count: UInt32 = 0
    while offset < size {
      let size = self.size(at: offset)
      guard size > 0 else { break }
      offset += size
      count += 1
    }
    return count
  }

  /// Where the block that begins at or holds an offset ends, from the start of a place.
  private func blockEnd(after offset: UInt32, in place: Range<UInt32>) -> UInt32 {
    guard let block = geometry.eraseBlock(containing: place.lowerBound + offset) else { return place.size }
    return block.upperBound - place.lowerBound
  }
}

extension DeviceLayout {
  /// How far up in the secondary place the image is that waits to be swapped by offset, in bytes: one group.
  func offset(of image: Int, on geometry: FlashGeometry) -> UInt32 {
    guard strategy == .swapByOffset else { return 0 }
    return BlockGroups(primary: self[.a, image], secondary: self[.b, image], geometry: geometry).size(at: 0)
  }

  /// The longest image that can change places, in bytes; on a device that boots directly, that fits both slots.
  func capacity(of image: Int, on geometry: FlashGeometry) -> UInt32 {
    let primary = self[.a, image]
    let secondary = self[.b, image]
    let groups = BlockGroups(primary: primary, secondary: secondary, geometry: geometry)
    let end = groups.end
    let size = groups.size(at: 0)
    switch strategy {
    case .direct: return min(primary.size, secondary.size)
    case .swapWithScratch, .overwrite: return end
    // The place that has a free group may have it behind the last group that both have.
    case .swapByMove: return hasGroup(at: end, size: size, in: primary, geometry) ? end : end - min(end, size)
    case .swapByOffset:
      return hasGroup(at: end, size: size, in: secondary, geometry) ? end : end - min(end, size)
    }
  }

  private func hasGroup(
    at offset: UInt32, size: UInt32, in place: Range<UInt32>, _ geometry: FlashGeometry
  ) -> Bool {
    place.size - offset >= size && size > 0
      && geometry.isEraseBoundary(place.lowerBound + offset + size)
  }
}
