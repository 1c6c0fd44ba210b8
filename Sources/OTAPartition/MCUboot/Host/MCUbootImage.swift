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
  /// The record for measured boot, as CBOR, if there shall be one.
  public var bootRecord: [UInt8]?
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

  /// Writes an image that has a hash and no signature.
  ///
  /// - Parameters:
  ///   - firmware: the firmware, without a header.
  ///   - hash: SHA-256 or SHA-512.
  /// - Returns: the image.
  /// - Throws: ``MCUbootError/headerTooShort``, ``MCUbootError/emptyImage``, ``MCUbootError/tooManyDependencies``;
  ///   ``MCUbootError/encrypted``, ``MCUbootError/compressed`` or ``MCUbootError/unknownFlags(_:)`` for flags that
  ///   promise what is not done here; ``MCUbootError/reservedType(_:)`` for a TLV that is not the vendor's;
  ///   ``MCUbootError/tooLarge``; ``MCUbootError/crypto(_:)`` for another hash function.
  public func unsigned<Hash: HashFunction & ~Copyable>(
    _ firmware: [UInt8], using hash: Hash.Type
  ) throws(MCUbootError) -> [UInt8] {
    let (image, digest) = try hashed(firmware, using: hash)
    return image
      + (try Self.area(MCUbootTLV.areaMagic, [(try Self.type(of: digest).rawValue, digest.octets)]))
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
    guard signer.publicKey.algorithm == .ed25519 else { throw .crypto(.unsupportedAlgorithm) }
    let (image, digest) = try hashed(firmware, using: hash)
    let type = try Self.type(of: digest)
    let signature: [UInt8]
    do throws(CryptoError) {
      signature = try await signer.signature(for: digest.octets)
    } catch {
      throw .crypto(error)
    }
    guard signature.count == signer.publicKey.algorithm.signatureSize else { throw .crypto(.unavailable) }
    let encoded: [UInt8]
    do throws(ParseError) {
      encoded = try [UInt8](capacity: signer.publicKey.subjectPublicKeyInfoSize) {
        (writer) throws(ParseError) in
        try signer.publicKey.serializeSubjectPublicKeyInfo(into: &writer)
      }
    } catch {
      throw .crypto(.invalidKey)
    }
    let key: (UInt16, [UInt8]) =
      switch keyFormat {
      case .hash: (MCUbootTLVType.keyHash.rawValue, Hash.digest(of: encoded.span).octets)
      case .full: (MCUbootTLVType.publicKey.rawValue, encoded)
      }
    let tlvs = [(type.rawValue, digest.octets), key, (MCUbootTLVType.ed25519.rawValue, signature)]
    return image + (try Self.area(MCUbootTLV.areaMagic, tlvs))
  }

  /// Everything that is hashed, and its hash.
  private func hashed<Hash: HashFunction & ~Copyable>(
    _ firmware: [UInt8], using hash: Hash.Type
  ) throws(MCUbootError) -> (image: [UInt8], digest: Digest) {
    guard headerSize >= MCUbootHeader.minimumSize else { throw .headerTooShort }
    guard !firmware.isEmpty else { throw .emptyImage }
    try flags.requireSupported()
    let protected = try protectedArea()
    // Behind the protected area comes one more of at most 65,535 bytes; readers count all of it in 32 bits.
    let limit = Int(UInt32.max) - Int(headerSize) - 2 * Int(UInt16.max)
    guard let imageSize = UInt32(exactly: firmware.count), firmware.count <= limit else { throw .tooLarge }
    let header = MCUbootHeader(
      loadAddress: loadAddress, headerSize: headerSize, protectedTLVSize: UInt16(protected.count),
      imageSize: imageSize, flags: flags, version: version)
    var image: [UInt8] = []
    image.reserveCapacity(Int(headerSize) + firmware.count + protected.count + 256)
    do throws(ParseError) {
      image += try [UInt8](capacity: MCUbootHeader.minimumSize) { writer throws(ParseError) in
        try header.serialize(into: &writer)
      }
    } catch {
      throw .tooLarge
    }
    image += [UInt8](repeating: paddingByte, count: Int(headerSize) - image.count)
    image += firmware
    image += protected
    return (image, Hash.digest(of: image.span))
  }

  /// The area of protected TLVs, in the order of `imgtool`; empty if there is none.
  private func protectedArea() throws(MCUbootError) -> [UInt8] {
    guard dependencies.count <= MCUbootContents.maximumDependencyCount else { throw .tooManyDependencies }
    var tlvs: [(UInt16, [UInt8])] = []
    if let securityCounter {
      tlvs.append((MCUbootTLVType.securityCounter.rawValue, securityCounter.littleEndianOctets))
    }
    if let bootRecord { tlvs.append((MCUbootTLVType.bootRecord.rawValue, bootRecord)) }
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

  private static func area(_ magic: UInt16, _ tlvs: [(UInt16, [UInt8])]) throws(MCUbootError) -> [UInt8] {
    var values: [UInt8] = []
    for (type, value) in tlvs {
      guard let count = UInt16(exactly: value.count) else { throw .tooLarge }
      values += MCUbootHead(type, count).bytes.span.octets + value
    }
    guard let count = UInt16(exactly: values.count + Int(MCUbootTLV.headSize)) else { throw .tooLarge }
    return MCUbootHead(magic, count).bytes.span.octets + values
  }

  private static func type(of digest: Digest) throws(MCUbootError) -> MCUbootTLVType {
    switch digest.algorithm {
    case .sha256: .sha256
    case .sha512: .sha512
    case .sha384, .shake256, .blake2b256, .sha3Bits256, .sha3Bits384, .sha3Bits512:
      throw .crypto(.unsupportedAlgorithm)
    }
  }
}

extension Span<UInt8> {
  fileprivate var octets: [UInt8] {
    var octets: [UInt8] = []
    octets.reserveCapacity(count)
    for index in 0..<count { octets.append(self[index]) }
    return octets
  }
}

extension Digest {
  fileprivate var octets: [UInt8] { bytes.octets }
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
