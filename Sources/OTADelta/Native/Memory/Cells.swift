/// A part of a workspace: words at one place that somebody else owns.
///
/// Every access is checked but those that say so; a workspace that is too small is refused before any is made.
@safe struct Cells<Word: BitwiseCopyable> {
  fileprivate let base: UnsafeMutablePointer<Word>
  /// How many words there are.
  let count: Int

  /// - Parameters:
  ///   - base: where the words are; initialised, and alive as long as the value is used.
  ///   - count: how many there are.
  @unsafe init(base: UnsafeMutablePointer<Word>, count: Int) {
    unsafe self.base = base
    self.count = count
  }

  /// No words.
  static var none: Cells {
    unsafe Cells(base: UnsafeMutablePointer(bitPattern: 8).unsafelyUnwrapped, count: 0)
  }

  /// One word; an index outside is the caller's mistake and traps.
  subscript(index: Int) -> Word {
    @inline(__always) get {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "outside of the workspace")
      return unsafe base[index]
    }
    @inline(__always) nonmutating set {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "outside of the workspace")
      unsafe base[index] = newValue
    }
  }

  /// One word, for the innermost loops: the caller has checked the index, or it cannot be outside.
  @unsafe subscript(unchecked index: Int) -> Word {
    @inline(__always) get {
      assert(UInt(bitPattern: index) < UInt(bitPattern: count), "outside of the workspace")
      return unsafe base[index]
    }
    @inline(__always) nonmutating set {
      assert(UInt(bitPattern: index) < UInt(bitPattern: count), "outside of the workspace")
      unsafe base[index] = newValue
    }
  }
}

extension Cells {
  /// Some of the words, to read.
  ///
  /// The span must not outlive the memory; decoders pass it on and keep none.
  @_lifetime(borrow self)
  func span(_ range: Range<Int>) -> Span<Word> {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "outside of the workspace")
    return unsafe _overrideLifetime(
      Span(_unsafeStart: base + range.lowerBound, count: range.count), borrowing: self)
  }

  /// Some of the words, to write.
  @_lifetime(borrow self)
  func mutableSpan(_ range: Range<Int>) -> MutableSpan<Word> {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "outside of the workspace")
    return unsafe _overrideLifetime(
      MutableSpan(_unsafeStart: base + range.lowerBound, count: range.count), borrowing: self)
  }
}

extension Cells where Word == UInt8 {
  /// Four bytes, the lowest first; the caller has checked that they are there.
  @unsafe @inline(__always)
  func word(unchecked index: Int) -> UInt32 {
    assert(index >= 0 && count >= 4 && index <= count - 4, "outside of the workspace")
    return unsafe UInt32(
      littleEndian: UnsafeRawPointer(base + index).loadUnaligned(as: UInt32.self))
  }

  /// Stores the bytes of a field, the lowest first; what is behind them, as far as a field can reach, has no value then.
  @inline(__always)
  func store(_ bits: FieldBits, count stored: Int, at index: Int) {
    precondition(
      index >= 0 && UInt(bitPattern: stored) <= UInt(MemoryLayout<FieldBits>.size)
        && index <= count &- stored,
      "outside of the workspace")
    if index <= count &- MemoryLayout<FieldBits>.size {
      unsafe UnsafeMutableRawPointer(base + index).storeBytes(of: bits.littleEndian, as: FieldBits.self)
    } else {
      var left = bits
      var place = 0
      while place < stored {
        unsafe base[index &+ place] = UInt8(truncatingIfNeeded: left)
        left >>= 8
        place &+= 1
      }
    }
  }
}
