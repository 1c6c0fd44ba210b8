extension SecureStorage
where Counter: ~Copyable, Cipher: ~Copyable, Random: ~Copyable {
  /// The trust anchors that are kept under a name: sealed like every other value, so that nobody exchanges them in flash,
  /// or puts an older set back.
  ///
  /// - Parameter key: the name.
  /// - Returns: the set.
  /// - Throws: ``TrustAnchorError/notProvisioned`` if there is none; ``TrustAnchorError/malformed(_:)`` if the value is no
  ///   set of this version; ``TrustAnchorError/secureStorage(_:)``.
  public borrowing func trustAnchors(_ key: StorageKey) throws(TrustAnchorError) -> TrustAnchors {
    var buffer = InlineArray<320, UInt8>(repeating: 0)
    let count: Int?
    do throws(SecureStorageError) {
      var bytes = buffer.mutableSpan
      count = try read(key, into: &bytes)
    } catch {
      throw .secureStorage(error)
    }
    guard let count else { throw .notProvisioned }
    return try TrustAnchors(parsing: buffer.span.extracting(0..<count))
  }

  /// Replaces the trust anchors that are kept under a name by the set that follows them.
  ///
  /// A loss of power leaves the old set or the new one, and from the return on the new one.
  ///
  /// - Parameters:
  ///   - verified: the new set.
  ///   - key: the name.
  ///   - flash: the device.
  /// - Throws: what ``trustAnchors(_:)`` throws; ``TrustAnchorError/superseded`` if the new set was verified against
  ///   another one than is here, and then nothing was written; ``TrustAnchorError/secureStorage(_:)``.
  public mutating func install<Device: Flash & ~Copyable>(
    _ verified: consuming VerifiedTrustAnchors, as key: StorageKey, on flash: inout Device
  ) throws(TrustAnchorError) {
    guard try trustAnchors(key) == verified.base else { throw .superseded }
    try write(verified.anchors, as: key, to: &flash)
  }

  /// Writes the first trust anchors under a name: for the factory.
  ///
  /// - Parameters:
  ///   - anchors: the set.
  ///   - key: the name.
  ///   - flash: the device.
  /// - Throws: ``TrustAnchorError/alreadyProvisioned`` if anything is there under this name;
  ///   ``TrustAnchorError/secureStorage(_:)``.
  public mutating func provision<Device: Flash & ~Copyable>(
    _ anchors: TrustAnchors, as key: StorageKey, on flash: inout Device
  ) throws(TrustAnchorError) {
    var isThere = false
    do throws(SecureStorageError) { isThere = try count(of: key) != nil } catch {
      throw .secureStorage(error)
    }
    guard !isThere else { throw .alreadyProvisioned }
    try write(anchors, as: key, to: &flash)
  }

  private mutating func write<Device: Flash & ~Copyable>(
    _ anchors: TrustAnchors, as key: StorageKey, to flash: inout Device
  ) throws(TrustAnchorError) {
    var buffer = InlineArray<320, UInt8>(repeating: 0)
    let count = try anchors.serialize(into: buffer.mutableSpan)
    do throws(SecureStorageError) {
      try set(key, to: buffer.span.extracting(0..<count), on: &flash)
    } catch {
      throw .secureStorage(error)
    }
  }
}
