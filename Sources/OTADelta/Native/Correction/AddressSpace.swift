/// Where the parts of an image are in memory when it runs.
///
/// Addresses are counted from a base of 64 bits and have 32 bits; offsets are places in the file. What is asked for
/// each field is mutating so that it works in place, see ``Predictor``.
struct AddressSpace: ~Copyable {
  /// The most segments of an image.
  static var maximumSegmentCount: Int { 8 }

  private var offsets = InlineArray<8, UInt32>(repeating: 0)
  private var lengths = InlineArray<8, UInt32>(repeating: 0)
  private var addresses = InlineArray<8, UInt32>(repeating: 0)
  /// How many segments there are.
  private(set) var count = 0
  /// What is subtracted from the pointers in the image.
  var base: UInt64 = 0

  mutating func append(_ segment: Segment) {
    offsets[count] = segment.offset
    lengths[count] = segment.length
    addresses[count] = segment.address
    count += 1
  }

  func segment(_ index: Int) -> Segment {
    Segment(offset: offsets[index], length: lengths[index], address: addresses[index])
  }

  /// The address of a place; places outside of all segments have their offset as address.
  @inline(__always)
  mutating func address(of offset: UInt32) -> UInt32 {
    for index in 0..<count where offset &- offsets[index] < lengths[index] {
      return offset &- offsets[index] &+ addresses[index]
    }
    return offset
  }

  /// The place that has an address, if one has.
  @inline(__always)
  mutating func offset(of address: UInt32) -> UInt32? {
    for index in 0..<count where address &- addresses[index] < lengths[index] {
      return address &- addresses[index] &+ offsets[index]
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
