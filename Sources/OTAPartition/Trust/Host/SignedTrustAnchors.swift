#if !hasFeature(Embedded)
import OTACore
public import OTACrypto

/// A set with the signatures that were collected so far, for whoever makes sets and looks at them.
///
/// Nothing of it is verified: what a device takes is decided by ``TrustAnchors/verify(update:using:)``.
public struct SignedTrustAnchors: Equatable, Sendable {
  /// Somebody's signature under the set, good or not.
  public struct Signature: Equatable, Sendable {
    /// Whose it says it is.
    public var key: KeyIdentifier
    /// The signature in the form that COSE has for the algorithm.
    public var bytes: [UInt8]

    /// Makes a signature from its parts.
    public init(key: KeyIdentifier, bytes: [UInt8]) {
      self.key = key
      self.bytes = bytes
    }
  }

  /// The most signatures that an update has.
  public static var maximumSignatureCount: Int { TrustAnchorUpdate.maximumSignatureCount }

  /// The set.
  public let anchors: TrustAnchors
  /// The signatures, in the order of the update.
  public private(set) var signatures: [Signature] = []

  /// A set that nobody has signed yet.
  public init(_ anchors: TrustAnchors) {
    self.anchors = anchors
  }

  /// Reads an update, or a set alone.
  ///
  /// - Parameter bytes: anybody may have made them.
  /// - Throws: ``TrustAnchorError/malformed(_:)`` for anything else.
  public init(parsing bytes: [UInt8]) throws(TrustAnchorError) {
    do throws(ParseError) {
      var cursor = ByteCursor(bytes.span)
      guard try cursor.readLittleEndian(UInt32.self) == TrustAnchorUpdate.magic else {
        anchors = try TrustAnchors(reading: bytes.span)
        return
      }
    } catch {
      throw .malformed(error)
    }
    (anchors, signatures) = try SignedTrustAnchors.parts(of: bytes)
  }

  private static func parts(
    of bytes: [UInt8]
  ) throws(TrustAnchorError) -> (TrustAnchors, [Signature]) {
    do throws(ParseError) {
      // Everything is held against its limits there.
      let update = try TrustAnchorUpdate(parsing: bytes.span)
      let anchors = try TrustAnchors(reading: update.set)
      var signatures: [Signature] = []
      var cursor = ByteCursor(bytes.span.extracting(8 + update.set.count..<bytes.count))
      while !cursor.isAtEnd {
        let key = try KeyIdentifier(bytes: cursor.readBytes(count: KeyIdentifier.byteCount))
        let count = Int(try cursor.readLittleEndian(UInt16.self))
        let signature = try cursor.readBytes(count: count)
        signatures.append(Signature(key: key, bytes: signature.octets))
      }
      return (anchors, signatures)
    } catch {
      throw .malformed(error)
    }
  }

  /// Adds a signature; one of the same key before gives way to it.
  ///
  /// - Parameters:
  ///   - signature: over ``TrustAnchors/signatureInput``. Whether it is good is not looked at.
  ///   - key: whose it is.
  /// - Throws: ``TrustAnchorError/malformed(_:)`` with kind `ParseError.Kind.limitExceeded` for more signatures or bytes
  ///   than an update has; nothing is changed then.
  public mutating func add(_ signature: [UInt8], by key: KeyIdentifier) throws(TrustAnchorError) {
    var next = self
    if let index = signatures.firstIndex(where: { $0.key == key }) {
      next.signatures[index].bytes = signature
    } else {
      next.signatures.append(Signature(key: key, bytes: signature))
    }
    _ = try next.bytes
    self = next
  }

  /// The update for devices; the set alone while nobody has signed it.
  public var bytes: [UInt8] {
    get throws(TrustAnchorError) {
      guard !signatures.isEmpty else { return try anchors.bytes }
      return try anchors.update(with: signatures.map { ($0.key, $0.bytes) })
    }
  }
}
#endif
