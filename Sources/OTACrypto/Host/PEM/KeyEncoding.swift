#if !hasFeature(Embedded)
public import OTACore

/// The DER form of private Ed25519 keys.
///
/// - Note: Source: RFC 8410, sections 3, 4 and 7; RFC 5958, section 2 (version 1 without attributes only).
public enum Ed25519KeyEncoding {
  /// The length of an encoded private key, in bytes.
  public static let privateKeySize = 48
  /// The length of the private key itself, the seed of RFC 8032, in bytes.
  public static let seedSize = 32

  /// `1.3.101.112`, RFC 8410, section 3.
  private static let objectIdentifier: InlineArray<3, UInt8> = [0x2b, 0x65, 0x70]

  /// Finds the seed in a PKCS#8 PrivateKeyInfo.
  ///
  /// - Parameter bytes: the DER form.
  /// - Returns: the seed, ``seedSize`` bytes of `bytes`.
  /// - Throws: a `ParseError` for anything but one Ed25519 key in version 1 and without attributes.
  @_lifetime(copy bytes)
  public static func seed(inPrivateKeyInfo bytes: Span<UInt8>) throws(ParseError) -> Span<UInt8> {
    var outer = DERReader(bytes)
    var info = try outer.read(.sequence)
    try outer.requireEnd()
    var version = try info.read(.integer)
    try version.expect([0])
    try version.requireEnd()
    try expectAlgorithm(in: &info)
    var wrapped = try info.read(.octetString)
    try info.requireEnd()
    var key = try wrapped.read(.octetString)
    try wrapped.requireEnd()
    return try key.readContents(count: seedSize)
  }

  /// Writes a PKCS#8 PrivateKeyInfo, ``privateKeySize`` bytes.
  ///
  /// - Parameters:
  ///   - seed: the seed, ``seedSize`` bytes.
  ///   - writer: where it goes.
  /// - Throws: kind `ParseError.Kind.capacityExceeded` if it does not fit, `ParseError.Kind.invalidValue` if the
  ///   seed has another length.
  public static func writePrivateKeyInfo(
    seed: Span<UInt8>, into writer: inout ByteWriter
  ) throws(ParseError) {
    guard seed.count == seedSize else { throw ParseError(.invalidValue, at: 0) }
    let head: InlineArray<16, UInt8> = [
      0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ]
    try writer.write(head.span)
    try writer.write(seed)
  }

  private static func expectAlgorithm(in info: inout DERReader) throws(ParseError) {
    var algorithm = try info.read(.sequence)
    var identifier = try algorithm.read(.objectIdentifier)
    try identifier.expect(objectIdentifier)
    try identifier.requireEnd()
    // RFC 8410, section 3: the parameters must be absent.
    try algorithm.requireEnd()
  }
}

extension PublicKey {
  /// Reads a public key from its PEM text.
  ///
  /// - Parameter text: one block with the label `PUBLIC KEY`.
  /// - Throws: ``CryptoError/invalidKey`` for anything but one key of an algorithm in ``SignatureAlgorithm`` in strict
  ///   form, as ``init(subjectPublicKeyInfo:)``.
  public init(pem text: Span<UInt8>) throws(CryptoError) {
    var der = [UInt8](repeating: 0, count: PublicKey.maximumSubjectPublicKeyInfoSize)
    let count: Int
    do throws(ParseError) {
      var writer = ByteWriter(der.mutableSpan)
      try PEM.decode(text, label: PEM.publicKeyLabel, into: &writer)
      count = writer.count
    } catch {
      throw .invalidKey
    }
    try self.init(subjectPublicKeyInfo: der.span.extracting(0..<count))
  }

  /// Writes the PEM text, with the label `PUBLIC KEY`.
  public func pem() throws(CryptoError) -> [UInt8] {
    do throws(ParseError) {
      let der = try [UInt8](capacity: subjectPublicKeyInfoSize) { (writer) throws(ParseError) in
        try serializeSubjectPublicKeyInfo(into: &writer)
      }
      return try [UInt8](capacity: 256) { (writer) throws(ParseError) in
        try PEM.encode(der.span, label: PEM.publicKeyLabel, into: &writer)
      }
    } catch {
      throw .invalidKey
    }
  }
}
#endif
