public import OTACore
public import OTACrypto

/// Values in flash that nobody reads without the key, changes without being noticed, or puts back once they are old.
///
/// All values together are one record, sealed by authenticated encryption and committed to a journal of two areas; a
/// ``MonotonicCounter`` outside of the flash holds the number of the newest record. Docs/SecureStorage.md has the bytes
/// and says why each step survives.
///
/// A loss of power at any moment leaves all values as they were before ``update(on:_:)``, or all as they are after it, and
/// after its return the latter. Old contents that somebody puts back are found by ``open(_:)``, also those of an update
/// that never returned, once a later one has.
///
/// Not hidden are how long all values are together and how often they were changed. Not prevented is that somebody
/// destroys them: who can erase the flash makes ``open(_:)`` fail.
///
/// The storage does not hold the device; every method that touches flash is given it.
public struct SecureStorage<
  Counter: MonotonicCounter & ~Copyable, Cipher: AEAD & ~Copyable, Random: RandomSource & ~Copyable
>: ~Copyable {
  /// The bytes of the first area.
  public let areaA: Range<UInt32>
  /// The bytes of the second area.
  public let areaB: Range<UInt32>
  /// The storage of which device this is, and which one of it.
  public let identifier: UniversalIdentifier
  /// Whether values can be read.
  ///
  /// An error of ``update(on:_:)`` that leaves open which record is in flash ends it, until the storage is opened again.
  public internal(set) var isOpen = false
  /// The number of the newest record; 0 if there is none, or the storage was never opened.
  public internal(set) var recordNumber: UInt64 = 0

  var journal: Journal
  var counter: Counter
  let cipher: Cipher
  var random: Random
  /// The newest record as it is in flash: the clear values are in memory only while they are used.
  var sealed = InlineArray<460, UInt8>(repeating: 0)
  var sealedCount = 0
  /// Whether every record that was ever sealed, but for the newest contents, is below the counter.
  var isRenewed = false

  /// Takes the parts; nothing is read.
  ///
  /// - Parameters:
  ///   - areaA: whole erase blocks, with room for four records: 2 KiB for units of writing of up to 16 bytes, 2176 bytes
  ///     for units of 32.
  ///   - areaB: likewise, outside `areaA`.
  ///   - geometry: the sizes of the device that the other methods are given.
  ///   - identifier: of the device, or of one of several storages that have the same key. A record with another one is
  ///     not accepted.
  ///   - counter: for this storage alone.
  ///   - cipher: with a key for this storage alone.
  ///   - random: for nonces.
  /// - Throws: ``LayoutError/tooSmall``, ``LayoutError/outOfBounds``, ``LayoutError/notAligned``,
  ///   ``LayoutError/overlap``.
  /// - Precondition: the cipher has nonces of 24 bytes, so that random ones never meet, and tags of 16.
  public init(
    areaA: Range<UInt32>, areaB: Range<UInt32>, on geometry: FlashGeometry, identifier: UniversalIdentifier,
    counter: consuming Counter, cipher: consuming Cipher, random: consuming Random
  ) throws(LayoutError) {
    precondition(Cipher.nonceSize == SecureRecord.nonceSize, "the cipher has nonces of 24 bytes")
    precondition(Cipher.tagSize == SecureRecord.tagSize, "the cipher has tags of 16 bytes")
    journal = try Journal(checking: areaA, areaB, payloadCapacity: SecureRecord.capacity, on: geometry)
    self.areaA = areaA
    self.areaB = areaB
    self.identifier = identifier
    self.counter = counter
    self.cipher = cipher
    self.random = random
  }

  /// Finds the newest record, checks it, and holds it against the counter.
  ///
  /// A device whose counter is 0 and that has no record is an empty storage. A record that is one or two ahead of the
  /// counter is one whose commit a loss of power interrupted before the counter was raised; the counter is raised now.
  ///
  /// A loss of power leaves everything as it is.
  ///
  /// - Parameter flash: the device.
  /// - Throws: ``SecureStorageError/tampered``, ``SecureStorageError/replayed``, ``SecureStorageError/missing``,
  ///   ``SecureStorageError/counterBehind``, ``SecureStorageError/record(_:)``; ``SecureStorageError/counter(_:)``,
  ///   ``SecureStorageError/crypto(_:)``, ``SecureStorageError/storage(_:)`` if a part fails. An older record is never
  ///   taken in place of one that was refused.
  /// - Complexity: nothing is written, but for what a loss of power left to be repaired.
  public mutating func open<Device: Flash & ~Copyable>(
    _ flash: inout Device
  ) throws(SecureStorageError) {
    isOpen = false
    isRenewed = false
    recordNumber = 0
    sealedCount = 0
    let count = try journalRecord(on: &flash)
    let floor = try counterValue()
    guard let count else {
      guard floor == 0 else { throw .missing }
      isOpen = true
      return
    }
    var values = SecureValues()
    let number = try values.unseal(sealed.span.extracting(0..<count), of: identifier, using: cipher)
    values.erase()
    guard number >= floor else { throw .replayed }
    guard number - floor <= SecureStorage.maximumLead else { throw .counterBehind }
    if number > floor {
      try requireSealed(count, on: &flash)
      try raiseCounter(to: number)
    }
    sealedCount = count
    recordNumber = number
    isOpen = true
  }

  /// Copies a value.
  ///
  /// - Parameters:
  ///   - key: its name.
  ///   - destination: takes the value from its first byte on; what is behind it stays. The caller overwrites it when the
  ///     value is not needed any more.
  /// - Returns: the length of the value; `nil` if there is none of this name.
  /// - Throws: ``SecureStorageError/notOpen``; ``SecureStorageError/bufferTooSmall``, and nothing was copied;
  ///   ``SecureStorageError/crypto(_:)``.
  public borrowing func read(
    _ key: StorageKey, into destination: inout MutableSpan<UInt8>
  ) throws(SecureStorageError) -> Int? {
    var values = SecureValues()
    defer { values.erase() }
    try unsealNewest(into: &values)
    return try values.read(key, into: &destination)
  }

  /// The length of a value, in bytes; `nil` if there is none of this name.
  ///
  /// - Throws: ``SecureStorageError/notOpen``, ``SecureStorageError/crypto(_:)``.
  public borrowing func count(of key: StorageKey) throws(SecureStorageError) -> Int? {
    var values = SecureValues()
    defer { values.erase() }
    try unsealNewest(into: &values)
    return values.count(of: key)
  }
}
