import OTACore

/// One step of bringing an image to the primary place: bytes are copied to a place that nothing needs any more.
struct BlockCopy: Equatable {
  /// Where from, in bytes from the start of the device.
  var source: UInt32
  /// Where to; the border of an erase block.
  var destination: UInt32
  /// How many bytes.
  var size: UInt32
}

/// The way of the images of one slot to the primary place, step by step: a pure function of the layout, the sizes of the
/// images, and which slot it is.
///
/// What each step reads, no step before its own record has been written over; so a step that was interrupted is done
/// again, and a power cut loses nothing. Steps that have nothing to copy are passed over.
///
/// - Note: Source: MCUboot, docs/design.md, "Image swapping"; the proof is in Docs/Activation.md.
struct Relocation {
  let layout: DeviceLayout
  let geometry: FlashGeometry
  /// The slot whose images come to the primary place.
  let target: SlotIdentifier
  /// The images of that slot.
  let arriving: ImageRecord
  /// The images in the primary place, if they are still needed.
  let leaving: ImageRecord?

  /// How many steps there are, those that copy nothing included.
  var stepCount: UInt32 {
    var count: UInt32 = 0
    for image in 0..<layout.imageCount { count += stepCount(of: image) }
    return count
  }

  /// How many steps may be repeated after a cut.
  ///
  /// All of a copy that overwrites nothing it needs; else just the one that was interrupted.
  var stepsPerRecord: UInt32 { layout.strategy == .overwrite ? 8 : 1 }

  /// What a step does; `nil` if it copies nothing.
  ///
  /// - Precondition: less than ``stepCount``.
  func step(_ number: UInt32) -> BlockCopy? {
    var rest = number
    for image in 0..<layout.imageCount {
      let count = stepCount(of: image)
      if rest < count { return step(rest, of: image) }
      rest -= count
    }
    preconditionFailure("no such step")
  }

  // MARK: One image

  private func groups(of image: Int) -> BlockGroups {
    BlockGroups(primary: layout[.a, image], secondary: layout[.b, image], geometry: geometry)
  }

  private func arrivingSize(_ image: Int) -> UInt32 { arriving[image: image]?.size ?? 0 }

  private func leavingSize(_ image: Int) -> UInt32 { leaving?[image: image]?.size ?? 0 }

  /// The groups that the larger image takes.
  private func groupCount(of image: Int) -> UInt32 {
    groups(of: image).count(covering: max(arrivingSize(image), leavingSize(image)))
  }

  private func stepCount(of image: Int) -> UInt32 {
    switch layout.strategy {
    case .direct: 0
    case .overwrite: groupCount(of: image)
    case .swapByOffset: 2 * groupCount(of: image)
    case .swapWithScratch, .swapByMove: 3 * groupCount(of: image)
    }
  }

  private func step(_ number: UInt32, of image: Int) -> BlockCopy? {
    let count = groupCount(of: image)
    switch layout.strategy {
    case .direct: return nil
    case .overwrite: return overwritingStep(number, of: image)
    case .swapWithScratch(let scratch): return scratchStep(number, of: image, scratch: scratch.lowerBound)
    case .swapByMove: return moveStep(number, of: count, image: image)
    case .swapByOffset: return offsetStep(number, of: count, image: image)
    }
  }

  private func overwritingStep(_ number: UInt32, of image: Int) -> BlockCopy? {
    guard let part = part(number, of: image, size: arrivingSize(image)) else { return nil }
    return part.copied(from: layout[.b, image].lowerBound, to: layout[.a, image].lowerBound)
  }

  private func scratchStep(_ number: UInt32, of image: Int, scratch: UInt32) -> BlockCopy? {
    let primary = layout[.a, image].lowerBound
    let secondary = layout[.b, image].lowerBound
    let isLeaving = number % 3 == 1
    let size = isLeaving ? leavingSize(image) : arrivingSize(image)
    guard let part = part(number / 3, of: image, size: size) else { return nil }
    switch number % 3 {
    // The scratch area has one group at a time, at its start.
    case 0: return BlockCopy(source: secondary + part.start, destination: scratch, size: part.size)
    case 1: return part.copied(from: primary, to: secondary)
    default: return BlockCopy(source: scratch, destination: primary + part.start, size: part.size)
    }
  }

  private func moveStep(_ number: UInt32, of count: UInt32, image: Int) -> BlockCopy? {
    let primary = layout[.a, image].lowerBound
    let secondary = layout[.b, image].lowerBound
    let unit = groups(of: image).size(at: 0)
    guard number >= count else {
      // The last group first, since each goes to where the one above it was.
      let group = count - 1 - number
      return part(group, of: image, size: leavingSize(image))?.copied(from: primary, to: primary + unit)
    }
    let group = (number - count) / 2
    if (number - count) % 2 == 0 {
      return part(group, of: image, size: arrivingSize(image))?.copied(from: secondary, to: primary)
    }
    return part(group, of: image, size: leavingSize(image))?.copied(from: primary + unit, to: secondary)
  }

  private func offsetStep(_ number: UInt32, of count: UInt32, image: Int) -> BlockCopy? {
    let primary = layout[.a, image].lowerBound
    let secondary = layout[.b, image].lowerBound
    let unit = groups(of: image).size(at: 0)
    let isLeaving = number % 2 == 0
    // Slot b comes from one group further up, the first group first, and slot a goes to the start of the secondary place;
    // when slot a comes back from there, it is the other way round.
    let group = target == .b ? number / 2 : count - 1 - number / 2
    let size = isLeaving ? leavingSize(image) : arrivingSize(image)
    guard let part = part(group, of: image, size: size) else { return nil }
    let upper = secondary + unit
    return isLeaving
      ? part.copied(from: primary, to: target == .b ? secondary : upper)
      : part.copied(from: target == .b ? upper : secondary, to: primary)
  }

  /// The bytes that an image of so many bytes has in a group; `nil` if none.
  private func part(_ group: UInt32, of image: Int, size: UInt32) -> Part? {
    guard let group = groups(of: image).group(group), group.start < size else { return nil }
    return Part(start: group.start, size: min(group.size, size - group.start))
  }

  /// Bytes of an image, from its start.
  private struct Part {
    var start: UInt32
    var size: UInt32

    /// The copy of these bytes of an image that lies at `source`, to one that is to lie at `destination`.
    func copied(from source: UInt32, to destination: UInt32) -> BlockCopy {
      BlockCopy(source: source + start, destination: destination + start, size: size)
    }
  }
}
