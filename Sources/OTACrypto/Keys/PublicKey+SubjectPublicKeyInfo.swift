public import OTACore

// The DER form of a key is its own bytes behind a head that is the same for all keys of its algorithm and length, so that
// reading it is comparing: DER has one encoding for one value.

/// The head of a SubjectPublicKeyInfo, up to the key.
private struct SubjectPublicKeyHead {
  let bytes: InlineArray<27, UInt8>
  let count: Int

  /// - Note: Source: RFC 8410, section 4; RFC 5480, sections 2.1.1 and 2.2 (the uncompressed form); RFC 9802, section 4,
  ///   for HSS (the key is in the bit string as it is).
  init(of algorithm: SignatureAlgorithm, keySize: Int) {
    switch algorithm {
    case .ed25519:
      count = 12
      bytes = [
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
      ]
    case .es256:
      count = 27
      bytes = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
        0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
      ]
    case .es384:
      count = 24
      bytes = [
        0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
        0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04,
        0, 0, 0,
      ]
    case .hssLMS:
      count = 20
      let size = UInt8(truncatingIfNeeded: keySize)
      bytes = [
        0x30, 18 + size, 0x30, 0x0d, 0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x03,
        0x11, 0x03, 1 + size, 0x00,
        0, 0, 0, 0, 0, 0, 0,
      ]
    }
  }
}

extension PublicKey {
  /// The length of the longest SubjectPublicKeyInfo, in bytes.
  public static var maximumSubjectPublicKeyInfoSize: Int { 120 }

  /// The length of the SubjectPublicKeyInfo of this key, in bytes.
  public var subjectPublicKeyInfoSize: Int {
    SubjectPublicKeyHead(of: algorithm, keySize: count).count + count
  }

  /// Appends the key in its DER form, without a heap.
  ///
  /// - Parameter writer: takes ``subjectPublicKeyInfoSize`` bytes.
  /// - Throws: kind `ParseError.Kind.capacityExceeded` if it does not fit.
  public func serializeSubjectPublicKeyInfo(into writer: inout ByteWriter) throws(ParseError) {
    let head = SubjectPublicKeyHead(of: algorithm, keySize: count)
    try writer.write(head.bytes.span.extracting(0..<head.count))
    try writer.write(span)
  }

  /// Reads a key in its DER form.
  ///
  /// - Parameter bytes: a SubjectPublicKeyInfo (RFC 5280, section 4.1) and nothing behind it; points are not compressed.
  /// - Throws: ``CryptoError/invalidKey`` for anything but one key of an algorithm in ``SignatureAlgorithm``.
  public init(subjectPublicKeyInfo bytes: Span<UInt8>) throws(CryptoError) {
    switch bytes.count {
    case 44: try self.init(.ed25519, behindHeadOf: bytes, size: 32)
    case 91: try self.init(.es256, behindHeadOf: bytes, size: 64)
    case 120: try self.init(.es384, behindHeadOf: bytes, size: 96)
    case 72: try self.init(.hssLMS, behindHeadOf: bytes, size: 52)
    case 80: try self.init(.hssLMS, behindHeadOf: bytes, size: 60)
    default: throw .invalidKey
    }
  }

  /// Takes the last `size` bytes, if the head in front of them is the right one.
  private init(
    _ algorithm: SignatureAlgorithm, behindHeadOf bytes: Span<UInt8>, size: Int
  ) throws(CryptoError) {
    let head = SubjectPublicKeyHead(of: algorithm, keySize: size)
    guard bytes.count == head.count + size else { throw .invalidKey }
    for index in 0..<head.count where bytes[index] != head.bytes[index] { throw .invalidKey }
    try self.init(algorithm: algorithm, copying: bytes.extracting(head.count..<bytes.count))
  }
}
