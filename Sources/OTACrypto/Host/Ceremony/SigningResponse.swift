#if !hasFeature(Embedded)
public import OTACore

/// The answer to a ``SigningRequest``: a signature, and what it belongs to.
///
/// Not secret, and not trusted: ``SigningRequest/signature(from:by:using:)`` checks it.
public struct SigningResponse: Equatable, Sendable {
  /// The most bytes of a signature: that of HSS with its largest trees has less.
  public static var maximumSignatureSize: Int { 16 << 10 }

  /// The name of the key that signed.
  public let keyIdentifier: KeyIdentifier
  /// The SHA-256 digest of the bytes that were signed.
  public let messageDigest: Digest
  /// The signature.
  public let signature: [UInt8]

  init(keyIdentifier: KeyIdentifier, messageDigest: Digest, signature: [UInt8]) {
    self.keyIdentifier = keyIdentifier
    self.messageDigest = messageDigest
    self.signature = signature
  }

  /// Reads an answer.
  ///
  /// - Throws: ``CeremonyError/malformed`` for anything but the one form that ``text`` writes.
  public init(text: [UInt8]) throws(CeremonyError) {
    var lines = try CeremonyText(text)
    guard try lines.take("ota-signing-response") == "1" else { throw .malformed }
    let identifier = try lines.takeBytes("key-id")
    let digest = try lines.takeBytes("message-digest")
    do throws(ParseError) {
      keyIdentifier = try KeyIdentifier(bytes: identifier.span)
      messageDigest = try Digest(algorithm: .sha256, bytes: digest.span)
    } catch {
      throw .malformed
    }
    signature = try lines.takeBytes("signature")
    guard !signature.isEmpty, signature.count <= SigningResponse.maximumSignatureSize else {
      throw .malformed
    }
    try lines.requireEnd()
  }

  /// The answer as a text file.
  public var text: [UInt8] {
    var lines = CeremonyText()
    lines.add("ota-signing-response", "1")
    lines.add("key-id", keyIdentifier.digest.description)
    lines.add("message-digest", messageDigest.description)
    lines.add("signature", bytes: signature)
    return lines.bytes
  }
}
#endif
