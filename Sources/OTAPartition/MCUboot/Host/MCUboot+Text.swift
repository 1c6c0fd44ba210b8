#if !hasFeature(Embedded)
import OTACore
import OTACrypto

extension MCUbootVersion: CustomStringConvertible {
  /// `major.minor.revision+build`, as `imgtool` writes it.
  public var description: String { "\(major).\(minor).\(revision)+\(build)" }

  /// Reads `major`, `major.minor` or `major.minor.revision`, each with or without `+build`; `nil` for anything else.
  public init?(_ text: String) {
    let halves = text.split(separator: "+", omittingEmptySubsequences: false)
    guard halves.count <= 2, halves.allSatisfy({ $0.allSatisfy { ".0123456789".contains($0) } }) else {
      return nil
    }
    let parts = halves[0].split(separator: ".", omittingEmptySubsequences: false)
    guard (1...3).contains(parts.count), let major = UInt8(parts[0]),
      let minor = parts.count > 1 ? UInt8(parts[1]) : 0,
      let revision = parts.count > 2 ? UInt16(parts[2]) : 0,
      let build = halves.count > 1 ? UInt32(halves[1]) : 0
    else { return nil }
    self.init(major, minor, revision, build: build)
  }
}

// The default implementations of sets make arrays, so bare metal does without.
extension MCUbootFlags: OptionSet {}

extension MCUbootTLVType: CustomStringConvertible {
  /// The name that `imgtool` has for it; where it has none, that of MCUboot.
  public var description: String {
    switch self {
    case .keyHash: "KEYHASH"
    case .publicKey: "PUBKEY"
    case .sha256: "SHA256"
    case .sha384: "SHA384"
    case .sha512: "SHA512"
    case .rsa2048: "RSA2048"
    case .ecdsa224: "ECDSA224"
    case .ecdsa: "ECDSASIG"
    case .rsa3072: "RSA3072"
    case .ed25519: "ED25519"
    case .pureSignature: "SIG_PURE"
    case .encryptedKeyRSA2048: "ENCRSA2048"
    case .encryptedKeyAES: "ENCKW"
    case .encryptedKeyP256: "ENCEC256"
    case .encryptedKeyX25519: "ENCX25519"
    case .encryptedKeyX25519SHA512: "ENCX25519_SHA512"
    case .dependency: "DEPENDENCY"
    case .securityCounter: "SEC_CNT"
    case .bootRecord: "BOOT_RECORD"
    case .decompressedSize: "DECOMP_SIZE"
    case .decompressedHash: "DECOMP_SHA"
    case .decompressedSignature: "DECOMP_SIGNATURE"
    case .compressedDecryptedSize: "COMP_DEC_SIZE"
    case .vendorIdentifier: "UUID_VID"
    case .classIdentifier: "UUID_CID"
    }
  }
}

extension MCUbootError: CustomStringConvertible {
  /// One clause for people, without a capital and without a full stop.
  public var description: String {
    switch self {
    case .flash(let error): "the flash cannot be read: \(error)"
    case .crypto(let error): error.description
    case .noImage: "there is no image of MCUboot"
    case .headerTooShort: "the header is shorter than \(MCUbootHeader.minimumSize) bytes"
    case .emptyImage: "there is no firmware in it"
    case .outOfSlot: "header, firmware or TLVs run out of the slot"
    case .noTLVArea: "no area of TLVs follows the firmware"
    case .protectedSizeMismatch: "the area of protected TLVs has not the size that the header says"
    case .malformedTLVArea: "a TLV runs out of its area"
    case .invalidLength(let type): "the TLV \(type) has a length that it cannot have"
    case .duplicate(let type): "a TLV of the kind of \(type) is there twice"
    case .misplaced(let number): "the TLV \(number) stands in the wrong area"
    case .unknownType(let number): "the TLV \(number) is reserved and has no known meaning"
    case .hashMissing: "it has no hash"
    case .signatureMissing: "it has no signature"
    case .keyMissing: "nothing before the signature says whose it is"
    case .encrypted: "it is encrypted"
    case .notEncrypted: "it is not encrypted"
    case .contentKeyMissing: "it is encrypted, and brings no key for its contents"
    case .contentKeyNotForKey(let type): "the key does not decrypt TLVs of type \(type)"
    case .compressed: "it is compressed, which is not supported"
    case .unknownFlags(let bits): "the bits \(bits) of the flags have no known meaning"
    case .unsupportedHash(let type): "hashes of type \(type) are not supported here"
    case .unsupportedSignature(let type): "signatures of type \(type) are not supported"
    case .signatureNotOfKey(let type): "the key that it names makes no signatures of type \(type)"
    case .hashNotOfKey(let type): "the key that it names does not sign hashes of type \(type)"
    case .pureSignature: "signatures over the image instead of its hash are not supported"
    case .tooManyDependencies: "more than \(MCUbootContents.maximumDependencyCount) dependencies"
    case .digestMismatch: "the image has not the hash that stands in it"
    case .keyNotTrusted: "the key that signed it is not trusted"
    case .tooManyKeys: "the set holds \(MCUbootKeys.capacity) keys and takes no more"
    case .securityCounterMissing: "it has no security counter"
    case .securityCounterTooLow: "the security counter is below that of the device"
    case .reservedType(let number): "\(number) is not the number of a TLV of vendors"
    case .tooLarge: "it is larger than the format can hold"
    }
  }
}
#endif
