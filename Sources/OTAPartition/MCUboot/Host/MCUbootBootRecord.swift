#if !hasFeature(Embedded)
public import OTACore

/// A record for measured boot: what MCUboot hands to the firmware for its attestation.
///
/// - Note: Source: `imgtool`, `boot_record.py`; the numbers are those of the claims on software components in Arm's PSA
///   Attestation API 1.0. The entries are not in the order of deterministic CBOR: the measurement is the last one, since
///   MCUboot writes the hash of the image over its zeros.
public struct MCUbootBootRecord: Equatable, Sendable {
  /// The most bytes that ``softwareType`` may have.
  public static let maximumTypeSize = 12

  /// What the image is for, such as `SPE`.
  public var softwareType: String
  /// The version, without the number of the build.
  public var version: String
  /// The hash of the key that signed.
  public var signerID: [UInt8]
  /// The name of the hash function, such as `SHA256`.
  public var measurementDescription: String
  /// Room for the hash of the image: zeros.
  public var measurement: [UInt8]

  /// Makes a record from its parts.
  public init(
    softwareType: String, version: String, signerID: [UInt8], measurementDescription: String,
    measurement: [UInt8]
  ) {
    self.softwareType = softwareType
    self.version = version
    self.signerID = signerID
    self.measurementDescription = measurementDescription
    self.measurement = measurement
  }

  /// Reads a record.
  ///
  /// - Parameter bytes: the value of a TLV ``MCUbootTLVType/bootRecord``; at most 1 KiB.
  /// - Throws: a `ParseError` for anything but such a record, with each entry once, in any order.
  public init(parsing bytes: Span<UInt8>) throws(ParseError) {
    guard bytes.count <= 1024 else { throw ParseError(.limitExceeded, at: 0) }
    var reader = CBORReader(bytes)
    guard try reader.readMapHeader() == 5 else { throw ParseError(.invalidValue, at: 0) }
    var texts: [Int64: String] = [:]
    var strings: [Int64: [UInt8]] = [:]
    for _ in 0..<5 {
      let offset = reader.offset
      let key = try reader.readInteger()
      guard texts[key] == nil, strings[key] == nil else { throw ParseError(.invalidValue, at: offset) }
      switch key {
      case 1, 4, 6: texts[key] = String(decoding: try reader.readTextString().octets, as: UTF8.self)
      case 2, 5: strings[key] = try reader.readByteString().octets
      default: throw ParseError(.unsupported, at: offset)
      }
    }
    try reader.requireEnd()
    guard let softwareType = texts[1], let version = texts[4], let description = texts[6],
      let measurement = strings[2], let signerID = strings[5]
    else { throw ParseError(.invalidValue, at: 0) }
    self.init(
      softwareType: softwareType, version: version, signerID: signerID, measurementDescription: description,
      measurement: measurement)
  }

  /// Writes the record as `imgtool` does.
  ///
  /// - Returns: the value of a TLV.
  /// - Throws: kind `ParseError.Kind.capacityExceeded` for more than 1 KiB.
  public func encoded() throws(ParseError) -> [UInt8] {
    try [UInt8](cborUpTo: 1024) { (writer) throws(ParseError) in
      try writer.writeMapHeader(5)
      for (key, text) in [(1, softwareType), (4, version)] as [(UInt64, String)] {
        try writer.writeUnsigned(key)
        try writer.writeTextString(Array(text.utf8).span)
      }
      try writer.writeUnsigned(5)
      try writer.writeByteString(signerID.span)
      try writer.writeUnsigned(6)
      try writer.writeTextString(Array(measurementDescription.utf8).span)
      try writer.writeUnsigned(2)
      try writer.writeByteString(measurement.span)
    }
  }
}
#endif
