import OTACore
public import OTACrypto

// A new set of trust anchors with its signatures; all integers little endian:
//
//   size  content
//   4     "OTAR"
//   1     version of the form, 2
//   1     number of signatures s, up to 16
//   2     length of the set n, up to 524
//   n     the set
//   ...   signatures: the identifier of the key (32), the length m (2), and the signature (m)
//
// Signed are the 24 bytes "swift-ota trust anchors" with a zero behind, and the set as it stands: no signature under
// anything else that these keys sign is one under a set.

/// The parts of an update, before anybody has looked whether they are genuine.
struct TrustAnchorUpdate: ~Escapable {
  let set: Span<UInt8>
  private let signatures: Span<UInt8>

  static var magic: UInt32 { 0x5241_544f }
  static var version: UInt8 { 2 }
  /// Each key of the largest set before, and each of the largest set behind.
  static var maximumSignatureCount: Int { 2 * TrustAnchors.capacity }
  static var domain: InlineArray<24, UInt8> {
    [
      0x73, 0x77, 0x69, 0x66, 0x74, 0x2d, 0x6f, 0x74, 0x61, 0x20, 0x74, 0x72,
      0x75, 0x73, 0x74, 0x20, 0x61, 0x6e, 0x63, 0x68, 0x6f, 0x72, 0x73, 0x00,
    ]
  }

  @_lifetime(copy bytes)
  init(parsing bytes: Span<UInt8>) throws(ParseError) {
    guard bytes.count <= TrustAnchors.maximumUpdateSize else {
      throw ParseError(.limitExceeded, at: TrustAnchors.maximumUpdateSize)
    }
    var cursor = ByteCursor(bytes)
    let magic = try cursor.readLittleEndian(UInt32.self)
    guard magic == TrustAnchorUpdate.magic else { throw ParseError(.invalidValue, at: 0) }
    let version = try cursor.readByte()
    guard version == TrustAnchorUpdate.version else { throw ParseError(.unsupported, at: 4) }
    let count = Int(try cursor.readByte())
    guard count <= TrustAnchorUpdate.maximumSignatureCount else { throw ParseError(.limitExceeded, at: 5) }
    let size = Int(try cursor.readLittleEndian(UInt16.self))
    guard size <= TrustAnchors.maximumSize else { throw ParseError(.limitExceeded, at: 6) }
    set = try cursor.readBytes(count: size)
    let start = cursor.offset
    for _ in 0..<count { _ = try TrustAnchorUpdate.readSignature(from: &cursor) }
    try cursor.requireEnd()
    signatures = bytes.extracting(start..<bytes.count)
  }

  /// Reads the name of a key, and its signature.
  @_lifetime(copy cursor)
  private static func readSignature(
    from cursor: inout ByteCursor
  ) throws(ParseError) -> NamedSignature {
    let name = try cursor.readBytes(count: KeyIdentifier.byteCount)
    let count = Int(try cursor.readLittleEndian(UInt16.self))
    return NamedSignature(name: name, signature: try cursor.readBytes(count: count))
  }

  /// How many root keys of a set have signed, each counted once however often it did.
  ///
  /// A signature by another key, and a wrong one, do not count; neither does one that this device cannot check.
  ///
  /// - Throws: ``TrustAnchorError/crypto(_:)`` if the backend could not tell.
  func rootCount(
    in anchors: borrowing TrustAnchors, using verifier: some SignatureVerifier
  ) throws(TrustAnchorError) -> Int {
    var signers = 0
    for index in 0..<anchors.count {
      let entry = anchors[index]
      guard entry.roles.contains(.root) else { continue }
      if try isSigned(by: entry.key, using: verifier) { signers += 1 }
    }
    return signers
  }

  /// Whether a key has signed the set.
  func isSigned(
    by key: PublicKey, using verifier: some SignatureVerifier
  ) throws(TrustAnchorError) -> Bool {
    var message = InlineArray<548, UInt8>(repeating: 0)
    let domain = TrustAnchorUpdate.domain
    for index in 0..<domain.count { message[index] = domain[index] }
    for index in 0..<set.count { message[domain.count + index] = set[index] }
    let signed = message.span.extracting(0..<domain.count + set.count)
    let name = KeyIdentifier(of: key)
    var cursor = ByteCursor(signatures)
    while !cursor.isAtEnd {
      let next: NamedSignature
      do throws(ParseError) {
        next = try TrustAnchorUpdate.readSignature(from: &cursor)
      } catch {
        throw .malformed(error)
      }
      guard isEqualInConstantTime(next.name, name.bytes) else { continue }
      do throws(CryptoError) {
        try verifier.verify(signature: next.signature, of: signed, by: key)
        return true
      } catch {
        guard error == .authenticationFailed || error == .unsupportedAlgorithm else { throw .crypto(error) }
      }
    }
    return false
  }
}

/// A signature, and the key that it says it is of.
private struct NamedSignature: ~Escapable {
  let name: Span<UInt8>
  let signature: Span<UInt8>

  @_lifetime(copy name, copy signature)
  init(name: Span<UInt8>, signature: Span<UInt8>) {
    self.name = name
    self.signature = signature
  }
}

/// A set of trust anchors that enough keys of the set before it, and enough of its own, have signed.
///
/// Made by ``TrustAnchors/verify(update:using:)`` and ``verify(update:using:)`` only: a program that installs anything else
/// does not compile.
public struct VerifiedTrustAnchors: ~Copyable, Sendable {
  /// The set that it may replace.
  let base: TrustAnchors
  /// The new set.
  public let anchors: TrustAnchors

  fileprivate init(base: TrustAnchors, anchors: TrustAnchors) {
    self.base = base
    self.anchors = anchors
  }

  /// Verifies the set that follows this one, before anything is written: one link more of a chain, for a device that missed
  /// several sets.
  ///
  /// - Parameters:
  ///   - update: as for ``TrustAnchors/verify(update:using:)``.
  ///   - verifier: likewise.
  /// - Returns: the last set of the chain, to be installed in the place of the one that the chain began with.
  /// - Throws: what ``TrustAnchors/verify(update:using:)`` throws.
  public consuming func verify(
    update: Span<UInt8>, using verifier: some SignatureVerifier
  ) throws(TrustAnchorError) -> VerifiedTrustAnchors {
    VerifiedTrustAnchors(base: base, anchors: try anchors.next(in: update, using: verifier))
  }
}

extension TrustAnchors {
  /// The longest update, in bytes: room for signatures of a few kilobytes, as those of HSS are.
  public static var maximumUpdateSize: Int { 16 << 10 }

  /// Verifies the set that is to replace this one.
  ///
  /// The new set must be signed
  /// - by as many root keys of this set as the threshold of this set says,
  /// - by as many root keys of the new set as its own threshold says: so no set is installed that its own keys cannot
  ///   replace, and
  /// - by every key that signs manifests or images from now on and did not before: so no device waits for somebody who does
  ///   not have the key, or for an algorithm that it does not have.
  ///
  /// One signature of a key counts for all of this. Signatures by other keys and wrong ones do not count, and do no harm.
  /// Whether either set has expired is not asked: a chain must be able to lead on from there.
  ///
  /// - Parameters:
  ///   - update: the new set with its signatures, as `signed(by:)` makes it; anybody may have sent it.
  ///   - verifier: checks the signatures; up to 48 times.
  /// - Returns: the new set, to be installed in the place of this one.
  /// - Throws: ``TrustAnchorError/malformed(_:)``; ``TrustAnchorError/currentThresholdNotMet``, before the new set is
  ///   looked at; ``TrustAnchorError/scopeMismatch``, ``TrustAnchorError/numberMismatch``,
  ///   ``TrustAnchorError/newThresholdNotMet``, ``TrustAnchorError/newKeyNotProven``;
  ///   ``TrustAnchorError/crypto(_:)`` if the backend failed.
  /// - Note: Source: The Update Framework specification 1.0, section 5.3 (update the root role), steps 5.3.4 and 5.3.5; that
  ///   new keys sign is a project decision, Docs/KeyLifecycle.md.
  public func verify(
    update: Span<UInt8>, using verifier: some SignatureVerifier
  ) throws(TrustAnchorError) -> VerifiedTrustAnchors {
    VerifiedTrustAnchors(base: self, anchors: try next(in: update, using: verifier))
  }

  fileprivate func next(
    in update: Span<UInt8>, using verifier: some SignatureVerifier
  ) throws(TrustAnchorError) -> TrustAnchors {
    let document: TrustAnchorUpdate
    do throws(ParseError) {
      document = try TrustAnchorUpdate(parsing: update)
    } catch {
      throw .malformed(error)
    }
    guard try document.rootCount(in: self, using: verifier) >= Int(thresholds.root) else {
      throw .currentThresholdNotMet
    }
    let next = try TrustAnchors(parsing: document.set)
    guard next.scope == scope else { throw .scopeMismatch }
    guard number < UInt64.max, next.number == number + 1 else { throw .numberMismatch }
    guard try document.rootCount(in: next, using: verifier) >= Int(next.thresholds.root) else {
      throw .newThresholdNotMet
    }
    for index in 0..<next.count {
      let entry = next[index]
      let added = entry.roles.without(roles(of: entry.key)).without(.root)
      guard added != .none else { continue }
      guard try document.isSigned(by: entry.key, using: verifier) else { throw .newKeyNotProven }
    }
    return next
  }
}
