import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import OTAMCUbootOpenSSL
import OTAPartition
import Testing

@Suite("Images of MCUboot that imgtool signed and encrypted")
struct ImgtoolVectorTests {
  private let signers: OpenSSLMCUbootKeys
  private let ed25519: TestVerifier

  private static func bytes(_ vector: String) throws -> [UInt8] { try #require([UInt8](hexadecimal: vector)) }

  private static func privateKey(_ vector: String) throws -> OpenSSLPrivateKey {
    let info = try bytes(vector)
    return try OpenSSLPrivateKey(privateKeyInfo: info.span)
  }

  init() throws {
    var keys = OpenSSLMCUbootKeys()
    for vector in [ImgtoolKeys.p384, ImgtoolKeys.rsa3072] {
      let info = try Self.bytes(vector)
      try keys.add(OpenSSLPublicKey(subjectPublicKeyInfo: info.span))
    }
    for vector in [ImgtoolKeys.p256Private, ImgtoolKeys.rsa2048Private] {
      try keys.add(Self.privateKey(vector).publicKey)
    }
    signers = keys
    let key = try PublicKey(algorithm: .ed25519, bytes: Self.bytes(ImgtoolKeys.ed25519))
    ed25519 = .sodium(TrustedMCUbootKeys(MCUbootKeys(key), verifier: SodiumVerifier()))
  }

  @Test(
    "signed ones are verified, with all that they say",
    arguments: [
      ImgtoolVectors.signedP256, ImgtoolVectors.signedP384, ImgtoolVectors.signedRSA2048,
      ImgtoolVectors.signedRSA3072,
    ])
  func signed(_ vector: String) throws {
    let bytes = try Self.bytes(vector)
    let contents = try ImageBench.verify(bytes, by: .openSSL(signers))
    #expect(contents.securityCounter == 0x0102_0003)
    #expect(
      contents.dependency(0) == MCUbootDependency(image: 1, minimumVersion: MCUbootVersion(1, 2, 3, build: 4))
    )
    let range = try #require(contents.bootRecord)
    let encoded = Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)])
    let record = try MCUbootBootRecord(parsing: encoded.span)
    #expect(record.softwareType == "APP" && record.version == "1.2.3")
    #expect(try record.encoded() == encoded)
    let keyName = try #require(ImageBench.tlvs(bytes).first { $0.type == 0x01 }).value
    #expect(record.signerID == keyName)
  }

  @Test("what is written here equals it but for the signature")
  func sameBytes() async throws {
    let firmware = ImageBench.firmware
    var image = MCUbootImage(version: MCUbootVersion(1, 2, 3, build: 4))
    image.softwareType = "APP"
    image.securityCounter = MCUbootImage.securityCounter(of: image.version)
    image.dependencies = [MCUbootDependency(image: 1, minimumVersion: image.version)]
    image.vendorTLVs = [MCUbootImage.VendorTLV(rawType: 0xa0, value: Array("text".utf8))]
    for (vector, key) in [
      (ImgtoolVectors.signedP256, ImgtoolKeys.p256Private),
      (ImgtoolVectors.signedRSA2048, ImgtoolKeys.rsa2048Private),
    ] {
      let signer = try OpenSSLMCUbootSigner(Self.privateKey(key))
      let theirs = try Self.bytes(vector)
      let ours = try await ImageBench.sign(image, firmware, by: signer, .sha256)
      let (left, right) = (ImageBench.tlvs(ours), ImageBench.tlvs(theirs))
      #expect(left.map(\.type) == right.map(\.type))
      #expect(left.dropLast().map(\.value) == right.dropLast().map(\.value))
      #expect(ImageBench.replacing(ours, right) == theirs)
    }
  }

  @Test("whole keys, and padded signatures")
  func forms() throws {
    for vector in [
      ImgtoolVectors.fullKeyP384, ImgtoolVectors.fullKeyRSA3072, ImgtoolVectors.paddedP256,
    ] {
      try ImageBench.verify(Self.bytes(vector), by: .openSSL(signers))
      #expect(throws: MCUbootError.self) { try ImageBench.verify(Self.bytes(vector), by: ed25519) }
    }
  }

  @Test("encrypted ones are decrypted and verified, and not with another key")
  func encrypted() throws {
    let x25519 = try Self.privateKey(ImgtoolKeys.x25519Private)
    let p256 = try Self.privateKey(ImgtoolKeys.p256Private)
    let rsa2048 = try Self.privateKey(ImgtoolKeys.rsa2048Private)
    for (vector, key, verifier) in [
      (ImgtoolVectors.encryptedX25519, x25519, ed25519),
      (ImgtoolVectors.encryptedX25519Long, x25519, ed25519),
      (ImgtoolVectors.encryptedP256, p256, .openSSL(signers)),
      (ImgtoolVectors.encryptedRSA2048, rsa2048, .openSSL(signers)),
    ] {
      let bytes = try Self.bytes(vector)
      try ImageBench.verify(bytes, by: verifier, decryptedWith: key)
      #expect(throws: MCUbootError.encrypted) { try ImageBench.verify(bytes, by: verifier) }
      let stranger = try OpenSSLPrivateKey.generate(key.publicKey.kind)
      #expect(throws: MCUbootError.crypto(.authenticationFailed)) {
        try ImageBench.verify(bytes, by: verifier, decryptedWith: stranger)
      }
    }
    try ImageBench.verify(Self.bytes(ImgtoolVectors.clearX25519), by: ed25519, decryptedWith: nil)
  }
}
