import OTACore
public import OTACrypto

// The DER form of a key of X25519 is its bytes behind a head that is always the same, so reading it is comparing: DER has
// one encoding for one value. Source: RFC 8410, sections 3, 4 and 7.

extension X25519PrivateKey {
  private static var head: InlineArray<16, UInt8> {
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20]
  }

  /// Reads the key from its PEM text.
  ///
  /// - Parameter text: one block with the label `PRIVATE KEY` (PKCS#8); the caller zeroes it.
  /// - Throws: `CryptoError.invalidKey` for anything but one key of X25519 in strict form, `CryptoError.unavailable` if
  ///   the backend could not start.
  public init(pem text: Span<UInt8>) throws(CryptoError) {
    let scalar: SecretBytes
    do throws(ParseError) {
      let head = X25519PrivateKey.head
      let der = try SecretBytes(capacity: head.count + X25519PrivateKey.byteCount) {
        (writer) throws(ParseError) in
        try PEM.decode(text, label: PEM.privateKeyLabel, into: &writer)
      }
      scalar = try SecretBytes(capacity: X25519PrivateKey.byteCount) { (writer) throws(ParseError) in
        try der.withBytes { (bytes) throws(ParseError) in
          try writer.write(key(in: bytes, behind: head.span, count: X25519PrivateKey.byteCount))
        }
      }
    } catch {
      throw .invalidKey
    }
    try self.init(scalar: scalar)
  }
}

extension X25519PublicKey {
  private static var head: InlineArray<12, UInt8> {
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00]
  }

  /// Reads the key from its PEM text.
  ///
  /// - Parameter text: one block with the label `PUBLIC KEY` (SubjectPublicKeyInfo).
  /// - Throws: `CryptoError.invalidKey` for anything but one key of X25519 in strict form.
  public init(pem text: Span<UInt8>) throws(CryptoError) {
    let bytes: [UInt8]
    do throws(ParseError) {
      let head = X25519PublicKey.head
      let der = try [UInt8](capacity: head.count + X25519PublicKey.byteCount) { (writer) throws(ParseError) in
        try PEM.decode(text, label: PEM.publicKeyLabel, into: &writer)
      }
      let part = try key(in: der.span, behind: head.span, count: X25519PublicKey.byteCount)
      bytes = (0..<part.count).map { part[$0] }
    } catch {
      throw .invalidKey
    }
    try self.init(copying: bytes.span)
  }
}

@_lifetime(copy bytes)
private func key(
  in bytes: Span<UInt8>, behind head: Span<UInt8>, count: Int
) throws(ParseError) -> Span<UInt8> {
  guard bytes.count == head.count + count else { throw ParseError(.invalidValue, at: 0) }
  for index in 0..<head.count where bytes[index] != head[index] {
    throw ParseError(.invalidValue, at: index)
  }
  return bytes.extracting(head.count..<bytes.count)
}
