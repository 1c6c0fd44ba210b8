/// One erase block; copies share the contents until one of them changes.
struct FlashBlock: Sendable {
  /// What the cells hold.
  struct Contents: Sendable {
    /// What was stored last.
    var bytes: [UInt8]
    /// For each unit of writing whether it was written, or touched by an interrupted operation, since its last erase.
    var isUsed: [Bool]
    /// Bits that read at random, of every byte; empty if there are none.
    var unstableBits: [UInt8] = []
    /// Units that were written over; they lose bits when the power comes back.
    var weakUnits: Set<Int> = []
  }

  /// One element: a reference that counts its holders, so that a copy of a device costs one count for each block.
  private var contents: [Contents]
  /// The hash of the contents, if it was computed since they last changed; it goes along with copies.
  private(set) var knownHash: StateHash?

  init(size: Int, unit: Int, erasedByte: UInt8) {
    contents = [
      Contents(
        bytes: [UInt8](repeating: erasedByte, count: size),
        isUsed: [Bool](repeating: false, count: size / unit))
    ]
  }

  /// Every look at the contents and every change of them.
  private var content: Contents {
    get { contents[0] }
    _modify {
      knownHash = nil
      yield &contents[0]
    }
  }

  /// What was stored last.
  var bytes: [UInt8] {
    get { contents[0].bytes }
    _modify { yield &content.bytes }
  }

  /// For each unit of writing whether it was written, or touched by an interrupted operation, since its last erase.
  var isUsed: [Bool] {
    get { contents[0].isUsed }
    _modify { yield &content.isUsed }
  }

  /// Bits that read at random, of every byte; empty if there are none.
  var unstableBits: [UInt8] {
    get { contents[0].unstableBits }
    _modify { yield &content.unstableBits }
  }

  /// Units that were written over; they lose bits when the power comes back.
  var weakUnits: Set<Int> {
    get { contents[0].weakUnits }
    _modify { yield &content.weakUnits }
  }

  /// Whether all that a start reads of it is certain.
  var readsTheSame: Bool { contents[0].unstableBits.isEmpty && contents[0].weakUnits.isEmpty }

  /// Stores what a write makes of bytes, and counts the units as used.
  ///
  /// - Parameters:
  ///   - source: whole units.
  ///   - first: the number of the first unit.
  ///   - erasedByte: what erased bytes read as: bits only ever change from it.
  ///   - weakens: whether units that are in use already become weak.
  mutating func program(_ source: Span<UInt8>, at first: Int, erasedByte: UInt8, weakens: Bool) {
    let unit = contents[0].bytes.count / contents[0].isUsed.count
    let units = first..<first + source.count / unit
    if weakens {
      for number in units where contents[0].isUsed[number] { weakUnits.insert(number) }
    }
    content.program(source, at: first * unit, erasedByte: erasedByte)
    content.use(units)
  }

  /// Makes bits of a byte unstable.
  mutating func addUnstable(_ bits: UInt8, at index: Int) {
    guard bits != 0 else { return }
    if contents[0].unstableBits.isEmpty {
      unstableBits = [UInt8](repeating: 0, count: contents[0].bytes.count)
    }
    unstableBits[index] |= bits
  }

  /// Erases the bytes of a unit, and makes them stable.
  mutating func clear(unit: Int, erasedByte: UInt8) {
    content.clear(unit: unit, erasedByte: erasedByte)
  }

  /// Counts all units as used, as after an erase that did not end.
  mutating func touch() {
    isUsed = [Bool](repeating: true, count: contents[0].isUsed.count)
    // What is equal must look equal.
    if !contents[0].unstableBits.isEmpty, !contents[0].unstableBits.contains(where: { $0 != 0 }) {
      unstableBits = []
    }
  }

  /// Whether another copy has the same contents; tells at once if they are shared.
  func hasSameBytes(as other: FlashBlock) -> Bool {
    if let knownHash, knownHash == other.knownHash { return true }
    return contents[0].bytes == other.contents[0].bytes
  }

  /// The hash of everything in it, computed if it is not known.
  mutating func hash() -> StateHash {
    if let knownHash { return knownHash }
    let hash = computedHash
    knownHash = hash
    return hash
  }

  /// The hash of everything in it.
  var computedHash: StateHash {
    if let knownHash { return knownHash }
    var hasher = StateHasher()
    hasher.combine(contents[0].bytes)
    hasher.combine(contents[0].isUsed)
    if !contents[0].unstableBits.isEmpty {
      hasher.combine(1)
      hasher.combine(contents[0].unstableBits)
    }
    if !contents[0].weakUnits.isEmpty {
      hasher.combine(2)
      for unit in contents[0].weakUnits.sorted() { hasher.combine(UInt64(unit)) }
    }
    return hasher.finalize()
  }
}

extension FlashBlock.Contents {
  fileprivate mutating func program(_ source: Span<UInt8>, at start: Int, erasedByte: UInt8) {
    var target = bytes.mutableSpan
    if erasedByte == 0xff {
      for index in 0..<source.count { target[start + index] &= source[index] }
    } else {
      for index in 0..<source.count { target[start + index] |= source[index] }
    }
  }

  fileprivate mutating func clear(unit: Int, erasedByte: UInt8) {
    let size = bytes.count / isUsed.count
    for index in unit * size..<(unit + 1) * size { bytes[index] = erasedByte }
    guard !unstableBits.isEmpty else { return }
    for index in unit * size..<(unit + 1) * size { unstableBits[index] = 0 }
  }

  fileprivate mutating func use(_ units: Range<Int>) {
    var target = isUsed.mutableSpan
    for unit in units { target[unit] = true }
  }
}
