/// The part of the old image around the place that is being worked on.
///
/// Reaches `OldWindow.margin` bytes beyond that place on both sides, or to the ends of the image; bytes outside of the
/// image are 0.
struct OldWindow {
  /// How far corrections look ahead and back, in bytes.
  static var margin: UInt32 { 64 }

  private let bytes: Cells<UInt8>
  /// The offset of the first byte in the old image.
  private(set) var start: UInt32 = 0
  /// How many bytes are there.
  private(set) var count: UInt32 = 0

  init(bytes: Cells<UInt8>) { self.bytes = bytes }

  /// Says what was loaded.
  mutating func load(start: UInt32, count: UInt32) {
    // Checked once, not for every access.
    precondition(count <= UInt(bitPattern: bytes.count), "outside of the workspace")
    self.start = start
    self.count = count
  }

  /// Whether a byte is there.
  func contains(_ offset: UInt32) -> Bool { offset &- start < count }

  /// One byte.
  @inline(__always)
  func byte(_ offset: UInt32) -> UInt32 {
    let index = offset &- start
    return index < count ? unsafe UInt32(bytes[unchecked: Int(index)]) : 0
  }

  /// Two bytes, the lowest first.
  @inline(__always)
  func half(_ offset: UInt32) -> UInt32 { byte(offset) | byte(offset &+ 1) << 8 }

  /// Four bytes, the lowest first.
  @inline(__always)
  func word(_ offset: UInt32) -> UInt32 {
    let index = offset &- start
    // Near the ends of what is there, byte by byte.
    guard index < count, count &- index >= 4 else { return half(offset) | half(offset &+ 2) << 16 }
    return unsafe bytes.word(unchecked: Int(index))
  }
}
