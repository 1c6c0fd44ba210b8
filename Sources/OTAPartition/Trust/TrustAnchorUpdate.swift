import OTACore
public import OTACrypto

// A new set of trust anchors with its signatures; all integers little endian:
//
//   size  content
//   4     "OTAR"
//   1     version of the form, 1
//   1     number of signatures s, up to 16
//   2     length of the set n, up to 320
//   n     the set
//   96 s  signatures: the identifier of the key (32), and the signature (64)
//
// Signed are the 24 bytes "swift-ota trust anchors" with a zero behind, and the set as it stands: no signature under
// anything else that these keys sign is one under a set.

/// The parts of an update, before anybody has looked whether they are genuine.
struct TrustAnchorUpdate: ~Escapable {
  let set: Span<UInt8>
  private let signatures: Span<UInt8>

  static var magic: UInt32 { 0x5241_544f }
  static var version: UInt8 { 1 }
  /// Each key of the largest set before, and each of the largest set behind.
  static var maximumSignatureCount: Int { 2 * TrustAnchors.capacity }
  static var signatureSize: Int { KeyIdentifier.byteCount + 64 }
  static var domain: InlineArray<24, UInt8> {
    [
      0x73, 0x77, 0x69, 0x66, 0x74, 0x2d, 0x6f, 0x74, 0x61, 0x20, 0x74, 0x72,
      0x75, 0x73, 0x74, 0x20, 0x61, 0x6e, 0x63, 0x68, 0x6f, 0x72, 0x73, 0x00,
    ]
  }

  @_lifetime(copy bytes)
  init(parsing bytes: Span<UInt8>) throws(ParseError) {
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
    signatures = try cursor.readBytes(count: count * TrustAnchorUpdate.signatureSize)
    try cursor.requireEnd()
  }

  /// How many keys of a set have signed, each counted once however often it did.
  ///
  /// A signature by another key, and a wrong one, do not count.
  ///
  /// - Throws: ``TrustAnchorError/crypto(_:)`` if the backend could not tell.
  func signerCount(
    in anchors: borrowing TrustAnchors, using verifier: some SignatureVerifier
  ) throws(TrustAnchorError) -> Int {
    var message = InlineArray<344, UInt8>(repeating: 0)
    let domain = TrustAnchorUpdate.domain
    for index in 0..<domain.count { message[index] = domain[index] }
    for index in 0..<set.count { message[domain.count + index] = set[index] }
    let signed = message.span.extracting(0..<domain.count + set.count)
    var signers = 0
    for index in 0..<anchors.count {
      let key = anchors[index]
      if try isSigned(signed, by: key, using: verifier) { signers += 1 }
    }
    return signers
  }

  private func isSigned(
    _ message: Span<UInt8>, by key: PublicKey, using verifier: some SignatureVerifier
  ) throws(TrustAnchorError) -> Bool {
    let name = KeyIdentifier(of: key)
    var start = 0
    while start < signatures.count {
      let end = start + TrustAnchorUpdate.signatureSize
      let border = start + KeyIdentifier.byteCount
      let isNamed = isEqualInConstantTime(signatures.extracting(start..<border), name.bytes)
      let signature = signatures.extracting(border..<end)
      start = end
      guard isNamed else { continue }
      do throws(CryptoError) {
        try verifier.verify(signature: signature, of: message, by: key)
        return true
      } catch {
        guard error == .authenticationFailed else { throw .crypto(error) }
      }
    }
    return false
  }
}

/// A set of trust anchors that enough keys of the set before it, and enough of its own, have signed.
///
/// Made by ``TrustAnchors/verify(update:using:)`` only: a program that installs anything else does not compile.
public struct VerifiedTrustAnchors: ~Copyable, Sendable {
  /// The set that it may replace.
  let base: TrustAnchors
  /// The new set.
  public let anchors: TrustAnchors

  fileprivate init(base: TrustAnchors, anchors: TrustAnchors) {
    self.base = base
    self.anchors = anchors
  }
}

extension TrustAnchors {
  /// Verifies the set that is to replace this one.
  ///
  /// The new set must be signed by as many keys of this set as the threshold of this set says, and by as many keys of the
  /// new set as its own threshold says: so no set is installed that its own keys cannot replace. One signature of a key
  /// that is in both sets counts for both. Signatures by other keys and wrong ones do not count, and do no harm.
  ///
  /// - Parameters:
  ///   - update: the new set with its signatures, as `signed(by:)` makes it; anybody may have sent it.
  ///   - verifier: checks the signatures; up to 32 of them.
  /// - Returns: the new set, to be installed in the place of this one.
  /// - Throws: ``TrustAnchorError/malformed(_:)``; ``TrustAnchorError/currentThresholdNotMet``, before the new set is
  ///   looked at; ``TrustAnchorError/scopeMismatch``, ``TrustAnchorError/numberMismatch``,
  ///   ``TrustAnchorError/newThresholdNotMet``; ``TrustAnchorError/crypto(_:)`` if the backend failed.
  /// - Note: Source: The Update Framework specification 1.0, section 5.3 (update the root role), steps 5.3.4 and 5.3.5.
  public func verify(
    update: Span<UInt8>, using verifier: some SignatureVerifier
  ) throws(TrustAnchorError) -> VerifiedTrustAnchors {
    let document: TrustAnchorUpdate
    do throws(ParseError) {
      document = try TrustAnchorUpdate(parsing: update)
    } catch {
      throw .malformed(error)
    }
    guard try document.signerCount(in: self, using: verifier) >= threshold else {
      throw .currentThresholdNotMet
    }
    let next = try TrustAnchors(parsing: document.set)
    guard next.scope == scope else { throw .scopeMismatch }
    guard number < UInt64.max, next.number == number + 1 else { throw .numberMismatch }
    guard try document.signerCount(in: next, using: verifier) >= next.threshold else {
      throw .newThresholdNotMet
    }
    return VerifiedTrustAnchors(base: self, anchors: next)
  }
}
