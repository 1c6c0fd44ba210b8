/// The types of TLVs that MCUboot has given a meaning; the raw value is their number.
///
/// - Note: Source: MCUboot, `IMAGE_TLV_*`.
public enum MCUbootTLVType: UInt16, Sendable {
  /// The hash of the public key, as DER, made with the function that hashes the image.
  case keyHash = 0x01
  /// The public key, as DER.
  case publicKey = 0x02
  /// SHA-256 of header, image and protected TLVs.
  case sha256 = 0x10
  /// SHA-384 of the same.
  case sha384 = 0x11
  /// SHA-512 of the same.
  case sha512 = 0x12
  /// A signature with RSA-2048 (PSS).
  case rsa2048 = 0x20
  /// A signature with ECDSA over P-224, which nobody uses any more.
  case ecdsa224 = 0x21
  /// A signature with ECDSA.
  case ecdsa = 0x22
  /// A signature with RSA-3072 (PSS).
  case rsa3072 = 0x23
  /// A signature with Ed25519 over the hash.
  case ed25519 = 0x24
  /// Says that the signature is over the image and not over its hash.
  case pureSignature = 0x25
  /// A key for the image, encrypted with RSA-OAEP.
  case encryptedKeyRSA2048 = 0x30
  /// A key for the image, wrapped with AES.
  case encryptedKeyAES = 0x31
  /// A key for the image, by ECIES over P-256.
  case encryptedKeyP256 = 0x32
  /// A key for the image, by ECIES over X25519.
  case encryptedKeyX25519 = 0x33
  /// A key for the image, by ECIES over X25519 with SHA-512.
  case encryptedKeyX25519SHA512 = 0x34
  /// Another image that must be there.
  case dependency = 0x40
  /// The security counter.
  case securityCounter = 0x50
  /// A record for measured boot, as CBOR.
  case bootRecord = 0x60
  /// The size of the decompressed image.
  case decompressedSize = 0x70
  /// The hash of the decompressed image.
  case decompressedHash = 0x71
  /// The signature of the decompressed image.
  case decompressedSignature = 0x72
  /// The size of the compressed image after decryption.
  case compressedDecryptedSize = 0x73
  /// The identifier of the vendor.
  case vendorIdentifier = 0x74
  /// The identifier of the class of devices.
  case classIdentifier = 0x75

  /// Whether it is a hash over the image.
  public var isHash: Bool { self == .sha256 || self == .sha384 || self == .sha512 }

  /// Whether it is a signature.
  public var isSignature: Bool { rawValue >= 0x20 && rawValue <= 0x24 }

  /// Whether it says how the image is encrypted.
  public var isEncryption: Bool { rawValue >= 0x30 && rawValue <= 0x34 }

  /// Whether it says how the image is compressed.
  public var isCompression: Bool { rawValue >= 0x70 && rawValue <= 0x73 }
}

/// Where one TLV is, and what it says of itself; nobody has verified it.
public struct MCUbootTLV: Equatable, Sendable {
  /// The number of its type.
  public var rawType: UInt16
  /// Its value, as a range of bytes of the flash device.
  public var value: Range<UInt32>

  /// Its type, if MCUboot has given the number a meaning.
  public var type: MCUbootTLVType? { MCUbootTLVType(rawValue: rawType) }

  /// Whether the number is free for vendors.
  ///
  /// - Note: Source: `imgtool`, which lets users write 0x00a0 to 0xfffe; `image.h` keeps the low bytes below 0xa0 back.
  public var isVendor: Bool { MCUbootTLV.isVendor(rawType) }

  /// Whether a number is free for vendors.
  public static func isVendor(_ rawType: UInt16) -> Bool { rawType >= 0x00a0 && rawType <= 0xfffe }

  /// The length of a head: of a TLV, and of an area.
  static var headSize: UInt32 { 4 }
  /// What the area of unprotected TLVs begins with.
  static var areaMagic: UInt16 { 0x6907 }
  /// What the area of protected TLVs begins with.
  static var protectedAreaMagic: UInt16 { 0x6908 }
}

/// The two numbers that stand before every TLV and every area.
struct MCUbootHead {
  var first: UInt16
  var second: UInt16

  /// Reads two numbers.
  init<Device: Flash & ~Copyable>(reading flash: inout Device, at offset: UInt32) throws(MCUbootError) {
    var buffer = InlineArray<4, UInt8>(repeating: 0)
    var window = buffer.mutableSpan
    try flash.readImage(into: &window, at: offset)
    first = UInt16(buffer[0]) | UInt16(buffer[1]) << 8
    second = UInt16(buffer[2]) | UInt16(buffer[3]) << 8
  }

  init(_ first: UInt16, _ second: UInt16) {
    self.first = first
    self.second = second
  }

  /// The same as bytes.
  var bytes: InlineArray<4, UInt8> {
    [
      UInt8(truncatingIfNeeded: first), UInt8(truncatingIfNeeded: first >> 8),
      UInt8(truncatingIfNeeded: second), UInt8(truncatingIfNeeded: second >> 8),
    ]
  }
}
