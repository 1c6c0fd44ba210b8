import OTACore

/// The name of a value in a ``SecureStorage``; what each number means is the program's matter.
public struct StorageKey: Equatable, Sendable {
  /// The number.
  public var rawValue: UInt16

  /// Makes a name.
  public init(_ rawValue: UInt16) {
    self.rawValue = rawValue
  }
}

/// The values of a ``SecureStorage`` in the clear, while they are being changed.
///
/// Made by ``SecureStorage/update(on:_:)`` only, which seals what has become of them and overwrites the clear bytes.
///
/// In memory as in a record: one entry behind the other, in ascending order of their keys; each is the key (2 bytes, little
/// endian), the length of the value (2 bytes, little endian), and the value.
public struct SecureValues: ~Copyable {
  /// The most bytes that all entries take together; each value takes ``entryOverhead`` more than it has.
  public static var capacity: Int { 412 }
  /// What an entry takes besides its value, in bytes.
  public static var entryOverhead: Int { 4 }

  var bytes = InlineArray<412, UInt8>(repeating: 0)
  var byteCount = 0
  /// Whether anything is another way than it was.
  private(set) var hasChanged = false

  init() {}

  /// How many bytes of ``capacity`` are still free.
  public var remaining: Int { SecureValues.capacity - byteCount }

  /// The length of a value, in bytes; `nil` if there is none of this name.
  public func count(of key: StorageKey) -> Int? {
    find(key).entry.map { $0.count - SecureValues.entryOverhead }
  }

  /// Copies a value.
  ///
  /// - Parameters:
  ///   - key: its name.
  ///   - destination: takes the value from its first byte on; what is behind it stays.
  /// - Returns: the length of the value; `nil` if there is none of this name.
  /// - Throws: ``SecureStorageError/bufferTooSmall``, and nothing was copied.
  public func read(
    _ key: StorageKey, into destination: inout MutableSpan<UInt8>
  ) throws(SecureStorageError) -> Int? {
    guard let entry = find(key).entry else { return nil }
    let start = entry.lowerBound + SecureValues.entryOverhead
    let count = entry.upperBound - start
    guard count <= destination.count else { throw .bufferTooSmall }
    for index in 0..<count { destination[index] = bytes[start + index] }
    return count
  }

  /// Adds or replaces a value.
  ///
  /// - Parameters:
  ///   - key: its name.
  ///   - value: its bytes; none is a value too.
  /// - Throws: ``SecureStorageError/full``, and all values are as they were.
  public mutating func set(_ key: StorageKey, _ value: Span<UInt8>) throws(SecureStorageError) {
    let (entry, place) = find(key)
    let old = entry ?? place..<place
    guard value.count <= SecureValues.capacity - SecureValues.entryOverhead else { throw .full }
    let size = SecureValues.entryOverhead + value.count
    guard byteCount - old.count + size <= SecureValues.capacity else { throw .full }
    if entry != nil, old.count == size, holds(value, at: old.lowerBound + SecureValues.entryOverhead) {
      return
    }
    replace(old, byGapOf: size)
    bytes[place] = UInt8(truncatingIfNeeded: key.rawValue)
    bytes[place + 1] = UInt8(truncatingIfNeeded: key.rawValue >> 8)
    bytes[place + 2] = UInt8(truncatingIfNeeded: value.count)
    bytes[place + 3] = UInt8(truncatingIfNeeded: value.count >> 8)
    for index in 0..<value.count { bytes[place + SecureValues.entryOverhead + index] = value[index] }
    hasChanged = true
  }

  /// Takes a value away; that there is none of this name is not an error.
  public mutating func remove(_ key: StorageKey) {
    guard let entry = find(key).entry else { return }
    replace(entry, byGapOf: 0)
    hasChanged = true
  }

  /// Takes all values away.
  public mutating func removeAll() {
    hasChanged = hasChanged || byteCount > 0
    erase()
  }
}

extension SecureValues {
  /// Overwrites the clear bytes.
  mutating func erase() {
    var span = bytes.mutableSpan
    zeroise(&span)
    byteCount = 0
  }

  /// Holds the first ``byteCount`` bytes against the form of a set.
  ///
  /// - Throws: kind `ParseError.Kind.truncated` if an entry does not end inside, `ParseError.Kind.notCanonical` if the
  ///   keys do not ascend; offsets count from the first entry.
  func validate() throws(ParseError) {
    var cursor = ByteCursor(bytes.span.extracting(0..<byteCount))
    var last = -1
    while !cursor.isAtEnd {
      let start = cursor.offset
      let key = Int(try cursor.readLittleEndian(UInt16.self))
      guard key > last else { throw ParseError(.notCanonical, at: start) }
      last = key
      let count = try cursor.readLittleEndian(UInt16.self)
      _ = try cursor.readBytes(count: Int(count))
    }
  }

  /// Finds an entry in a set that is valid.
  ///
  /// - Returns: the bytes of the entry, if there is one, and where it is or would have to be.
  private func find(_ key: StorageKey) -> (entry: Range<Int>?, place: Int) {
    var position = 0
    while byteCount - position >= SecureValues.entryOverhead {
      let name = UInt16(bytes[position]) | UInt16(bytes[position + 1]) << 8
      let count = Int(bytes[position + 2]) | Int(bytes[position + 3]) << 8
      let end = min(byteCount, position + SecureValues.entryOverhead + count)
      if name == key.rawValue { return (position..<end, position) }
      if name > key.rawValue { return (nil, position) }
      position = end
    }
    return (nil, position)
  }

  /// Compares all bytes, without an early exit: both may be secret.
  private func holds(_ value: Span<UInt8>, at start: Int) -> Bool {
    var difference: UInt8 = 0
    for index in 0..<value.count { difference |= bytes[start + index] ^ value[index] }
    return difference == 0
  }

  /// Makes so much room in the place of some bytes, and zeroes what is free behind the end.
  private mutating func replace(_ old: Range<Int>, byGapOf size: Int) {
    let tail = byteCount - old.upperBound
    let start = old.lowerBound + size
    if start < old.upperBound {
      for index in 0..<tail { bytes[start + index] = bytes[old.upperBound + index] }
    } else {
      for index in (0..<tail).reversed() { bytes[start + index] = bytes[old.upperBound + index] }
    }
    let end = start + tail
    for index in end..<max(end, byteCount) { bytes[index] = 0 }
    byteCount = end
  }
}
