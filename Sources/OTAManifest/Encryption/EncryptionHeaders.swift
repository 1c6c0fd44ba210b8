import OTACore
import OTACrypto

/// The headers of a COSE_Encrypt or of one of its recipients, collected from both maps.
struct EncryptionHeaders {
  static var algorithm: Int64 { 1 }
  static var keyIdentifier: Int64 { 4 }
  static var nonce: Int64 { 5 }
  static var ephemeralKey: Int64 { -1 }
  static var salt: Int64 { -20 }

  var algorithm: Int64?
  var isAlgorithmProtected = false
  var keyIdentifier: Range<Int>?
  var nonce: Range<Int>?
  var ephemeralKey: (x: Range<Int>, y: Range<Int>)?
  var salt: Range<Int>?

  /// Reads the protected map: a string of no bytes, or one with a map.
  mutating func readProtected(
    _ range: Range<Int>, of bytes: Span<UInt8>, limits: Limits
  ) throws(ManifestError) {
    guard !range.isEmpty else { return }
    var inner = CBORReader(bytes.extracting(range), limits: limits, origin: range.lowerBound)
    try read(&inner, of: bytes, isProtected: true, limits: limits)
    try requireEnd(inner)
  }

  /// Reads one of the two maps.
  ///
  /// - Throws: ``ManifestError/unsupportedHeader(_:)`` for a label outside the profile, for one in both maps, and for one in
  ///   the wrong map.
  mutating func read(
    _ reader: inout CBORReader, of bytes: Span<UInt8>, isProtected: Bool, limits: Limits
  ) throws(ManifestError) {
    let count = try readMapHeader(&reader)
    var previous: Int64?
    for _ in 0..<count {
      let label = try readKey(&reader, after: &previous)
      switch label {
      case EncryptionHeaders.algorithm where algorithm == nil:
        algorithm = try readInteger(&reader)
        isAlgorithmProtected = isProtected
      case EncryptionHeaders.keyIdentifier where !isProtected:
        keyIdentifier = try readByteStringRange(&reader)
      case EncryptionHeaders.nonce where !isProtected:
        nonce = try readByteStringRange(&reader)
      case EncryptionHeaders.ephemeralKey where !isProtected:
        ephemeralKey = try EncryptionHeaders.readKeyOnP256(&reader)
      case EncryptionHeaders.salt where !isProtected:
        salt = try readByteStringRange(&reader)
      default:
        throw .unsupportedHeader(label)
      }
    }
  }

  /// Reads a COSE_Key on P-256 with both coordinates.
  ///
  /// - Note: Source: RFC 9053, section 7.1.1. A compressed point is not read: project decision, Docs/EncryptedPayloads.md.
  private static func readKeyOnP256(
    _ reader: inout CBORReader
  ) throws(ManifestError) -> (x: Range<Int>, y: Range<Int>) {
    let start = reader.offset
    let count = try readMapHeader(&reader)
    var previous: Int64?
    var x: Range<Int>?
    var y: Range<Int>?
    var type: Int64 = 0
    var curve: Int64 = 0
    for _ in 0..<count {
      switch try readKey(&reader, after: &previous) {
      case 1: type = try readInteger(&reader)
      case -1: curve = try readInteger(&reader)
      case -2: x = try readByteStringRange(&reader)
      case -3: y = try readByteStringRange(&reader)
      default: throw .malformed(ParseError(.unsupported, at: start))
      }
    }
    guard type == 2, curve == 1 else { throw .crypto(.unsupportedAlgorithm) }
    guard let x, let y, x.count == 32, y.count == 32 else {
      throw .malformed(ParseError(.invalidValue, at: start))
    }
    return (x, y)
  }
}
