/// Bytes of the decoder: taken when their size is known to be within the limit, and not touched before they are used.
@safe struct VCDIFFBuffer: ~Copyable {
  // Safe outside: made with its capacity, freed in deinit; only the window's interpreter takes it, while it runs.
  private(set) var start: UnsafeMutablePointer<UInt8>
  let capacity: Int

  /// Takes memory.
  ///
  /// - Parameter capacity: how many bytes; not negative.
  init(capacity: Int = 0) {
    unsafe start = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    self.capacity = capacity
  }

  deinit {
    unsafe start.deallocate()
  }

  /// The bytes of a range, for reading; they must have been written.
  @_lifetime(borrow self)
  func span(_ range: Range<Int>) -> Span<UInt8> {
    precondition(range.lowerBound >= 0 && range.upperBound <= capacity, "outside the buffer")
    let bytes = unsafe Span(_unsafeStart: start + range.lowerBound, count: range.count)
    return unsafe _overrideLifetime(bytes, borrowing: self)
  }

  /// The bytes of a range, for writing; the writer fills all of them before any is read.
  @_lifetime(&self)
  mutating func mutableSpan(_ range: Range<Int>) -> MutableSpan<UInt8> {
    precondition(range.lowerBound >= 0 && range.upperBound <= capacity, "outside the buffer")
    let bytes = unsafe MutableSpan(_unsafeStart: start + range.lowerBound, count: range.count)
    return unsafe _overrideLifetime(bytes, mutating: &self)
  }

  /// Copies bytes in.
  mutating func write(_ bytes: Span<UInt8>, at position: Int) {
    precondition(position >= 0 && bytes.count <= capacity - position, "outside the buffer")
    unsafe bytes.withUnsafeBufferPointer { source in
      guard let first = source.baseAddress else { return }
      unsafe (start + position).update(from: first, count: source.count)
    }
  }

  /// Writes a byte several times.
  mutating func write(repeating byte: UInt8, _ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= capacity, "outside the buffer")
    unsafe (start + range.lowerBound).update(repeating: byte, count: range.count)
  }

  /// Copies bytes to a place behind them; where both overlap, what was copied is copied again.
  mutating func copy(from source: Int, to destination: Int, count: Int) {
    precondition(source >= 0 && source < destination && count >= 0, "not a place behind")
    precondition(destination <= capacity && count <= capacity - destination, "outside the buffer")
    let distance = destination - source
    var copied = 0
    while copied < count {
      // What was copied extends what can be copied at once.
      let size = min(count - copied, distance + copied)
      unsafe (start + destination + copied).update(from: start + source, count: size)
      copied += size
    }
  }
}
