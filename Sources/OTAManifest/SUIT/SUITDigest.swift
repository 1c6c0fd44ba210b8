import OTACore

/// Consumes a SUIT_Digest: `[algorithm, bytes]`.
///
/// - Throws: ``ManifestError/invalid(_:)`` with ``ManifestError/Field/digestAlgorithm`` for an algorithm that this
///   library does not know.
/// - Note: Source: draft-ietf-suit-manifest-37, section 10; extensions behind the two items are not known and refused.
func readDigest(_ reader: inout CBORReader) throws(ManifestError) -> Digest {
  let start = reader.offset
  guard try readArrayHeader(&reader) == 2 else { throw .malformed(ParseError(.invalidValue, at: start)) }
  let number = try readInteger(&reader)
  guard let small = Int32(exactly: number), let algorithm = DigestAlgorithm(rawValue: small) else {
    throw .invalid(.digestAlgorithm)
  }
  let offset = reader.offset
  do throws(ParseError) {
    let bytes = try reader.readByteString()
    guard bytes.count == algorithm.byteCount else { throw ParseError(.invalidValue, at: offset) }
    return try Digest(algorithm: algorithm, bytes: bytes)
  } catch {
    throw .malformed(error)
  }
}

/// Consumes a byte string that wraps one SUIT_Digest.
func readWrappedDigest(_ reader: inout CBORReader, of document: Span<UInt8>) throws(ManifestError) -> Digest {
  let range = try readByteStringRange(&reader)
  var inner = CBORReader(document.extracting(range), origin: range.lowerBound)
  let digest = try readDigest(&inner)
  try requireEnd(inner)
  return digest
}

extension CBORWriter {
  /// Appends a SUIT_Digest.
  @_lifetime(self: copy self)
  mutating func write(_ digest: Digest) throws(ParseError) {
    try writeArrayHeader(2)
    try writeInteger(Int64(digest.algorithm.rawValue))
    try writeByteString(digest.bytes)
  }
}
