import OTACore
public import OTACrypto

extension SUITEncryptionInfo {
  /// Encodes the Enc_structure: what is authenticated beside the payload.
  ///
  /// - Parameter protectedHeaders: the encoded protected headers.
  /// - Returns: the array `["Encrypt", protectedHeaders, h'']`.
  /// - Throws: never for sizes that fit in memory.
  /// - Note: Source: RFC 9052, section 5.3; draft-ietf-suit-firmware-encryption-25, section 7 (the external data is empty).
  public static func associatedData(protectedHeaders: Span<UInt8>) throws(ManifestError) -> [UInt8] {
    // "Encrypt" in ASCII.
    let context: InlineArray<7, UInt8> = [0x45, 0x6e, 0x63, 0x72, 0x79, 0x70, 0x74]
    return try parsing { () throws(ParseError) in
      try [UInt8](cborUpTo: 32 + protectedHeaders.count) { (writer) throws(ParseError) in
        try writer.writeArrayHeader(3)
        try writer.writeTextString(context.span)
        try writer.writeByteString(protectedHeaders)
        try writer.writeByteString(protectedHeaders.extracting(0..<0))
      }
    }
  }

  /// Encodes the COSE_KDF_Context: what a key from ECDH is for.
  ///
  /// - Parameters:
  ///   - wrapping: what the key wraps with.
  ///   - protectedHeaders: the encoded protected headers of the recipient.
  /// - Returns: the encoded context, the `info` of HKDF.
  /// - Throws: never for sizes that fit in memory.
  /// - Note: Source: draft-ietf-suit-firmware-encryption-25, section 6.2.4; RFC 9053, section 5.2.
  public static func derivationContext(
    for wrapping: KeyWrapping, protectedHeaders: Span<UInt8>
  ) throws(ManifestError) -> [UInt8] {
    // "SUIT Payload Encryption" in ASCII.
    let other: InlineArray<23, UInt8> = [
      0x53, 0x55, 0x49, 0x54, 0x20, 0x50, 0x61, 0x79, 0x6c, 0x6f, 0x61, 0x64, 0x20, 0x45, 0x6e, 0x63, 0x72,
      0x79,
      0x70, 0x74, 0x69, 0x6f, 0x6e,
    ]
    return try parsing { () throws(ParseError) in
      try [UInt8](cborUpTo: 64 + protectedHeaders.count) { (writer) throws(ParseError) in
        try writer.writeArrayHeader(4)
        try writer.writeInteger(Int64(wrapping.rawValue))
        // Neither side has a name, a nonce or anything else.
        for _ in 0..<2 {
          try writer.writeArrayHeader(3)
          for _ in 0..<3 { try writer.writeNull() }
        }
        try writer.writeArrayHeader(3)
        try writer.writeUnsigned(UInt64(wrapping.keySize * 8))
        try writer.writeByteString(protectedHeaders)
        try writer.writeByteString(other.span)
      }
    }
  }
}
