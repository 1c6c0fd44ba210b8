import OTACore

/// What is really signed or authenticated: an array that begins with one of these texts.
///
/// - Note: Source: RFC 9052, section 4.4 (Sig_structure) and section 6.3 (MAC_structure).
enum COSEContext: UInt8 {
  /// A signature of COSE_Sign1.
  case signature1
  /// A signature of COSE_Sign.
  case signature
  /// The tag of COSE_Mac0.
  case mac0

  /// Encodes the array.
  ///
  /// - Parameters:
  ///   - body: the protected headers of the whole structure.
  ///   - signer: those of the signature; not used but for ``signature``.
  ///   - externalData: bytes that are authenticated and not part of the document.
  ///   - payload: the payload.
  /// - Returns: the encoded array.
  /// - Throws: never for sizes that fit in memory.
  func encode(
    body: Span<UInt8>, signer: Span<UInt8>, externalData: Span<UInt8>, payload: Span<UInt8>
  ) throws(ManifestError) -> [UInt8] {
    // "Signature1" in ASCII, or as much of it; "MAC0".
    let signature1: InlineArray<10, UInt8> = [
      0x53, 0x69, 0x67, 0x6e, 0x61, 0x74, 0x75, 0x72, 0x65, 0x31,
    ]
    let mac0: InlineArray<4, UInt8> = [0x4d, 0x41, 0x43, 0x30]
    let capacity = 64 + body.count + signer.count + externalData.count + payload.count
    return try parsing { () throws(ParseError) in
      var bytes = [UInt8](repeating: 0, count: capacity)
      var writer = CBORWriter(bytes.mutableSpan)
      switch self {
      case .signature1:
        try writer.writeArrayHeader(4)
        try writer.writeTextString(signature1.span)
        try writer.writeByteString(COSEContext.withoutEmptyMap(body))
      case .signature:
        try writer.writeArrayHeader(5)
        try writer.writeTextString(signature1.span.extracting(0..<9))
        try writer.writeByteString(COSEContext.withoutEmptyMap(body))
        try writer.writeByteString(COSEContext.withoutEmptyMap(signer))
      case .mac0:
        try writer.writeArrayHeader(4)
        try writer.writeTextString(mac0.span)
        try writer.writeByteString(COSEContext.withoutEmptyMap(body))
      }
      try writer.writeByteString(externalData)
      try writer.writeByteString(payload)
      let count = writer.count
      bytes.removeLast(capacity - count)
      return bytes
    }
  }

  /// No headers are no bytes, also where the document has an encoded empty map.
  @_lifetime(copy headers)
  private static func withoutEmptyMap(_ headers: Span<UInt8>) -> Span<UInt8> {
    headers.count == 1 && headers[0] == 0xa0 ? headers.extracting(0..<0) : headers
  }
}
