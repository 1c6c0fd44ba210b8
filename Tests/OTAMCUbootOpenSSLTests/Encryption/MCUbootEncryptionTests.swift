import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTAMCUbootOpenSSL
import OTAPartition
import Testing

/// The ways in which the key of an image is encrypted.
struct EncryptionWay: Sendable, CustomTestStringConvertible {
  var kind: OpenSSLKeyKind
  var keySize: Int
  var usesSHA512 = false

  static let all = [
    EncryptionWay(kind: .x25519, keySize: 16), EncryptionWay(kind: .x25519, keySize: 32),
    EncryptionWay(kind: .x25519, keySize: 16, usesSHA512: true),
    EncryptionWay(kind: .x25519, keySize: 32, usesSHA512: true),
    EncryptionWay(kind: .p256, keySize: 16), EncryptionWay(kind: .p256, keySize: 32),
    EncryptionWay(kind: .rsa2048, keySize: 16), EncryptionWay(kind: .rsa2048, keySize: 32),
  ]

  var testDescription: String { "\(kind) AES-\(8 * keySize)\(usesSHA512 ? " SHA-512" : "")" }

  func encryption(for key: OpenSSLPublicKey) throws(CryptoError) -> OpenSSLMCUbootEncryption {
    try OpenSSLMCUbootEncryption(for: key, contentKeySize: keySize, usesSHA512: usesSHA512)
  }

  /// The length of the TLV.
  var tlvSize: Int {
    kind == .rsa2048 ? 256 : (kind == .p256 ? 65 : 32) + (usesSHA512 ? 64 : 32) + keySize
  }
}

/// A key of a device for each kind, made once.
enum DeviceKeys {
  private static let all: Result<[OpenSSLKeyKind: OpenSSLPrivateKey], any Error> = Result {
    try Dictionary(
      uniqueKeysWithValues: [OpenSSLKeyKind.x25519, .p256, .rsa2048].map {
        ($0, try OpenSSLPrivateKey.generate($0))
      })
  }

  static func of(_ kind: OpenSSLKeyKind) throws -> OpenSSLPrivateKey {
    guard let key = try all.get()[kind] else { throw CryptoError.unknownKey }
    return key
  }
}

@Suite("Encrypted images of MCUboot")
struct MCUbootEncryptionTests {
  private let firmware: [UInt8] = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

  private func image() -> MCUbootImage {
    var image = MCUbootImage(version: MCUbootVersion(1, 0), headerSize: 40)
    image.securityCounter = 3
    return image
  }

  @Test("what is encrypted is decrypted and verified, and nobody sees it", arguments: EncryptionWay.all)
  func roundTrip(_ way: EncryptionWay) async throws {
    let device = try DeviceKeys.of(way.kind)
    for kind in SigningKind.allCases {
      let key = try TestKey.of(kind)
      let bytes = try await ImageBench.sign(
        image(), firmware, by: key.signer, kind.hashes[0],
        encryptedBy: try way.encryption(for: device.publicKey))
      #expect(try ImageBench.verify(bytes, by: key.verifier, decryptedWith: device).securityCounter == 3)
      let tlvs = ImageBench.tlvs(bytes)
      #expect(tlvs.count == 4 && tlvs[3].value.count == way.tlvSize)
      #expect(bytes[16] == (way.keySize == 32 ? 8 : 4))
      // Header and firmware together are a multiple of 16.
      #expect(bytes[12...13] == [0xe8, 0x03])
      let contents = Array(bytes[40..<1040])
      #expect(zip(contents, firmware).filter { $0 == $1 }.count < 30)
      // As if it were not encrypted, and as if it were decrypted already.
      #expect(throws: MCUbootError.encrypted) { try ImageBench.verify(bytes, by: key.verifier) }
      #expect(throws: MCUbootError.digestMismatch) {
        try ImageBench.verify(bytes, by: key.verifier, decryptedWith: nil)
      }
    }
  }

  @Test("a clear one has flag and key, and its firmware as it is", arguments: EncryptionWay.all)
  func clear(_ way: EncryptionWay) async throws {
    let device = try DeviceKeys.of(way.kind)
    let key = try TestKey.of(.ed25519)
    let bytes = try await ImageBench.sign(
      image(), firmware, by: key.signer, .sha512, encryptedBy: try way.encryption(for: device.publicKey),
      isClear: true)
    #expect(Array(bytes[40..<1040]) == firmware)
    try ImageBench.verify(bytes, by: key.verifier, decryptedWith: nil)
    #expect(throws: MCUbootError.encrypted) { try ImageBench.verify(bytes, by: key.verifier) }
    #expect(throws: MCUbootError.digestMismatch) {
      try ImageBench.verify(bytes, by: key.verifier, decryptedWith: device)
    }
    // One that never was to be encrypted.
    let plain = try await ImageBench.sign(image(), firmware, by: key.signer, .sha256)
    for key in [device, nil] {
      let verifier = try TestKey.of(.ed25519).verifier
      #expect(throws: MCUbootError.notEncrypted) {
        try ImageBench.verify(plain, by: verifier, decryptedWith: key)
      }
    }
  }

  @Test("no two images have the same key, so the same firmware never looks the same")
  func fresh() async throws {
    let device = try DeviceKeys.of(.x25519)
    let encryption = try OpenSSLMCUbootEncryption(for: device.publicKey)
    let key = try TestKey.of(.ed25519)
    var seen: Set<[UInt8]> = []
    for _ in 0..<16 {
      let bytes = try await ImageBench.sign(
        image(), firmware, by: key.signer, .sha256, encryptedBy: encryption)
      seen.insert(Array(bytes[40..<56]))
      seen.insert(Array(ImageBench.tlvs(bytes)[3].value.prefix(32)))
    }
    #expect(seen.count == 32)
  }

  @Test("every flipped bit and every cut is refused", arguments: EncryptionWay.all)
  func damage(_ way: EncryptionWay) async throws {
    let device = try DeviceKeys.of(way.kind)
    let key = try TestKey.of(.ed25519)
    var image = image()
    image.headerSize = 32
    let bytes = try await ImageBench.sign(
      image, ImageBench.firmware, by: key.signer, .sha256,
      encryptedBy: try way.encryption(for: device.publicKey))
    try ImageBench.verify(bytes, by: key.verifier, decryptedWith: device)
    var accepted: [Int] = []
    // A key of RSA takes a millisecond each time.
    for bit in stride(from: 0, to: 8 * bytes.count, by: way.kind == .rsa2048 ? 5 : 1) {
      var changed = bytes
      changed[bit / 8] ^= 1 << (bit % 8)
      if (try? ImageBench.verify(changed, by: key.verifier, decryptedWith: device)) != nil {
        accepted.append(bit)
      }
    }
    for count in 1..<bytes.count {
      let cut = Array(bytes[..<count])
      if (try? ImageBench.verify(cut, by: key.verifier, decryptedWith: device)) != nil {
        accepted.append(-count)
      }
    }
    #expect(accepted.isEmpty)
  }

  @Test("another key of the device, or a key of another kind, says so", arguments: EncryptionWay.all)
  func otherKeys(_ way: EncryptionWay) async throws {
    let device = try DeviceKeys.of(way.kind)
    let key = try TestKey.of(.ed25519)
    let encryption = try way.encryption(for: device.publicKey)
    let bytes = try await ImageBench.sign(image(), firmware, by: key.signer, .sha256, encryptedBy: encryption)
    let stranger = try OpenSSLPrivateKey.generate(way.kind)
    #expect(throws: MCUbootError.crypto(.authenticationFailed)) {
      try ImageBench.verify(bytes, by: key.verifier, decryptedWith: stranger)
    }
    for kind in [OpenSSLKeyKind.x25519, .p256, .rsa2048, .p384] where kind != way.kind {
      let other = try OpenSSLPrivateKey.generate(kind)
      #expect(throws: MCUbootError.contentKeyNotForKey(encryption.contentKeyType)) {
        try ImageBench.verify(bytes, by: key.verifier, decryptedWith: other)
      }
    }
  }

  /// The error of an image with other TLVs; `nil` if there is none.
  private func error(
    _ bytes: [UInt8], _ key: TestKey, _ device: OpenSSLPrivateKey, _ tlvs: [(type: UInt16, value: [UInt8])]
  ) -> MCUbootError? {
    do throws(MCUbootError) {
      try ImageBench.verify(
        ImageBench.replacing(bytes, tlvs), by: key.verifier, decryptedWith: device)
      return nil
    } catch {
      return error
    }
  }

  @Test("TLVs for the key: none, two, of another type, of another length, wrapped with AES")
  func tlvs() async throws {
    let device = try DeviceKeys.of(.x25519)
    let key = try TestKey.of(.ed25519)
    let encryption = try OpenSSLMCUbootEncryption(for: device.publicKey)
    let bytes = try await ImageBench.sign(image(), firmware, by: key.signer, .sha256, encryptedBy: encryption)
    let tlvs = ImageBench.tlvs(bytes)
    #expect(error(bytes, key, device, tlvs) == nil)
    #expect(error(bytes, key, device, [tlvs[3], tlvs[0], tlvs[1], tlvs[2]]) == nil)
    #expect(error(bytes, key, device, tlvs.dropLast()) == .contentKeyMissing)
    #expect(error(bytes, key, device, tlvs + [tlvs[3]]) == .duplicate(.encryptedKeyX25519))
    #expect(error(bytes, key, device, tlvs + [(0x32, tlvs[3].value)]) == .duplicate(.encryptedKeyP256))
    for length in [0, 79, 81, 96, 112] {
      let value = (0..<length).map { tlvs[3].value[$0 % 80] }
      #expect(
        error(bytes, key, device, tlvs.dropLast() + [(0x33, value)]) == .invalidLength(.encryptedKeyX25519))
    }
    for (type, expected) in [
      (0x31, .contentKeyNotForKey(.encryptedKeyAES)), (0x30, .contentKeyNotForKey(.encryptedKeyRSA2048)),
      (0x34, .invalidLength(.encryptedKeyX25519SHA512)),
    ] as [(UInt16, MCUbootError)] {
      #expect(error(bytes, key, device, tlvs.dropLast() + [(type, tlvs[3].value)]) == expected)
    }
    // A point of small order, which has nothing in common with any key.
    #expect(
      error(
        bytes, key, device,
        tlvs.dropLast() + [(0x33, [UInt8](repeating: 0, count: 32) + tlvs[3].value.dropFirst(32))])
        == .crypto(.authenticationFailed))
    // Both sizes of keys at once.
    var both = bytes
    both[16] = 0x0c
    #expect(throws: MCUbootError.unknownFlags(0xc)) {
      try ImageBench.verify(both, by: key.verifier, decryptedWith: device)
    }
    #expect(throws: MCUbootError.unknownFlags(0xc)) {
      try ImageBench.verify(both, by: key.verifier, decryptedWith: nil)
    }
  }

  @Test("the key of another image's contents does not fit, though its TLV is whole")
  func exchanged() async throws {
    let device = try DeviceKeys.of(.p256)
    let key = try TestKey.of(.ed25519)
    let encryption = try OpenSSLMCUbootEncryption(for: device.publicKey)
    let one = try await ImageBench.sign(image(), firmware, by: key.signer, .sha256, encryptedBy: encryption)
    let two = try await ImageBench.sign(image(), firmware, by: key.signer, .sha256, encryptedBy: encryption)
    var tlvs = ImageBench.tlvs(one)
    tlvs[3] = ImageBench.tlvs(two)[3]
    #expect(throws: MCUbootError.digestMismatch) {
      try ImageBench.verify(ImageBench.replacing(one, tlvs), by: key.verifier, decryptedWith: device)
    }
  }

  @Test("keys that encrypt nothing here are refused")
  func kinds() throws {
    for kind in [OpenSSLKeyKind.p384, .rsa3072] {
      let key = try OpenSSLPrivateKey.generate(kind).publicKey
      #expect(throws: CryptoError.unsupportedAlgorithm) { try OpenSSLMCUbootEncryption(for: key) }
    }
    let key = try DeviceKeys.of(.p256).publicKey
    #expect(throws: CryptoError.unsupportedAlgorithm) {
      try OpenSSLMCUbootEncryption(for: key, usesSHA512: true)
    }
    for size in [0, 15, 24, 33] {
      #expect(throws: CryptoError.invalidKey) {
        try OpenSSLMCUbootEncryption(for: key, contentKeySize: size)
      }
    }
  }
}
