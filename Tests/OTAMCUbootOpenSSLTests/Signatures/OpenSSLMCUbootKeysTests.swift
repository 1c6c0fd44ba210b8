import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import OTAMCUbootOpenSSL
import OTAPartition
import Testing

@Suite("Images of MCUboot signed with ECDSA, RSA and Ed25519")
struct OpenSSLMCUbootKeysTests {
  private func rich() -> MCUbootImage {
    var image = MCUbootImage(version: MCUbootVersion(2, 0, 513, build: 70_000), headerSize: 48)
    image.securityCounter = MCUbootImage.securityCounter(of: image.version)
    image.softwareType = "APP"
    image.dependencies = [MCUbootDependency(image: 1, minimumVersion: MCUbootVersion(1, 2, 3, build: 4))]
    image.vendorTLVs = [MCUbootImage.VendorTLV(rawType: 0xa0, value: [1, 2, 3, 4, 5])]
    return image
  }

  @Test("what is signed is verified and says the same", arguments: SigningKind.allCases)
  func roundTrip(_ kind: SigningKind) async throws {
    let key = try TestKey.of(kind)
    for algorithm in kind.hashes {
      for format in MCUbootImage.KeyFormat.allCases {
        var image = rich()
        image.keyFormat = format
        let bytes = try await ImageBench.sign(image, by: key.signer, algorithm)
        let contents = try ImageBench.verify(bytes, by: key.verifier)
        #expect(contents.securityCounter == 0x0200_0201 && contents.dependencyCount == 1)
        let range = try #require(contents.bootRecord)
        let record = try MCUbootBootRecord(
          parsing: Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]).span)
        #expect(record.softwareType == "APP" && record.version == "2.0.513")
        #expect(record.measurement == [UInt8](repeating: 0, count: algorithm.byteCount))
        #expect(record.signerID.count == algorithm.byteCount)
        #expect(record.measurementDescription == "SHA\(8 * algorithm.byteCount)")
      }
    }
  }

  @Test("every flipped bit, every cut and every other key are refused", arguments: SigningKind.allCases)
  func damage(_ kind: SigningKind) async throws {
    let key = try TestKey.of(kind)
    for algorithm in kind.hashes {
      let bytes = try await ImageBench.sign(rich(), by: key.signer, algorithm)
      try ImageBench.verify(bytes, by: key.verifier)
      var accepted: [Int] = []
      for bit in 0..<8 * bytes.count {
        var changed = bytes
        changed[bit / 8] ^= 1 << (bit % 8)
        if (try? ImageBench.verify(changed, by: key.verifier)) != nil { accepted.append(bit) }
      }
      for count in 1..<bytes.count {
        let cut = Array(bytes[..<count])
        if (try? ImageBench.verify(cut, by: key.verifier)) != nil { accepted.append(-count) }
      }
      #expect(accepted.isEmpty)
      for other in SigningKind.allCases where other != kind {
        let stranger = try TestKey.of(other)
        #expect(throws: MCUbootError.self) { try ImageBench.verify(bytes, by: stranger.verifier) }
      }
    }
  }

  @Test("a stranger's key of the same kind is not trusted", arguments: [SigningKind.p256, .p384, .rsa2048])
  func stranger(_ kind: SigningKind) async throws {
    let bytes = try await ImageBench.sign(by: TestKey.of(kind).signer, kind.hashes[0])
    var keys = OpenSSLMCUbootKeys()
    try keys.add(OpenSSLPrivateKey.generate(#require(kind.openSSLKind)).publicKey)
    #expect(throws: MCUbootError.keyNotTrusted) { try ImageBench.verify(bytes, by: .openSSL(keys)) }
    #expect(throws: MCUbootError.keyNotTrusted) {
      try ImageBench.verify(bytes, by: .openSSL(OpenSSLMCUbootKeys()))
    }
  }

  /// The TLVs of an image that one key signed, under the name of another one.
  private func renamed(
    _ bytes: [UInt8], as key: any MCUbootImageSigner, whole: Bool, type: UInt16? = nil
  ) -> [UInt8] {
    var tlvs = ImageBench.tlvs(bytes)
    tlvs[1] =
      whole
      ? (0x02, key.encodedPublicKey)
      : (0x01, octets(OpenSSLSHA256.digest(of: key.encodedPublicKey.span)))
    if let type { tlvs[2].type = type }
    return ImageBench.replacing(bytes, tlvs)
  }

  private func octets(_ digest: Digest) -> [UInt8] { (0..<digest.bytes.count).map { digest.bytes[$0] } }

  @Test("under the name of a key stands a signature of that key's kind only", arguments: [false, true])
  func otherAlgorithm(_ isWholeKey: Bool) async throws {
    var keys = OpenSSLMCUbootKeys()
    for kind in [SigningKind.p256, .rsa2048, .rsa3072] {
      let openSSLKind = try #require(kind.openSSLKind)
      let key = try OpenSSLPrivateKey.generate(openSSLKind)
      try keys.add(key.publicKey)
      let named = try OpenSSLMCUbootSigner(key)
      for other in [SigningKind.ed25519, .p256, .rsa2048, .rsa3072] {
        let signer = try TestKey.of(other).signer
        let bytes = try await ImageBench.sign(by: signer, .sha256)
        let expected: MCUbootError =
          if signer.signatureType == .ed25519 {
            .unsupportedSignature(.ed25519)
          } else if other == kind {
            .crypto(.authenticationFailed)
          } else {
            .signatureNotOfKey(signer.signatureType)
          }
        #expect(throws: expected, "\(kind) \(other)") {
          try ImageBench.verify(renamed(bytes, as: named, whole: isWholeKey), by: .openSSL(keys))
        }
        // With the type of the key that is named: it is no signature of it all the same.
        #expect(throws: MCUbootError.self, "\(kind) \(other)") {
          try ImageBench.verify(
            renamed(bytes, as: named, whole: isWholeKey, type: named.signatureType.rawValue),
            by: .openSSL(keys))
        }
      }
    }
    // And Ed25519 does not take the others.
    let bytes = try await ImageBench.sign(by: TestKey.of(.p256).signer, .sha256)
    let ed25519 = try TestKey.of(.ed25519)
    #expect(throws: MCUbootError.unsupportedSignature(.ecdsa)) {
      try ImageBench.verify(renamed(bytes, as: ed25519.signer, whole: isWholeKey), by: ed25519.verifier)
    }
  }

  /// Signs hashes of functions that its key is not used with.
  private struct Downgrade: MCUbootImageSigner {
    let key: OpenSSLPrivateKey
    let encodedPublicKey: [UInt8]
    let scheme: OpenSSLSignatureScheme
    var signatureType: MCUbootTLVType { .ecdsa }

    init(_ key: OpenSSLPrivateKey, _ scheme: OpenSSLSignatureScheme) throws {
      self.key = key
      self.scheme = scheme
      encodedPublicKey = try key.publicKey.mcubootEncoding()
    }

    func signs(_ algorithm: DigestAlgorithm) -> Bool { true }

    func signature(over digest: Digest, of image: [UInt8]) async throws(CryptoError) -> [UInt8] {
      // As many bytes as the scheme wants, of the hash and of zeros: what a careless boot loader would compare with.
      var bytes = (0..<digest.bytes.count).map { digest.bytes[$0] }
      let size = scheme.digestAlgorithm.byteCount
      bytes = Array((bytes + [UInt8](repeating: 0, count: size)).prefix(size))
      guard let other = try? Digest(algorithm: scheme.digestAlgorithm, bytes: bytes.span) else {
        throw .unavailable
      }
      return try key.signature(forDigest: other, scheme: scheme)
    }
  }

  @Test("a weaker hash than the key's, or another one, is refused even with the key's own signature")
  func downgrade() async throws {
    let (p256, p384) = (try OpenSSLPrivateKey.generate(.p256), try OpenSSLPrivateKey.generate(.p384))
    var keys = OpenSSLMCUbootKeys()
    for key in [p256, p384] { try keys.add(key.publicKey) }
    for (key, scheme, algorithm, type) in [
      (p384, .ecdsaP384SHA384, .sha256, .sha256), (p384, .ecdsaP384SHA384, .sha512, .sha512),
      (p256, .ecdsaP256SHA256, .sha384, .sha384), (p256, .ecdsaP256SHA256, .sha512, .sha512),
    ] as [(OpenSSLPrivateKey, OpenSSLSignatureScheme, DigestAlgorithm, MCUbootTLVType)] {
      let bytes = try await ImageBench.sign(by: Downgrade(key, scheme), algorithm)
      #expect(throws: MCUbootError.hashNotOfKey(type)) { try ImageBench.verify(bytes, by: .openSSL(keys)) }
    }
    // Those who write are told, too.
    for (kind, algorithm, type) in [
      (.p384, .sha256, .sha256), (.p256, .sha384, .sha384), (.rsa2048, .sha512, .sha512),
      (.ed25519, .sha384, .sha384),
    ] as [(SigningKind, DigestAlgorithm, MCUbootTLVType)] {
      let signer = try TestKey.of(kind).signer
      await #expect(throws: MCUbootError.hashNotOfKey(type)) {
        try await ImageBench.sign(by: signer, algorithm)
      }
    }
  }

  @Test("two of a kind, one too few, protected TLVs taken off or put elsewhere")
  func areas() async throws {
    let key = try TestKey.of(.p256)
    let bytes = try await ImageBench.sign(rich(), by: key.signer, .sha256)
    let tlvs = ImageBench.tlvs(bytes)
    try ImageBench.verify(ImageBench.replacing(bytes, tlvs), by: key.verifier)
    for index in tlvs.indices {
      let expected = try #require(MCUbootTLVType(rawValue: tlvs[index].type))
      #expect(throws: MCUbootError.duplicate(expected)) {
        try ImageBench.verify(ImageBench.replacing(bytes, tlvs + [tlvs[index]]), by: key.verifier)
      }
      var fewer = tlvs
      fewer.remove(at: index)
      let missing: MCUbootError = [.hashMissing, .keyMissing, .signatureMissing][index]
      #expect(throws: missing) {
        try ImageBench.verify(ImageBench.replacing(bytes, fewer), by: key.verifier)
      }
    }
    #expect(throws: MCUbootError.keyMissing) {
      try ImageBench.verify(ImageBench.replacing(bytes, [tlvs[0], tlvs[2], tlvs[1]]), by: key.verifier)
    }
    for type: UInt16 in [0x50, 0x60, 0xa0] {
      #expect(throws: MCUbootError.misplaced(type)) {
        try ImageBench.verify(
          ImageBench.replacing(bytes, tlvs + [(type, [1, 0, 0, 0])]), by: key.verifier)
      }
    }
    // The protected area taken off, in the header too.
    let area = 48 + ImageBench.firmware.count
    let size = Int(bytes[10]) | Int(bytes[11]) << 8
    var stripped = bytes
    stripped.removeSubrange(area..<area + size)
    #expect(throws: MCUbootError.protectedSizeMismatch) { try ImageBench.verify(stripped, by: key.verifier) }
    stripped.replaceSubrange(10..<12, with: [0, 0])
    #expect(throws: MCUbootError.digestMismatch) { try ImageBench.verify(stripped, by: key.verifier) }
  }

  @Test(
    "zeros behind a signature of ECDSA, to the length that there was once",
    arguments: [SigningKind.p256, .p384])
  func padding(_ kind: SigningKind) async throws {
    let key = try OpenSSLPrivateKey.generate(#require(kind.openSSLKind))
    var keys = OpenSSLMCUbootKeys()
    try keys.add(key.publicKey)
    let signer = try OpenSSLMCUbootSigner(key, isPadded: true)
    let size = kind == .p256 ? 72 : 103
    var padded = 0
    for _ in 0..<40 {
      let bytes = try await ImageBench.sign(by: signer, kind.hashes[0])
      try ImageBench.verify(bytes, by: .openSSL(keys))
      var tlvs = ImageBench.tlvs(bytes)
      let signature = tlvs[2].value
      #expect(signature.count == size || kind == .p384 && signature.count == 104)
      guard signature.count == size, Int(signature[1]) + 2 < size else { continue }
      padded += 1
      // Anything but zeros, one zero more, or one less.
      var changed: [[UInt8]] = [signature + [0], Array(signature.dropLast())]
      changed.append(Array(signature.dropLast()) + [1])
      // One less is just right, where there was one.
      if Int(signature[1]) + 2 == size - 1 { changed.remove(at: 1) }
      for value in changed {
        tlvs[2].value = value
        #expect(throws: MCUbootError.crypto(.authenticationFailed)) {
          try ImageBench.verify(ImageBench.replacing(bytes, tlvs), by: .openSSL(keys))
        }
      }
    }
    #expect(padded > 0)
  }

  @Test("signatures and names of the wrong length, and none at all")
  func lengths() async throws {
    for kind in SigningKind.allCases {
      let key = try TestKey.of(kind)
      let bytes = try await ImageBench.sign(by: key.signer, kind.hashes[0])
      for (index, lengths) in [(1, [0, 1, 31, 33, 600]), (2, [0, 1, 63, 65, 160, 161, 255, 257, 383, 600])] {
        for length in lengths {
          var tlvs = ImageBench.tlvs(bytes)
          tlvs[index].value = (0..<length).map { tlvs[index].value[$0 % tlvs[index].value.count] }
          #expect(throws: MCUbootError.self, "\(kind) \(index) \(length)") {
            try ImageBench.verify(ImageBench.replacing(bytes, tlvs), by: key.verifier)
          }
        }
      }
    }
  }

  @Test("a signer of messages makes the same of ES256 and ES384", arguments: [OpenSSLKeyKind.p256, .p384])
  func messages(_ kind: OpenSSLKeyKind) async throws {
    let key = try OpenSSLPrivateKey.generate(kind)
    let signer = MCUbootMessageSigner(try OpenSSLSigner(key))
    var keys = OpenSSLMCUbootKeys()
    try keys.add(key.publicKey)
    // Numbers with zeros in front, and with their highest bit set, come up.
    for _ in 0..<64 {
      let bytes = try await ImageBench.sign(rich(), by: signer, kind == .p256 ? .sha256 : .sha384)
      try ImageBench.verify(bytes, by: .openSSL(keys))
    }
    #expect(try signer.encodedPublicKey == OpenSSLMCUbootSigner(key).encodedPublicKey)
    await #expect(throws: MCUbootError.hashNotOfKey(.sha512)) {
      try await ImageBench.sign(by: signer, .sha512)
    }
  }

  @Test("sets of keys take what signs images, once each, up to their capacity")
  func sets() throws {
    var keys = OpenSSLMCUbootKeys()
    for kind in [OpenSSLKeyKind.x25519, .rsa4096] {
      let key = try OpenSSLPrivateKey.generate(kind)
      #expect(throws: MCUbootError.crypto(.unsupportedAlgorithm)) { try keys.add(key.publicKey) }
      #expect(throws: CryptoError.unsupportedAlgorithm) { try OpenSSLMCUbootSigner(key) }
    }
    let first = try OpenSSLPrivateKey.generate(.p256)
    for _ in 0..<2 { try keys.add(first.publicKey) }
    #expect(keys.count == 1)
    for _ in 1..<OpenSSLMCUbootKeys.capacity {
      try keys.add(OpenSSLPrivateKey.generate(.p256).publicKey)
    }
    try keys.add(first.publicKey)
    let another = try OpenSSLPrivateKey.generate(.p256)
    #expect(throws: MCUbootError.tooManyKeys) { try keys.add(another.publicKey) }
  }
}
