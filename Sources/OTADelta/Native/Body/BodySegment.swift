/// A part of the new image that is coded by itself.
package struct BodySegment {
  /// Where it is in the new image.
  package var range: Range<UInt32>
  /// How many bytes at the front of the old image are gone, and are read as 0.
  package var floor: UInt32

  package init(range: Range<UInt32>, floor: UInt32) {
    self.range = range
    self.floor = floor
  }
}

/// What is left of a cover if the front of the old image is gone, in the new image.
struct CoverPart {
  let start: UInt32
  let end: UInt32

  /// - Parameters:
  ///   - old: where the cover begins in the old image.
  ///   - new: where it begins in the new image; with the length within 32 bits.
  ///   - length: how many bytes it has.
  ///   - floor: how many bytes of the old image are gone.
  @inline(__always)
  init(old: UInt32, new: UInt32, length: UInt32, floor: UInt32) {
    end = new &+ length
    start = new &+ min(length, floor &- min(floor, old))
  }
}
