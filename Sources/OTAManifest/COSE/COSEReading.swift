import OTACore
import OTACrypto

/// Consumes the tag of a structure.
///
/// - Throws: ``ManifestError/crypto(_:)`` with `CryptoError.unsupportedAlgorithm` if it is that of another structure that
///   signs or authenticates: COSE_Mac0, COSE_Sign1, COSE_Mac, COSE_Sign.
func readCOSETag(_ reader: inout CBORReader, _ expected: UInt64) throws(ManifestError) {
  let offset = reader.offset
  let tag = try readTag(&reader)
  guard tag != expected else { return }
  switch tag {
  case 17, 18, 97, 98: throw .crypto(.unsupportedAlgorithm)
  default: throw .malformed(ParseError(.invalidValue, at: offset))
  }
}

/// Consumes a payload; `nil` if it is detached.
func readPayload(_ reader: inout CBORReader) throws(ManifestError) -> Range<Int>? {
  guard reader.isNextNull() else { return try readByteStringRange(&reader) }
  try readNull(&reader)
  return nil
}

/// Puts a tagged structure together that has no unprotected headers: headers, payload, and a signature or tag behind it.
func encodedCOSE(
  tag: UInt64, protectedHeaders: [UInt8], payload: [UInt8]?, last: [UInt8]
) throws(ManifestError) -> [UInt8] {
  let capacity = 64 + protectedHeaders.count + (payload?.count ?? 0) + last.count
  return try parsing { () throws(ParseError) in
    try [UInt8](cborUpTo: capacity) { (writer) throws(ParseError) in
      try writer.writeTag(tag)
      try writer.writeArrayHeader(4)
      try writer.writeByteString(protectedHeaders.span)
      try writer.writeMapHeader(0)
      if let payload {
        try writer.writeByteString(payload.span)
      } else {
        try writer.writeNull()
      }
      try writer.writeByteString(last.span)
    }
  }
}
