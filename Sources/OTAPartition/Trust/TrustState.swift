import OTACore
public import OTACrypto

/// The trust anchors of a device in use: the set, the keys that what runs may still need, and what is known of the time.
///
/// A new set says at once what is *installed*: a manifest or an image that a key which it left out has signed is not. What
/// *boots* changes later: every image key of the set before stays good for that, until an image that a key of the new set
/// has signed has booted and been confirmed. Then the old keys are gone. Docs/KeyLifecycle.md has the table.
///
/// In bytes, all integers little endian:
///
/// | offset | size | content |
/// |---|---|---|
/// | 0 | 4 | `OTAK` |
/// | 4 | 1 | version of the form, 1 |
/// | 5 | 1 | number of kept keys r, 0 to 4 |
/// | 6 | 2 | length of the set n, up to 524 |
/// | 8 | 8 | it is not earlier than this, in seconds of Unix time |
/// | 16 | 8 | sequence number of the image that ran when the keys began to be kept; 0 without kept keys |
/// | 24 | n | the set |
/// | 24+n | | kept keys, up to 204 bytes, as in the set |
///
/// - Note: Source: project decision, Docs/KeyLifecycle.md.
public struct TrustState: Equatable, Sendable {
  /// The length of the longest state, in bytes: the longest record that any journal has.
  public static var maximumSize: Int { 752 }
  /// How many keys of earlier sets are kept at most.
  public static var keptKeyCapacity: Int { TrustAnchors.imageKeyCapacity }

  static var headerSize: Int { 24 }
  static var magic: UInt32 { 0x4b41_544f }
  static var version: UInt8 { 1 }

  /// The set.
  public let anchors: TrustAnchors
  /// It is not earlier than this, in seconds of Unix time, as far as what root keys have signed says; 0 if it says nothing.
  ///
  /// Never goes back.
  public let earliestTime: UInt64
  /// The image keys of sets before, which may have signed what runs; all of them, also those that the set still has.
  let kept: TrustKeyTable
  /// What ran when they began to be kept.
  let keptSince: SequenceNumber?

  /// The state of a device that comes from the factory: everything on it is signed by keys of its set.
  ///
  /// - Parameter anchors: the first set.
  public init(_ anchors: TrustAnchors) {
    self.init(anchors, earliestTime: anchors.issued, kept: TrustKeyTable(), keptSince: nil)
  }

  init(_ anchors: TrustAnchors, earliestTime: UInt64, kept: TrustKeyTable, keptSince: SequenceNumber?) {
    self.anchors = anchors
    self.earliestTime = earliestTime
    self.kept = kept
    self.keptSince = keptSince
  }

  /// Whether keys that the set has left out are still good for booting, until an image that the set's keys have signed is
  /// confirmed.
  public var isRetirementPending: Bool { keptSince != nil }

  /// Whether what is installed must be signed with an image key: the set has some, or what runs needs those of a set before.
  ///
  /// That a set leaves out all image keys does not turn the demand off: the boot loader of the device makes it too.
  public var requiresSignedImages: Bool { anchors.thresholds.image > 0 || isRetirementPending }

  /// Whether a key is good for something.
  ///
  /// - Parameters:
  ///   - key: the key.
  ///   - role: what it has signed.
  ///   - use: what is to be done with that. For ``KeyUse/booting``, image keys of earlier sets count until they are retired;
  ///     for everything else the set alone.
  /// - Returns: whether it is. The expiry of the set is not asked.
  public func accepts(_ key: PublicKey, for role: TrustRole, to use: KeyUse) -> Bool {
    if anchors.roles(of: key).contains(role) { return true }
    switch use {
    case .installing: return false
    case .booting: return role == .image && kept.roles(of: key) != .none
    }
  }

  /// The image keys, for boot loaders (``KeyUse/booting``) and for whoever checks an image before it is activated
  /// (``KeyUse/installing``).
  ///
  /// Expiry does not matter here: what runs goes on booting.
  public func imageKeys(for use: KeyUse) -> MCUbootKeys {
    var trusted = MCUbootKeys()
    // As many as fit there: four of the set, and four of those before.
    for index in 0..<anchors.count {
      let entry = anchors[index]
      if entry.roles.contains(.image) { try? trusted.add(entry.key) }
    }
    switch use {
    case .installing: break
    case .booting: for index in 0..<kept.count { try? trusted.add(kept[index].key) }
    }
    return trusted
  }

  /// Refuses to install anything by a set that has expired.
  ///
  /// - Parameter time: seconds of Unix time, from a clock that is trusted; `nil` if there is none. A clock that is behind
  ///   ``earliestTime`` is not believed.
  /// - Throws: ``TrustAnchorError/expired``. Without a clock, a set is *not* expired before another signed document has said
  ///   so.
  public func requireValidity(at time: UInt64?) throws(TrustAnchorError) {
    guard let expires = anchors.expires else { return }
    guard max(time ?? 0, earliestTime) < expires else { throw .expired }
  }
}

// What becomes of a state. Each step is one record in flash.
extension TrustState {
  /// The state with a new set.
  ///
  /// - Throws: ``TrustAnchorError/superseded``, ``TrustAnchorError/updateInProgress``,
  ///   ``TrustAnchorError/retirementPending``.
  package func following(
    _ verified: borrowing VerifiedTrustAnchors, on image: RunningImage
  ) throws(TrustAnchorError) -> TrustState {
    guard verified.base == anchors else { throw .superseded }
    // What is on trial has to be able to boot, and so has what is behind it: only one of them when the set changes.
    guard image.isSettled else { throw .updateInProgress }
    let next = verified.anchors
    var keys = kept
    // The image that ran when keys began to be kept is signed with one of those. Another one came after the set.
    if keptSince != image.sequenceNumber {
      for index in 0..<anchors.count {
        let entry = anchors[index]
        guard entry.roles.contains(.image), keys.roles(of: entry.key) == .none else { continue }
        guard keys.count < TrustState.keptKeyCapacity,
          keys.byteCount + TrustKeyTable.size(of: entry.key) <= TrustAnchors.imageKeySize
        else { throw .retirementPending }
        do throws(ParseError) {
          try keys.append(TrustKey(entry.key, for: .image))
        } catch {
          throw .retirementPending
        }
      }
    }
    let time = max(earliestTime, next.issued)
    var isCovered = true
    for index in 0..<keys.count where !next.roles(of: keys[index].key).contains(.image) { isCovered = false }
    guard !isCovered else {
      return TrustState(next, earliestTime: time, kept: TrustKeyTable(), keptSince: nil)
    }
    return TrustState(next, earliestTime: time, kept: keys, keptSince: image.sequenceNumber)
  }

  /// The state after a look at what runs: without the keys of earlier sets, if it does not need them.
  ///
  /// - Parameters:
  ///   - image: what runs.
  ///   - signers: the keys that have signed each of its images, as they were verified.
  /// - Returns: the new state, or this one.
  package func settled(on image: RunningImage, signers: borrowing ImageSigners) -> TrustState {
    guard isRetirementPending, image.isSettled, image.isConfirmed, signers.count == image.imageCount,
      signers.count > 0
    else { return self }
    for index in 0..<signers.count where !anchors.roles(of: signers[index]).contains(.image) { return self }
    return TrustState(anchors, earliestTime: earliestTime, kept: TrustKeyTable(), keptSince: nil)
  }

  /// The state when it is known to be so late.
  package func notEarlier(than time: UInt64) -> TrustState {
    TrustState(anchors, earliestTime: max(earliestTime, time), kept: kept, keptSince: keptSince)
  }
}
