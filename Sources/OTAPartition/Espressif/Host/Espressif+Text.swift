#if !hasFeature(Embedded)
import OTACore
import OTACrypto

extension EspressifText: CustomStringConvertible {
  /// The text; what is not UTF-8 is replaced.
  public var description: String {
    var octets: [UInt8] = []
    for index in 0..<bytes.count { octets.append(bytes[index]) }
    return String(decoding: octets, as: UTF8.self)
  }
}

extension EspressifChip: CustomStringConvertible {
  /// The name of the chip, or its number if that is not known.
  public var description: String { name ?? "0x" + String(rawValue, radix: 16) }

  /// The name of the chip; `nil` if the number is not known.
  ///
  /// - Note: Source: ESP-IDF, `esp_chip_id_t`.
  public var name: String? {
    switch rawValue {
    case 0x00: "ESP32"
    case 0x02: "ESP32-S2"
    case 0x05: "ESP32-C3"
    case 0x09: "ESP32-S3"
    case 0x0c: "ESP32-C2"
    case 0x0d: "ESP32-C6"
    case 0x10: "ESP32-H2"
    case 0x12: "ESP32-P4"
    case 0x14: "ESP32-C61"
    case 0x17: "ESP32-C5"
    case 0x19: "ESP32-H21"
    case 0x1c: "ESP32-H4"
    case 0x20: "ESP32-S31"
    default: nil
    }
  }
}

extension EspressifSignatureScheme: CustomStringConvertible {
  /// The name for people.
  public var description: String {
    switch self {
    case .rsa3072: "RSA-3072"
    case .p256: "ECDSA P-256"
    case .p384: "ECDSA P-384"
    }
  }
}

extension EspressifError: CustomStringConvertible {
  /// One clause for people, without a capital and without a full stop.
  public var description: String {
    switch self {
    case .flash(let error): "the flash cannot be read: \(error)"
    case .crypto(let error): error.description
    case .noImage: "there is no image of ESP-IDF"
    case .segmentCount(let count):
      "\(count) segments, where 1 to \(EspressifHeader.maximumSegmentCount) can be"
    case .invalidHeader: "the header does not say whether a SHA-256 is appended"
    case .segmentLength(let index): "the length of segment \(index) is not a multiple of four"
    case .outOfSlot: "header, segments or checksum run out of the end"
    case .checksumMismatch: "the checksum over the segments is wrong"
    case .digestMismatch: "the image has not the SHA-256 that is appended to it"
    case .unsupportedHash(let algorithm): "the hash \(algorithm) is not the one that is needed here"
    case .signatureMissing: "it has no signature"
    case .signatureDamaged: "its signatures are damaged, or of an unknown kind"
    case .unsupportedCurve(let number): "signatures on the curve with the number \(number) are not supported"
    case .signedDigestMismatch: "the image is not the one that was signed"
    case .keyNotTrusted: "the key that signed it is not trusted"
    case .tooManyKeys: "the set holds \(EspressifKeyDigests.capacity) keys and takes no more"
    case .wrongChip(let chip): "it is for the chip \(chip)"
    case .wrongRevision: "it is not for this revision of the chip"
    case .descriptionMissing: "it does not begin with a description of the application"
    case .secureVersionTooLow: "the security version is below that of the device"
    case .tooManySignatures: "it has \(EspressifSignatureBlock.maximumCount) signatures, and takes no more"
    }
  }
}
#endif
