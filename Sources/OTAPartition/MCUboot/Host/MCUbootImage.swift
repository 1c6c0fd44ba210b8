#if !hasFeature(Embedded)
public import OTACore
public import OTACrypto

/// An image of MCUboot to be written: everything but the firmware and the key.
///
/// What it writes is what `imgtool sign --pad-header` writes for the same values, byte for byte.
public struct MCUbootImage: Equatable, Sendable {
  /// A protected TLV with a meaning of the vendor's.
  public struct VendorTLV: Equatable, Sendable {
    /// The number of its type, from 0x00a0 to 0xfffe.
    public var rawType: UInt16
    /// Its value.
    public var value: [UInt8]

    /// Makes a TLV from its parts.
    public init(rawType: UInt16, value: [UInt8]) {
      self.rawType = rawType
      self.value = value
    }
  }

  /// How the image names the key that signed it.
  public enum KeyFormat: UInt8, Sendable, CaseIterable {
    /// By the hash of the key, which is what boot loaders expect unless they are told otherwise.
    case hash
    /// By the key itself.
    case full
  }

  /// The version of the image.
  public var version: MCUbootVersion
  /// How many bytes come before the firmware, at least ``MCUbootHeader/minimumSize``: where the vector table of the
  /// firmware must be aligned, that is its alignment.
  public var headerSize: UInt16
  /// What is between the fields of the header and the firmware: what the flash reads when it is erased.
  public var paddingByte: UInt8
  /// Where the image is copied to, or was linked for; see ``flags``.
  public var loadAddress: UInt32
  /// What kind of image it is.
  public var flags: MCUbootFlags
  /// The security counter, if there shall be one.
  public var securityCounter: UInt32?
  /// The record for measured boot, as CBOR, if there shall be one of the caller's.
  public var bootRecord: [UInt8]?
  /// What the image is for: then there is an ``MCUbootBootRecord`` that says it, with the version and the key, in the
  /// place of ``bootRecord``.
  public var softwareType: String?
  /// Images that must be there, at most ``MCUbootContents/maximumDependencyCount``.
  public var dependencies: [MCUbootDependency]
  /// The identifier of the vendor, if there shall be one.
  public var vendorID: UniversalIdentifier?
  /// The identifier of the class of devices, if there shall be one.
  public var classID: UniversalIdentifier?
  /// What the vendor wants to say besides; signed.
  public var vendorTLVs: [VendorTLV]
  /// How the image names the key that signed it.
  public var keyFormat: KeyFormat

  /// Makes the description of an image without protected TLVs; set the other properties afterwards.
  public init(version: MCUbootVersion, headerSize: UInt16 = 32) {
    self.version = version
    self.headerSize = headerSize
    paddingByte = 0xff
    loadAddress = 0
    flags = []
    dependencies = []
    vendorTLVs = []
    keyFormat = .hash
  }

  /// The security counter that `imgtool --security-counter auto` makes of the version: without the number of the build.
  public static func securityCounter(of version: MCUbootVersion) -> UInt32 {
    UInt32(version.major) << 24 | UInt32(version.minor) << 16 | UInt32(version.revision)
  }

  /// Writes an image that has a hash and no signature.
  ///
  /// - Parameters:
  ///   - firmware: the firmware, without a header.
  ///   - hash: SHA-256, SHA-384 or SHA-512.
  /// - Returns: the image.
  /// - Throws: ``MCUbootError/headerTooShort``, ``MCUbootError/emptyImage``, ``MCUbootError/tooManyDependencies``;
  ///   ``MCUbootError/encrypted``, ``MCUbootError/compressed`` or ``MCUbootError/unknownFlags(_:)`` for flags that
  ///   promise what is not done here; ``MCUbootError/reservedType(_:)`` for a TLV that is not the vendor's;
  ///   ``MCUbootError/tooLarge``, also for a ``softwareType`` of more than ``MCUbootBootRecord/maximumTypeSize`` bytes;
  ///   ``MCUbootError/crypto(_:)`` for another hash function.
  public func unsigned<Hash: HashFunction & ~Copyable>(
    _ firmware: [UInt8], using hash: Hash.Type
  ) throws(MCUbootError) -> [UInt8] {
    let parts = try hashed(firmware, keyHash: nil, encryption: nil, using: hash)
    let tlvs = [(try Self.type(of: Hash.algorithm).rawValue, parts.digest.bytes.octets)]
    return parts.header + parts.firmware + parts.protected + (try Self.area(MCUbootTLV.areaMagic, tlvs))
  }

  /// Writes an image that has a hash and a signature over it.
  ///
  /// - Parameters:
  ///   - firmware: the firmware, without a header.
  ///   - signer: signs the hash with Ed25519.
  ///   - hash: SHA-256, which is what boot loaders expect unless they are told otherwise, or SHA-512.
  /// - Returns: the image.
  /// - Throws: what ``unsigned(_:using:)`` throws; ``MCUbootError/crypto(_:)`` if the signer gives no signature.
  public func signed<Hash: HashFunction & ~Copyable>(
    _ firmware: [UInt8], by signer: some Signer, using hash: Hash.Type
  ) async throws(MCUbootError) -> [UInt8] {
    try await signed(firmware, by: MCUbootMessageSigner(signer), using: hash)
  }

  /// Writes an image that has a hash and a signature over it, and may be encrypted.
  ///
  /// - Parameters:
  ///   - firmware: the firmware, without a header.
  ///   - signer: signs the hash.
  ///   - hash: a function that the signer signs hashes of.
  ///   - encryption: encrypts the firmware; `nil` leaves it as it is.
  ///   - isClear: with an encryption, only prepares it: flag and key are there, the firmware is as it was, for the
  ///     primary slot of a device that encrypts its other slot.
  /// - Returns: the image. Zeros are put behind firmware that is to be encrypted until header and firmware together are a
  ///   multiple of 16 bytes.
  /// - Throws: what ``unsigned(_:using:)`` throws; ``MCUbootError/hashNotOfKey(_:)`` for a hash that the signer does not
  ///   sign; ``MCUbootError/crypto(_:)`` if the signer gives no signature, or the encryption fails.
  public func signed<Hash: HashFunction & ~Copyable>(
    _ firmware: [UInt8], by signer: some MCUbootImageSigner, using hash: Hash.Type,
    encryptedBy encryption: (any MCUbootImageEncryption)? = nil, isClear: Bool = false
  ) async throws(MCUbootError) -> [UInt8] {
    let type = try Self.type(of: Hash.algorithm)
    guard signer.signs(Hash.algorithm) else { throw .hashNotOfKey(type) }
    let encoded = signer.encodedPublicKey
    let keyHash = Hash.digest(of: encoded.span).bytes.octets
    var parts = try hashed(firmware, keyHash: keyHash, encryption: encryption, using: hash)
    var tlvs = [(type.rawValue, parts.digest.bytes.octets)]
    switch keyFormat {
    case .hash: tlvs.append((MCUbootTLVType.keyHash.rawValue, keyHash))
    case .full: tlvs.append((MCUbootTLVType.publicKey.rawValue, encoded))
    }
    do throws(CryptoError) {
      let hashed = parts.header + parts.firmware + parts.protected
      let signature = try await signer.signature(over: parts.digest, of: hashed)
      tlvs.append((signer.signatureType.rawValue, signature))
      if let encryption {
        var contents = parts.firmware
        tlvs.append((encryption.contentKeyType.rawValue, try encryption.encrypt(&contents)))
        guard contents.count == parts.firmware.count else { throw .unavailable }
        if !isClear { parts.firmware = contents }
      }
    } catch {
      throw .crypto(error)
    }
    return parts.header + parts.firmware + parts.protected + (try Self.area(MCUbootTLV.areaMagic, tlvs))
  }

  /// Everything that is hashed, and its hash.
  private struct Parts {
    /// With its padding.
    var header: [UInt8]
    var firmware: [UInt8]
    /// The area of protected TLVs, or nothing.
    var protected: [UInt8]
    var digest: Digest
  }

  private func hashed<Hash: HashFunction & ~Copyable>(
    _ firmware: [UInt8], keyHash: [UInt8]?, encryption: (any MCUbootImageEncryption)?, using hash: Hash.Type
  ) throws(MCUbootError) -> Parts {
    guard headerSize >= MCUbootHeader.minimumSize else { throw .headerTooShort }
    guard !firmware.isEmpty else { throw .emptyImage }
    try flags.requireSupported()
    var flags = flags
    var firmware = firmware
    if let encryption {
      flags.insert(encryption.contentKeySize == 32 ? .encryptedAES256 : .encryptedAES128)
      let odd = (Int(headerSize) + firmware.count) % 16
      if odd > 0 { firmware += [UInt8](repeating: 0, count: 16 - odd) }
    }
    let protected = try protectedArea(hashType: Self.type(of: Hash.algorithm), keyHash: keyHash)
    // Behind the protected area comes one more of at most 65,535 bytes; readers count all of it in 32 bits.
    let limit = Int(UInt32.max) - Int(headerSize) - 2 * Int(UInt16.max)
    guard let imageSize = UInt32(exactly: firmware.count), firmware.count <= limit else { throw .tooLarge }
    let fields = MCUbootHeader(
      loadAddress: loadAddress, headerSize: headerSize, protectedTLVSize: UInt16(protected.count),
      imageSize: imageSize, flags: flags, version: version)
    var header: [UInt8]
    do throws(ParseError) {
      header = try [UInt8](capacity: MCUbootHeader.minimumSize) { writer throws(ParseError) in
        try fields.serialize(into: &writer)
      }
    } catch {
      throw .tooLarge
    }
    header += [UInt8](repeating: paddingByte, count: Int(headerSize) - header.count)
    var function = Hash()
    for part in [header, firmware, protected] { function.update(part.span) }
    return Parts(header: header, firmware: firmware, protected: protected, digest: function.finalize())
  }

  /// The area of protected TLVs, in the order of `imgtool`; empty if there is none.
  ///
  /// - Parameters:
  ///   - hashType: the type of the image's hash.
  ///   - keyHash: the hash of the key that will sign, if one will.
  /// - Returns: the area.
  /// - Throws: an error of the description.
  private func protectedArea(hashType: MCUbootTLVType, keyHash: [UInt8]?) throws(MCUbootError) -> [UInt8] {
    guard dependencies.count <= MCUbootContents.maximumDependencyCount else { throw .tooManyDependencies }
    var tlvs: [(UInt16, [UInt8])] = []
    if let securityCounter {
      tlvs.append((MCUbootTLVType.securityCounter.rawValue, securityCounter.littleEndianOctets))
    }
    if let bootRecord = try encodedBootRecord(hashType, keyHash) {
      tlvs.append((MCUbootTLVType.bootRecord.rawValue, bootRecord))
    }
    for dependency in dependencies {
      tlvs.append((MCUbootTLVType.dependency.rawValue, dependency.octets))
    }
    if let vendorID { tlvs.append((MCUbootTLVType.vendorIdentifier.rawValue, vendorID.octets)) }
    if let classID { tlvs.append((MCUbootTLVType.classIdentifier.rawValue, classID.octets)) }
    for tlv in vendorTLVs {
      guard MCUbootTLV.isVendor(tlv.rawType) else { throw .reservedType(tlv.rawType) }
      tlvs.append((tlv.rawType, tlv.value))
    }
    return tlvs.isEmpty ? [] : try Self.area(MCUbootTLV.protectedAreaMagic, tlvs)
  }

  private func encodedBootRecord(
    _ hashType: MCUbootTLVType, _ keyHash: [UInt8]?
  ) throws(MCUbootError) -> [UInt8]? {
    guard let softwareType else { return bootRecord }
    guard softwareType.utf8.count <= MCUbootBootRecord.maximumTypeSize else { throw .tooLarge }
    let record = MCUbootBootRecord(
      softwareType: softwareType, version: "\(version.major).\(version.minor).\(version.revision)",
      // Without a key, `imgtool` has zeros as for SHA-256.
      signerID: keyHash ?? [UInt8](repeating: 0, count: 32), measurementDescription: hashType.description,
      measurement: [UInt8](repeating: 0, count: Int(hashType.hashSize)))
    do throws(ParseError) {
      return try record.encoded()
    } catch {
      throw .tooLarge
    }
  }

  private static func area(_ magic: UInt16, _ tlvs: [(UInt16, [UInt8])]) throws(MCUbootError) -> [UInt8] {
    var values: [UInt8] = []
    for (type, value) in tlvs {
      guard let count = UInt16(exactly: value.count) else { throw .tooLarge }
      values += MCUbootHead(type, count).bytes.span.octets + value
    }
    guard let count = UInt16(exactly: values.count + Int(MCUbootTLV.headSize)) else { throw .tooLarge }
    return MCUbootHead(magic, count).bytes.span.octets + values
  }

  private static func type(of algorithm: DigestAlgorithm) throws(MCUbootError) -> MCUbootTLVType {
    switch algorithm {
    case .sha256: .sha256
    case .sha384: .sha384
    case .sha512: .sha512
    case .shake256, .blake2b256, .sha3Bits256, .sha3Bits384, .sha3Bits512:
      throw .crypto(.unsupportedAlgorithm)
    }
  }
}

extension UInt32 {
  fileprivate var littleEndianOctets: [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: self >> UInt32(8 * $0)) }
  }
}

extension UniversalIdentifier {
  fileprivate var octets: [UInt8] {
    [high, low].flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * $0)) } }
  }
}

extension MCUbootDependency {
  fileprivate var octets: [UInt8] {
    let version = minimumVersion
    let revision = [UInt8(truncatingIfNeeded: version.revision), UInt8(version.revision >> 8)]
    return [image, 0, 0, 0, version.major, version.minor] + revision + version.build.littleEndianOctets
  }
}
#endif
