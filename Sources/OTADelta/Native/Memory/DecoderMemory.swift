/// The working memory of a decoder: one piece, given by the caller or allocated.
///
/// A decoder takes what its patch declares, checked against the limit first, and asks for no more.
@safe
public struct DecoderMemory: ~Copyable {
  private let base: UnsafeMutableRawPointer
  /// How many bytes there are.
  public let byteCount: Int
  private let isOwned: Bool
  private var used = 0

  /// Takes memory that somebody else owns, on bare metal for instance.
  ///
  /// - Parameter buffer: aligned to 4 bytes, and neither freed nor used otherwise while the value lives.
  @unsafe
  public init(borrowing buffer: UnsafeMutableRawBufferPointer) {
    precondition(UInt(bitPattern: buffer.baseAddress) % 4 == 0, "the memory must be aligned to 4 bytes")
    if let address = buffer.baseAddress {
      unsafe base = address
      byteCount = buffer.count
      isOwned = false
    } else {
      unsafe base = UnsafeMutableRawPointer(bitPattern: 4).unsafelyUnwrapped
      byteCount = 0
      isOwned = false
    }
  }

  #if !hasFeature(Embedded)
  /// Allocates memory; it is given back when the value goes.
  ///
  /// - Parameter byteCount: at least 0.
  public init(allocating byteCount: Int) {
    unsafe base = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 4), alignment: 16)
    self.byteCount = byteCount
    isOwned = true
  }
  #endif

  deinit {
    #if !hasFeature(Embedded)
    if isOwned { unsafe base.deallocate() }
    #endif
  }

  /// Takes everything back, from a decoder that is gone.
  mutating func reset() { used = 0 }

  /// Takes the next words, set to zero; the layout says beforehand that they are there.
  @inline(__always)
  mutating func take<Word: FixedWidthInteger & BitwiseCopyable>(_ count: Int, of type: Word.Type) -> Cells<
    Word
  > {
    let start = unsafe takeBytes(count, size: MemoryLayout<Word>.stride)
    return unsafe Cells(base: start.bindMemory(to: Word.self, capacity: count), count: count)
  }

  /// The same where there may be nothing to take, which the compiler often knows.
  @inline(__always)
  mutating func takeUnlessNone<Word: FixedWidthInteger & BitwiseCopyable>(
    _ count: Int, of type: Word.Type
  ) -> Cells<Word> {
    count == 0 ? .none : take(count, of: type)
  }

  @inline(never)
  private mutating func takeBytes(_ count: Int, size: Int) -> UnsafeMutableRawPointer {
    precondition(count >= 0 && count <= (byteCount &- used) / size, "the layout is larger than the memory")
    let start = unsafe base + used
    unsafe start.initializeMemory(as: UInt8.self, repeating: 0, count: count &* size)
    used = min((used &+ count &* size &+ 3) & ~3, byteCount)
    return unsafe start
  }
}
