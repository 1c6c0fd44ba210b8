import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTAManifest
import Testing

/// The examples of draft-ietf-suit-firmware-encryption-25, sections 7.1 and 7.2.
struct EncryptionExample: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var algorithm: ContentEncryption
  var isAgreement: Bool
  var info: String
  var payload: String

  static let gcm =
    "758C4B7BBAE2C4C1D462423E0F0DC3164FFA7B85BB94D4BD6D7ED26AB32FEB063385D4D3465927EC82CB5E198A59"
  static let ctr = "2BB8DB522AE978246CC775C3B0241BD4B0333FFDD2DB70C7EE7A4966E3B7"

  static let all = [
    EncryptionExample(
      testDescription: "AES-KW and AES-GCM", algorithm: .aes128GCM, isAgreement: false,
      info:
        "D8608443A10101A1054CF14AAB9D81D51F7AD943FE87F6818340A2012204456B69642D31581875603FFC9518D794713C8CA8"
        + "A115A7FB32565A6D59534D62",
      payload: gcm),
    EncryptionExample(
      testDescription: "ECDH-ES, AES-KW and AES-GCM", algorithm: .aes128GCM, isAgreement: true,
      info:
        "D8608443A10101A1054CF14AAB9D81D51F7AD943FE87F6818344A101381CA120A40102200121582073024F415AA51529A66C"
        + "CEFD88F3F62A734492FF45F6AD37FD2888E73EAF19DA2258204005B48A6FD091AA6ABFE3CFBEEDE88B347E521D43405FDBD7"
        + "D2CFF0EBC21B265818A06B8E6550F308712B1DF044B21B7D11D9B22792F1DE0997",
      payload: gcm),
    EncryptionExample(
      testDescription: "AES-KW and AES-CTR", algorithm: .aes128CTR, isAgreement: false,
      info:
        "D8608440A20139FFFD0550DAE613B2E0DC55F4322BE38BDBA9DC68F6818340A2012204456B69642D315818CE34035CE5C2E2"
        + "666E46D4C131FC561DD190A6D26CFA1990",
      payload: ctr),
    EncryptionExample(
      testDescription: "ECDH-ES, AES-KW and AES-CTR", algorithm: .aes128CTR, isAgreement: true,
      info:
        "D8608440A20139FFFD0550DAE613B2E0DC55F4322BE38BDBA9DC68F6818344A101381CA120A401022001215820EE0718F6B0"
        + "19C29CC611C18CEDE2214066DDCEDC2F0DBEF873CB224C715C1174225820279F2A88E4AB9E2ED30C0FCB69515B31B5D36725"
        + "BFDB9AE02032ED4D5AB52CB85818E28B4502E4F5151884A995405579006E9465C3E94E3E0808",
      payload: ctr),
  ]

  static let plaintext = Array("This is a real firmware image.".utf8)
  static var digest: Digest { SHA256.digest(of: plaintext.span) }

  /// The device of the examples: the key that both sides have, and the key pair.
  static func keys() throws -> OpenSSLPayloadKeys {
    let scalar = try #require(
      [UInt8](hexadecimal: "60FE6DD6D85D5740A5349B6F91267EEAC5BA81B8CB53EE249E4B4EB102C476B3"))
    return try OpenSSLPayloadKeys()
      .adding(sharedKey: Array("aaaaaaaaaaaaaaaa".utf8).span, identifier: Array("kid-1".utf8))
      .adding(privateKey: OpenSSLPrivateKey(.p256, scalar: scalar.span), identifier: Array("kid-2".utf8))
  }
}

@Suite struct EncryptionInfoTests {
  /// What comes out of a payload, and why nothing does.
  static func opened(
    _ info: [UInt8], _ payload: [UInt8], digest: Digest = EncryptionExample.digest,
    keys: OpenSSLPayloadKeys? = nil
  ) throws -> (plaintext: [UInt8], error: ManifestError?) {
    let keys = try keys ?? EncryptionExample.keys()
    var buffer = payload
    do throws(ManifestError) {
      let parsed = try SUITEncryptionInfo(parsing: info.span)
      var span = buffer.mutableSpan
      let count = try parsed.open(
        &span, expecting: digest, of: info.span, with: keys, hash: SHA256.self)
      return (Array(buffer[..<count]), nil)
    } catch {
      return (buffer, error)
    }
  }

  private static func bytes(_ text: String) throws -> [UInt8] {
    try #require([UInt8](hexadecimal: text))
  }

  @Test("The draft's examples are opened", arguments: EncryptionExample.all)
  func examples(_ example: EncryptionExample) throws {
    let info = try Self.bytes(example.info)
    let parsed = try SUITEncryptionInfo(parsing: info.span)
    #expect(parsed.algorithm == example.algorithm)
    #expect(parsed.recipients.count == 1 && parsed.recipients[0].wrapping == .aes128)
    #expect((parsed.recipients[0].agreement != nil) == example.isAgreement)
    let result = try Self.opened(info, Self.bytes(example.payload))
    #expect(result.error == nil)
    #expect(result.plaintext == EncryptionExample.plaintext)
  }

  @Test("The context of the key derivation is the one that the draft shows")
  func context() throws {
    let protected = try Self.bytes("a101381c")
    let context = try SUITEncryptionInfo.derivationContext(for: .aes128, protectedHeaders: protected.span)
    let expected = try Self.bytes(
      "842283f6f6f683f6f6f683188044a101381c57" + "53554954205061796c6f616420456e6372797074696f6e")
    #expect(context == expected)
  }

  @Test(
    "Every changed bit of a payload is refused, and leaves nothing to read", arguments: EncryptionExample.all)
  func tamperedPayload(_ example: EncryptionExample) throws {
    let (info, payload) = (try Self.bytes(example.info), try Self.bytes(example.payload))
    for bit in 0..<payload.count * 8 {
      var wrong = payload
      wrong[bit / 8] ^= 1 << UInt8(bit % 8)
      let result = try Self.opened(info, wrong)
      #expect(result.error == .crypto(.authenticationFailed))
      #expect(result.plaintext.allSatisfy { $0 == 0 })
    }
    for wrong in [[], Array(payload.dropLast()), payload + [0]] {
      let result = try Self.opened(info, wrong)
      #expect(result.error == .crypto(.authenticationFailed))
      #expect(result.plaintext.allSatisfy { $0 == 0 })
    }
  }

  @Test(
    "Every changed bit of the info is refused, or changes nothing that counts",
    arguments: EncryptionExample.all)
  func tamperedInfo(_ example: EncryptionExample) throws {
    let (info, payload) = (try Self.bytes(example.info), try Self.bytes(example.payload))
    for bit in 0..<info.count * 8 {
      var wrong = info
      wrong[bit / 8] ^= 1 << UInt8(bit % 8)
      let result = try Self.opened(wrong, payload)
      #expect(result.error != nil || result.plaintext == EncryptionExample.plaintext, "bit \(bit)")
    }
    for count in info.indices {
      #expect(try Self.opened(Array(info[..<count]), payload).error != nil)
    }
  }

  @Test("A plaintext with another digest than the manifest says is refused", arguments: EncryptionExample.all)
  func otherDigest(_ example: EncryptionExample) throws {
    let result = try Self.opened(
      Self.bytes(example.info), Self.bytes(example.payload), digest: SHA256.digest(of: [1].span))
    #expect(result.error == .crypto(.authenticationFailed))
    #expect(result.plaintext.allSatisfy { $0 == 0 })
  }

  @Test(
    "Without the key nothing is opened; another key of the same name is a wrong one",
    arguments: EncryptionExample.all)
  func otherKeys(_ example: EncryptionExample) throws {
    let (info, payload) = (try Self.bytes(example.info), try Self.bytes(example.payload))
    #expect(
      try Self.opened(info, payload, keys: OpenSSLPayloadKeys()).error == .crypto(.unknownKey))
    let others = try OpenSSLPayloadKeys()
      .adding(sharedKey: Array("bbbbbbbbbbbbbbbb".utf8).span, identifier: Array("kid-1".utf8))
      .adding(privateKey: OpenSSLPrivateKey.generate(.p256), identifier: Array("kid-2".utf8))
    #expect(
      try Self.opened(info, payload, keys: others).error == .crypto(.authenticationFailed))
    let unnamed = try OpenSSLPayloadKeys()
      .adding(sharedKey: Array("aaaaaaaaaaaaaaaa".utf8).span, identifier: Array("kid-9".utf8))
    #expect(try Self.opened(info, payload, keys: unnamed).error == .crypto(.unknownKey))
  }

  @Test("Keys of other kinds and lengths are not taken")
  func invalidKeys() throws {
    for count in [0, 15, 17, 33] {
      #expect(throws: CryptoError.invalidKey) {
        try OpenSSLPayloadKeys().adding(sharedKey: [UInt8](repeating: 1, count: count).span, identifier: [])
      }
    }
    #expect(throws: CryptoError.unsupportedAlgorithm) {
      try OpenSSLPayloadKeys().adding(privateKey: OpenSSLPrivateKey.generate(.p384), identifier: [])
    }
  }
}
