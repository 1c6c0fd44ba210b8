import OTACore
import OTACrypto

/// The headers that are understood, collected from both maps of a structure.
struct COSEHeaders {
  static var algorithm: Int64 { 1 }
  static var critical: Int64 { 2 }
  static var keyIdentifier: Int64 { 4 }
  /// Of this project: the labels below -65536 are for private use.
  static var cosigners: Int64 { -65537 }
  /// The most keys that the header with the cosigners names.
  static var maximumCosignerCount: Int { 8 }

  /// The protected headers as they stand in the document.
  var protected: Range<Int>
  var algorithm: Int64?
  var keyIdentifier: Range<Int>?
  /// The identifiers of all keys that sign, one behind the other; their number is right.
  var cosigners: Range<Int>?

  /// Consumes the protected headers and, behind them, the others.
  ///
  /// - Throws: ``ManifestError/malformed(_:)``; ``ManifestError/unsupportedHeader(_:)`` for headers that the profile does
  ///   not accept.
  init(
    _ reader: inout CBORReader, of document: Span<UInt8>, profile: COSEProfile, limits: Limits
  ) throws(ManifestError) {
    protected = try readByteStringRange(&reader)
    if !protected.isEmpty {
      var inner = CBORReader(document.extracting(protected), limits: limits, origin: protected.lowerBound)
      try readMap(&inner, isProtected: true, profile: profile)
      try requireEnd(inner)
    }
    try readMap(&reader, isProtected: false, profile: profile)
  }

  private mutating func readMap(
    _ reader: inout CBORReader, isProtected: Bool, profile: COSEProfile
  ) throws(ManifestError) {
    // The order of the keys, which may be texts too, and the form of all that is passed over.
    var whole = reader
    do throws(ParseError) { _ = try whole.readItem() } catch { throw .malformed(error) }
    let count = try readMapHeader(&reader)
    for _ in 0..<count {
      if profile == .documents, reader.peekType() == .textString {
        try skip(&reader)
        try skip(&reader)
        continue
      }
      let label = try readInteger(&reader)
      switch label {
      case COSEHeaders.algorithm where algorithm == nil && (isProtected || profile == .documents):
        // A name instead of a number: none is known.
        if profile == .documents, reader.peekType() == .textString { throw .crypto(.unsupportedAlgorithm) }
        algorithm = try readInteger(&reader)
      case COSEHeaders.keyIdentifier where keyIdentifier == nil:
        keyIdentifier = try readByteStringRange(&reader)
      case COSEHeaders.cosigners where isProtected:
        cosigners = try COSEHeaders.readCosigners(&reader)
      case COSEHeaders.algorithm, COSEHeaders.critical, COSEHeaders.keyIdentifier, COSEHeaders.cosigners:
        throw .unsupportedHeader(label)
      default:
        guard profile == .documents else { throw .unsupportedHeader(label) }
        try skip(&reader)
      }
    }
  }

  private static func readCosigners(_ reader: inout CBORReader) throws(ManifestError) -> Range<Int> {
    let offset = reader.offset
    let range = try readByteStringRange(&reader)
    let size = KeyIdentifier.byteCount
    guard !range.isEmpty, range.count % size == 0, range.count / size <= maximumCosignerCount else {
      throw .malformed(ParseError(.invalidValue, at: offset))
    }
    return range
  }

  private func skip(_ reader: inout CBORReader) throws(ManifestError) {
    do throws(ParseError) { _ = try reader.readItem() } catch { throw .malformed(error) }
  }
}

extension COSEHeaders {
  /// Encodes the protected headers that this library writes.
  ///
  /// - Parameters:
  ///   - key: who is going to sign.
  ///   - cosigners: all keys that are going to sign, if this is to be said.
  /// - Returns: the encoded map.
  /// - Throws: ``ManifestError/limitExceeded(_:)`` for more than ``maximumCosignerCount``.
  static func encoded(for key: PublicKey, cosigners: [KeyIdentifier]) throws(ManifestError) -> [UInt8] {
    guard cosigners.count <= maximumCosignerCount else { throw .limitExceeded(.envelope) }
    let identifier = KeyIdentifier(of: key)
    return try parsing { () throws(ParseError) in
      try [UInt8](cborUpTo: 64 + KeyIdentifier.byteCount * cosigners.count) { (writer) throws(ParseError) in
        try writer.writeMapHeader(cosigners.isEmpty ? 2 : 3)
        try writer.writeInteger(algorithm)
        try writer.writeInteger(Int64(key.algorithm.rawValue))
        try writer.writeInteger(keyIdentifier)
        try writer.writeByteString(identifier.bytes)
        if !cosigners.isEmpty {
          var all: [UInt8] = []
          for cosigner in cosigners {
            for index in 0..<KeyIdentifier.byteCount { all.append(cosigner.bytes[index]) }
          }
          try writer.writeInteger(COSEHeaders.cosigners)
          try writer.writeByteString(all.span)
        }
      }
    }
  }
}
