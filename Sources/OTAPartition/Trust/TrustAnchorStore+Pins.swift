import OTACore
public import OTACrypto

// The same as in TrustAnchorStore.swift, for flash that an attacker can write: a secure storage has the digest of the state,
// so that nobody exchanges it or puts an older one back.
//
// A change takes three steps, each of which is atomic: the storage gets the digests of both states, the state is replaced,
// the storage gets the digest of the new one alone. A start after a cut finds one of the two and makes it the only one.

extension TrustAnchorStore {
  /// Finds the state, repairs the copies, and holds it against what is pinned.
  ///
  /// A loss of power at any moment leaves the state as it is.
  ///
  /// - Parameters:
  ///   - flash: the device.
  ///   - storage: open.
  ///   - key: the name of the pin.
  /// - Returns: the state.
  /// - Throws: what ``read(from:)`` throws; ``TrustAnchorError/notProvisioned`` if there is no pin of this name;
  ///   ``TrustAnchorError/tampered`` if another state is pinned, and ``current`` is `nil` then;
  ///   ``TrustAnchorError/malformed(_:)`` if the value of this name is no pin; ``TrustAnchorError/secureStorage(_:)``.
  /// - Complexity: as ``read(from:)``; after a cut in a change, one update of the storage.
  public mutating func read<Device: Flash & ~Copyable, Counter, Cipher, Random>(
    from flash: inout Device, pinnedIn storage: inout SecureStorage<Counter, Cipher, Random>,
    as key: StorageKey
  ) throws(TrustAnchorError) -> TrustState
  where
    Counter: MonotonicCounter & ~Copyable, Cipher: AEAD & ~Copyable, Random: RandomSource & ~Copyable
  {
    take(nil)
    guard let pins = try storage.trustPins(key) else { throw .notProvisioned }
    let state = try read(from: &flash, pins: pins)
    take(nil)
    try storage.pin(try TrustPins(state), as: key, on: &flash)
    take(state)
    return state
  }

  /// Replaces the set by one that follows it; see ``install(_:on:to:)``.
  ///
  /// - Parameters:
  ///   - verified: the new set.
  ///   - image: what runs, from ``DeviceStorage/runningImage``.
  ///   - flash: the device.
  ///   - storage: open.
  ///   - key: the name of the pin.
  /// - Throws: what ``read(from:pinnedIn:as:)`` and ``install(_:on:to:)`` throw.
  /// - Complexity: as ``install(_:on:to:)``, and two updates of the storage.
  public mutating func install<Device: Flash & ~Copyable, Counter, Cipher, Random>(
    _ verified: borrowing VerifiedTrustAnchors, on image: RunningImage, to flash: inout Device,
    pinnedIn storage: inout SecureStorage<Counter, Cipher, Random>, as key: StorageKey
  ) throws(TrustAnchorError)
  where
    Counter: MonotonicCounter & ~Copyable, Cipher: AEAD & ~Copyable, Random: RandomSource & ~Copyable
  {
    let state = try read(from: &flash, pinnedIn: &storage, as: key)
    let next = try state.following(verified, on: image)
    try replace(state, with: next, on: &flash, pinnedIn: &storage, as: key)
  }

  /// Ends the life of the keys that earlier sets had, if what runs can do without them; see ``retire(on:signers:from:)``.
  ///
  /// - Parameters:
  ///   - image: what runs, from ``DeviceStorage/runningImage``.
  ///   - signers: the keys that have signed its images.
  ///   - flash: the device.
  ///   - storage: open.
  ///   - key: the name of the pin.
  /// - Returns: whether the keys of earlier sets are gone, or there were none.
  /// - Throws: what ``read(from:pinnedIn:as:)`` throws; ``TrustAnchorError/storage(_:)``.
  /// - Complexity: as ``retire(on:signers:from:)``, and two updates of the storage.
  @discardableResult
  public mutating func retire<Device: Flash & ~Copyable, Counter, Cipher, Random>(
    on image: RunningImage, signers: borrowing ImageSigners, from flash: inout Device,
    pinnedIn storage: inout SecureStorage<Counter, Cipher, Random>, as key: StorageKey
  ) throws(TrustAnchorError) -> Bool
  where
    Counter: MonotonicCounter & ~Copyable, Cipher: AEAD & ~Copyable, Random: RandomSource & ~Copyable
  {
    let state = try read(from: &flash, pinnedIn: &storage, as: key)
    let next = state.settled(on: image, signers: signers)
    try replace(state, with: next, on: &flash, pinnedIn: &storage, as: key)
    return !next.isRetirementPending
  }

  /// Remembers that it is not earlier than a time that a signed document has told; see ``remember(earliestTime:on:)``.
  ///
  /// - Parameters:
  ///   - time: seconds of Unix time.
  ///   - flash: the device.
  ///   - storage: open.
  ///   - key: the name of the pin.
  /// - Throws: what ``read(from:pinnedIn:as:)`` throws; ``TrustAnchorError/storage(_:)``.
  public mutating func remember<Device: Flash & ~Copyable, Counter, Cipher, Random>(
    earliestTime time: UInt64, on flash: inout Device,
    pinnedIn storage: inout SecureStorage<Counter, Cipher, Random>, as key: StorageKey
  ) throws(TrustAnchorError)
  where
    Counter: MonotonicCounter & ~Copyable, Cipher: AEAD & ~Copyable, Random: RandomSource & ~Copyable
  {
    let state = try read(from: &flash, pinnedIn: &storage, as: key)
    try replace(state, with: state.notEarlier(than: time), on: &flash, pinnedIn: &storage, as: key)
  }

  /// Writes the first set to a device, and pins it: for the factory.
  ///
  /// A loss of power leaves a device without a pin, to be provisioned again, or one with this set.
  ///
  /// - Parameters:
  ///   - anchors: the set.
  ///   - flash: the device.
  ///   - storage: open.
  ///   - key: the name of the pin.
  /// - Throws: ``TrustAnchorError/alreadyProvisioned`` if there is a value of this name;
  ///   ``TrustAnchorError/storage(_:)``, ``TrustAnchorError/secureStorage(_:)``.
  public mutating func provision<Device: Flash & ~Copyable, Counter, Cipher, Random>(
    _ anchors: TrustAnchors, on flash: inout Device,
    pinnedIn storage: inout SecureStorage<Counter, Cipher, Random>, as key: StorageKey
  ) throws(TrustAnchorError)
  where
    Counter: MonotonicCounter & ~Copyable, Cipher: AEAD & ~Copyable, Random: RandomSource & ~Copyable
  {
    guard try storage.trustPins(key) == nil else { throw .alreadyProvisioned }
    try format(anchors, on: &flash)
    try storage.pin(try TrustPins(TrustState(anchors)), as: key, on: &flash)
  }

  private mutating func replace<Device: Flash & ~Copyable, Counter, Cipher, Random>(
    _ state: TrustState, with next: TrustState, on flash: inout Device,
    pinnedIn storage: inout SecureStorage<Counter, Cipher, Random>, as key: StorageKey
  ) throws(TrustAnchorError)
  where
    Counter: MonotonicCounter & ~Copyable, Cipher: AEAD & ~Copyable, Random: RandomSource & ~Copyable
  {
    guard next != state else { return }
    take(nil)
    try storage.pin(try TrustPins(state, next: next), as: key, on: &flash)
    try replace(with: next, on: &flash)
    take(nil)
    try storage.pin(try TrustPins(next), as: key, on: &flash)
    take(next)
  }
}

extension SecureStorage
where Counter: ~Copyable, Cipher: ~Copyable, Random: ~Copyable {
  /// What is pinned under a name; `nil` if nothing is.
  borrowing func trustPins(_ key: StorageKey) throws(TrustAnchorError) -> TrustPins? {
    var buffer = InlineArray<64, UInt8>(repeating: 0)
    let count: Int?
    do throws(SecureStorageError) {
      var bytes = buffer.mutableSpan
      count = try read(key, into: &bytes)
    } catch {
      throw .secureStorage(error)
    }
    guard let count else { return nil }
    return try TrustPins(parsing: buffer.span.extracting(0..<count))
  }

  /// Pins states; nothing is written if they are pinned already.
  package mutating func pin<Device: Flash & ~Copyable>(
    _ pins: TrustPins, as key: StorageKey, on flash: inout Device
  ) throws(TrustAnchorError) {
    var buffer = InlineArray<64, UInt8>(repeating: 0)
    let count = pins.serialize(into: &buffer)
    do throws(SecureStorageError) {
      try set(key, to: buffer.span.extracting(0..<count), on: &flash)
    } catch {
      throw .secureStorage(error)
    }
  }
}
