public import OTACore
public import OTACrypto

/// How a payload is encrypted and who can read it: SUIT_Encryption_Info, a COSE_Encrypt, as offsets into the bytes that
/// were parsed.
///
/// A strict profile: the ciphertext is detached, each header stands where the draft has it, and headers outside the profile
/// are refused. Nothing of it is trusted but for what the signed manifest around it says.
///
/// - Note: Source: draft-ietf-suit-firmware-encryption-25, sections 4 to 6; RFC 9052, section 5. Which headers: project
///   decision, Docs/EncryptedPayloads.md.
public struct SUITEncryptionInfo: Equatable, Sendable {
  /// One who can read the payload.
  public struct Recipient: Equatable, Sendable {
    /// How the content key is wrapped.
    public var wrapping: KeyWrapping
    /// The name of the key that unwraps it; empty if it is not said.
    public var keyIdentifier: Range<Int>
    /// The wrapped content key.
    public var wrappedKey: Range<Int>
    /// Where the key that wraps comes from, if both sides do not have it.
    public var agreement: Agreement?
  }

  /// The sender's part of an ECDH, on P-256.
  public struct Agreement: Equatable, Sendable {
    /// The first coordinate of the ephemeral public key, 32 bytes.
    public var x: Range<Int>
    /// The second one.
    public var y: Range<Int>
    /// The salt of HKDF; empty if there is none.
    public var salt: Range<Int>
    /// The protected headers of the recipient, which are part of the context.
    public var protectedHeaders: Range<Int>
  }

  /// The most recipients that are looked at: each may cost an ECDH.
  public static var maximumRecipientCount: Int { 32 }
  /// The longest encryption info, in bytes.
  public static var maximumSize: Int { 16 << 10 }

  /// How the payload is encrypted.
  public var algorithm: ContentEncryption
  /// The nonce, or the first counter block.
  public var nonce: Range<Int>
  /// The protected headers; empty for algorithms that authenticate nothing.
  public var protectedHeaders: Range<Int>
  /// Who can read it, in order.
  public var recipients: [Recipient]

  /// Parses one structure.
  ///
  /// - Parameters:
  ///   - bytes: the parameter's contents, with tag 96.
  ///   - limits: the limits of CBOR apply.
  /// - Throws: ``ManifestError/limitExceeded(_:)`` if it is too large or has too many recipients,
  ///   ``ManifestError/malformed(_:)``, ``ManifestError/unsupportedHeader(_:)`` for headers outside the profile or in the
  ///   wrong place, ``ManifestError/crypto(_:)`` with `CryptoError.unsupportedAlgorithm` for an algorithm that is not known.
  public init(parsing bytes: Span<UInt8>, limits: Limits = Limits()) throws(ManifestError) {
    guard bytes.count <= SUITEncryptionInfo.maximumSize else { throw .limitExceeded(.envelope) }
    var reader = CBORReader(bytes, limits: limits)
    guard try readTag(&reader) == 96, try readArrayHeader(&reader) == 4 else {
      throw .malformed(ParseError(.invalidValue, at: 0))
    }
    protectedHeaders = try readByteStringRange(&reader)
    var headers = EncryptionHeaders()
    try headers.readProtected(protectedHeaders, of: bytes, limits: limits)
    try headers.read(&reader, of: bytes, isProtected: false, limits: limits)
    guard let number = headers.algorithm, let nonce = headers.nonce else {
      throw .unsupportedHeader(
        headers.algorithm == nil ? EncryptionHeaders.algorithm : EncryptionHeaders.nonce)
    }
    guard let small = Int32(exactly: number), let algorithm = ContentEncryption(rawValue: small) else {
      throw .crypto(.unsupportedAlgorithm)
    }
    // What authenticates has its algorithm protected; what does not has nothing that could be.
    guard headers.isAlgorithmProtected == algorithm.isAuthenticated,
      algorithm.isAuthenticated || protectedHeaders.isEmpty
    else { throw .unsupportedHeader(EncryptionHeaders.algorithm) }
    guard headers.ephemeralKey == nil, headers.salt == nil, headers.keyIdentifier == nil else {
      throw .unsupportedHeader(EncryptionHeaders.ephemeralKey)
    }
    guard nonce.count == algorithm.nonceSize else { throw .unsupportedHeader(EncryptionHeaders.nonce) }
    self.algorithm = algorithm
    self.nonce = nonce
    // The ciphertext is the payload, somewhere else.
    try readNull(&reader)

    let start = reader.offset
    let count = try readArrayHeader(&reader)
    guard count >= 1 else { throw .malformed(ParseError(.invalidValue, at: start)) }
    guard count <= SUITEncryptionInfo.maximumRecipientCount else { throw .limitExceeded(.envelope) }
    recipients = []
    for _ in 0..<count {
      let recipient = try Recipient(&reader, of: bytes, limits: limits)
      guard recipient.wrappedKey.count == algorithm.keySize + 8 else {
        throw .malformed(ParseError(.invalidValue, at: recipient.wrappedKey.lowerBound))
      }
      recipients.append(recipient)
    }
    try requireEnd(reader)
  }
}

extension SUITEncryptionInfo.Recipient {
  /// Reads a COSE_recipient.
  init(
    _ reader: inout CBORReader, of bytes: Span<UInt8>, limits: Limits
  ) throws(ManifestError) {
    let start = reader.offset
    guard try readArrayHeader(&reader) == 3 else { throw .malformed(ParseError(.invalidValue, at: start)) }
    let protected = try readByteStringRange(&reader)
    var headers = EncryptionHeaders()
    try headers.readProtected(protected, of: bytes, limits: limits)
    try headers.read(&reader, of: bytes, isProtected: false, limits: limits)
    wrappedKey = try readByteStringRange(&reader)
    keyIdentifier = headers.keyIdentifier ?? start..<start
    guard let number = headers.algorithm else { throw .unsupportedHeader(EncryptionHeaders.algorithm) }
    guard headers.nonce == nil else { throw .unsupportedHeader(EncryptionHeaders.nonce) }
    switch number {
    case -3, -4, -5:
      guard !headers.isAlgorithmProtected, headers.ephemeralKey == nil, headers.salt == nil else {
        throw .unsupportedHeader(EncryptionHeaders.algorithm)
      }
      wrapping = number == -3 ? .aes128 : number == -4 ? .aes192 : .aes256
      agreement = nil
    case -29, -30, -31:
      // ECDH-ES + A128KW, A192KW, A256KW: RFC 9053, section 6.4.1.
      guard headers.isAlgorithmProtected else { throw .unsupportedHeader(EncryptionHeaders.algorithm) }
      guard let key = headers.ephemeralKey else { throw .unsupportedHeader(EncryptionHeaders.ephemeralKey) }
      wrapping = number == -29 ? .aes128 : number == -30 ? .aes192 : .aes256
      agreement = SUITEncryptionInfo.Agreement(
        x: key.x, y: key.y, salt: headers.salt ?? start..<start, protectedHeaders: protected)
    default:
      throw .crypto(.unsupportedAlgorithm)
    }
  }
}
