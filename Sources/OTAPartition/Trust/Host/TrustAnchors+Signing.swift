#if !hasFeature(Embedded)
import OTACore
public import OTACrypto

extension TrustAnchors {
  /// The bytes that keys sign under this set, for signers that are somewhere else.
  public var signatureInput: [UInt8] {
    get throws(TrustAnchorError) {
      let set = try bytes
      return TrustAnchorUpdate.domain.indices.map { TrustAnchorUpdate.domain[$0] } + set
    }
  }

  /// The set in bytes.
  public var bytes: [UInt8] {
    get throws(TrustAnchorError) {
      do throws(ParseError) {
        return try [UInt8](capacity: TrustAnchors.maximumSize) { (writer) throws(ParseError) in
          try serialize(into: &writer)
        }
      } catch {
        throw .malformed(error)
      }
    }
  }

  /// Makes the update that brings this set to devices.
  ///
  /// - Parameter signers: enough root keys of the set before this one and enough of this one, and every key that is new for
  ///   manifests or images; at most 16. A key that is several of these is needed once.
  /// - Returns: the update, for ``verify(update:using:)``.
  /// - Throws: ``TrustAnchorError/crypto(_:)`` if a key cannot sign; ``TrustAnchorError/malformed(_:)`` with kind
  ///   `ParseError.Kind.limitExceeded` for too many signers.
  public func signed(by signers: [any Signer]) async throws(TrustAnchorError) -> [UInt8] {
    let input = try signatureInput
    var signatures: [(key: KeyIdentifier, signature: [UInt8])] = []
    for signer in signers {
      do throws(CryptoError) {
        signatures.append((signer.keyIdentifier, try await signer.signature(for: input)))
      } catch {
        throw .crypto(error)
      }
    }
    return try update(with: signatures)
  }

  /// Puts this set and the signatures that were made elsewhere together.
  ///
  /// - Parameter signatures: the key of each, and what it has signed; at most 16. Whether they are good is not looked at.
  /// - Returns: the update, for ``verify(update:using:)``.
  /// - Throws: ``TrustAnchorError/malformed(_:)`` with kind `ParseError.Kind.limitExceeded` for too many, or if the update
  ///   is longer than ``maximumUpdateSize``.
  public func update(
    with signatures: [(key: KeyIdentifier, signature: [UInt8])]
  ) throws(TrustAnchorError) -> [UInt8] {
    guard signatures.count <= TrustAnchorUpdate.maximumSignatureCount else {
      throw .malformed(ParseError(.limitExceeded, at: 5))
    }
    let set = try bytes
    do throws(ParseError) {
      return try [UInt8](capacity: TrustAnchors.maximumUpdateSize) { (writer) throws(ParseError) in
        try writer.writeLittleEndian(TrustAnchorUpdate.magic)
        try writer.write(byte: TrustAnchorUpdate.version)
        try writer.write(byte: UInt8(signatures.count))
        try writer.writeLittleEndian(UInt16(truncatingIfNeeded: set.count))
        try writer.write(set.span)
        for (key, signature) in signatures {
          guard signature.count <= TrustAnchors.maximumUpdateSize else {
            throw ParseError(.limitExceeded, at: writer.count)
          }
          try writer.write(key.bytes)
          try writer.writeLittleEndian(UInt16(truncatingIfNeeded: signature.count))
          try writer.write(signature.span)
        }
      }
    } catch {
      guard error.kind != .capacityExceeded else {
        throw .malformed(ParseError(.limitExceeded, at: error.offset))
      }
      throw .malformed(error)
    }
  }

  /// Reads the number of the set that an update brings, before anything is verified: to find out which of several updates
  /// comes next.
  ///
  /// - Parameter update: anybody may have made it.
  /// - Returns: the number.
  /// - Throws: ``TrustAnchorError/malformed(_:)``.
  public static func unverifiedNumber(in update: Span<UInt8>) throws(TrustAnchorError) -> UInt64 {
    let document: TrustAnchorUpdate
    do throws(ParseError) { document = try TrustAnchorUpdate(parsing: update) } catch {
      throw .malformed(error)
    }
    return try TrustAnchors(parsing: document.set).number
  }
}
#endif
