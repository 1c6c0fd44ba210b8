/// The two places of one image, each in bytes from the start of the device.
public struct SlotRanges: Equatable, Sendable {
  /// Slot a; the primary place.
  public var a: Range<UInt32>
  /// Slot b; the secondary place.
  public var b: Range<UInt32>

  /// Takes both.
  public init(a: Range<UInt32>, b: Range<UInt32>) {
    self.a = a
    self.b = b
  }
}

/// The places of up to four images: the first one, and those beside it.
struct ImagePlaces: Equatable, Sendable {
  private var storage: InlineArray<4, SlotRanges>
  private(set) var count: Int

  static var maximumCount: Int { 4 }

  init(_ first: SlotRanges) {
    storage = InlineArray(repeating: first)
    count = 1
  }

  /// Adds the places of another image.
  ///
  /// - Throws: if there are four already.
  mutating func append(_ ranges: SlotRanges) throws(LayoutError) {
    guard count < ImagePlaces.maximumCount else { throw .tooManyPartitions }
    storage[count] = ranges
    count += 1
  }

  /// - Precondition: the index is less than ``count``.
  subscript(index: Int) -> SlotRanges {
    precondition(index >= 0 && index < count, "no such image")
    return storage[index]
  }

  static func == (left: ImagePlaces, right: ImagePlaces) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where left.storage[index] != right.storage[index] { return false }
    return true
  }
}
