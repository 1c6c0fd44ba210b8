/// Where the parts of an image are in memory when it runs.
///
/// Addresses are counted from a base of 64 bits and have 32 bits; offsets are places in the file. What is asked for
/// each field is mutating so that it works in place, see ``Predictor``.
struct AddressSpace: ~Copyable {
  /// The most segments of an image.
  static var maximumSegmentCount: Int { 8 }

  private var segments = InlineArray<8, Segment>(repeating: Segment(offset: 0, length: 0, address: 0))
  /// How many segments there are.
  private(set) var count = 0
  /// What is subtracted from the pointers in the image.
  var base: FieldBits = 0

  mutating func append(_ segment: Segment) {
    segments[count] = segment
    count &+= 1
  }

  func segment(_ index: Int) -> Segment { segments[index] }

  /// The address of a place; places outside of all segments have their offset as address.
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  mutating func address(of offset: UInt32) -> UInt32 {
    var index = 0
    while index < count {
      // No more of them are counted than there is room for.
      let segment = unsafe segments[unchecked: index]
      let distance = offset &- segment.offset
      if distance < segment.length { return distance &+ segment.address }
      index &+= 1
    }
    return offset
  }

  /// The place that has an address, if one has.
  #if hasFeature(Embedded)
  @inline(never)
  #else
  @inline(__always)
  #endif
  mutating func offset(of address: UInt32) -> UInt32? {
    var index = 0
    while index < count {
      let segment = unsafe segments[unchecked: index]
      let distance = address &- segment.address
      if distance < segment.length { return distance &+ segment.offset }
      index &+= 1
    }
    return nil
  }
}

/// A part of an image that is at one place in memory.
package struct Segment: Equatable, Sendable {
  /// Where it begins in the file, in bytes.
  package var offset: UInt32
  /// How many bytes it has.
  package var length: UInt32
  /// Its address, counted from the base of the image.
  package var address: UInt32

  package init(offset: UInt32, length: UInt32, address: UInt32) {
    self.offset = offset
    self.length = length
    self.address = address
  }
}
