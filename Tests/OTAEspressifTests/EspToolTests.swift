import Foundation
import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTAEspressif
import OTAPartition
import Testing

@Suite(
  "Images of ESP-IDF and the esptool of this machine",
  .enabled(
    if: pythonWithEsptool != nil,
    "there is no Python with the package esptool 5; name one in OTA_ESPTOOL_PYTHON"))
struct EspToolTests {
  static let kinds: [(scheme: String, kind: OpenSSLKeyKind)] = [
    ("rsa3072", .rsa3072), ("ecdsa256", .p256), ("ecdsa384", .p384),
  ]

  private let folder: EspToolFolder

  init() throws {
    folder = try EspToolFolder()
    let code = (0..<999).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    try folder.write(
      ELFFile.bytes([
        (0x3c00_0020, RawApplication.description() + code), (0x4038_0000, Array(code.prefix(400))),
        (0x4201_0020, code),
      ]), to: "app.elf")
  }

  private func key(_ name: String) throws -> OpenSSLPublicKey {
    try #require(
      try folder.run("espsecure", "extract-public-key", "-v", "2", "-k", name, "public.pem").status == 0)
    let text = try folder.read("public.pem")
    return try OpenSSLPublicKey(pem: text.span)
  }

  private func image(_ options: String...) throws -> [UInt8] {
    let arguments = ["--chip", "esp32c3", "elf2image"] + options + ["-o", "app.bin", "app.elf"]
    try #require(try folder.run("esptool", arguments).status == 0)
    return try folder.read("app.bin")
  }

  @Test("what elf2image makes is read and checked here")
  func elf2image() throws {
    for (option, hasDigest) in [
      ("--flash-mode=dio", true), ("--dont-append-digest", false), ("--secure-pad-v2", true),
    ] {
      let bytes = try image(option)
      var flash = try ByteFlash(bytes)
      let container = try EspressifContainer(reading: &flash, in: 0..<flash.geometry.capacity)
      #expect(container.header.chip.name == "ESP32-C3" && container.header.hasDigest == hasDigest)
      #expect(Int(container.size) == bytes.count && container.signatureSector == nil)
      let contents = try container.check(on: &flash, using: OpenSSLSHA256.self)
      #expect(contents.description?.projectName.description == "sensor")
      let information = try folder.run("esptool", "--chip", "esp32c3", "image-info", "app.bin").output
      #expect(information.contains("Segments: \(container.header.segmentCount)"))
      let validation = "Validation hash: \(contents.digest.hexadecimal) (valid)"
      #expect(information.contains(validation) == hasDigest)
    }
  }

  @Test("what espsecure signs is verified here, and the digests of keys are the same", arguments: kinds)
  func reading(scheme: String, kind: OpenSSLKeyKind) throws {
    _ = try image()
    for name in ["first.pem", "second.pem"] {
      try #require(
        try folder.run("espsecure", "generate-signing-key", "-v", "2", "-s", scheme, name).status == 0)
    }
    try #require(
      try folder.run("espsecure", "sign-data", "-v", "2", "-k", "first.pem", "-o", "signed.bin", "app.bin")
        .status == 0)
    let first = try key("first.pem")
    let second = try key("second.pem")
    let signed = try folder.read("signed.bin")
    #expect(try RawApplication.verify(signed, trusting: [first]) == EspressifPublicKey(first))
    #expect(throws: EspressifError.keyNotTrusted) { try RawApplication.verify(signed, trusting: [second]) }
    try #require(
      try folder.run(
        "espsecure", "sign-data", "-v", "2", "-k", "second.pem", "--append-signatures", "-o", "both.bin",
        "signed.bin"
      ).status == 0)
    let both = try folder.read("both.bin")
    for key in [first, second] { try RawApplication.verify(both, trusting: [key]) }
    try #require(
      try folder.run("espsecure", "digest-sbv2-public-key", "-k", "first.pem", "-o", "digest.bin").status == 0
    )
    let digest = try EspressifPublicKey(first).digest
    #expect(try folder.read("digest.bin") == (0..<32).map { digest.bytes[$0] })
  }

  @Test("what is signed here is verified by espsecure, and not when a bit is flipped", arguments: kinds)
  func writing(scheme: String, kind: OpenSSLKeyKind) async throws {
    for name in ["first.pem", "second.pem"] {
      try #require(
        try folder.run("espsecure", "generate-signing-key", "-v", "2", "-s", scheme, name).status == 0)
    }
    let keys = try ["first.pem", "second.pem"].map { try privateKey($0) }
    let signed = try await RawApplication.signed(try image(), by: keys[0])
    try folder.write(signed, to: "ours.bin")
    #expect(try verify("first.pem", "ours.bin"))
    #expect(try !verify("second.pem", "ours.bin"))
    let both = try await RawApplication.signed(signed, by: keys[1], keepsOthers: true)
    try folder.write(both, to: "both.bin")
    #expect(try verify("first.pem", "both.bin") && verify("second.pem", "both.bin"))
    // It knows the two keys by the digests that we know them by.
    let information = try folder.run("espsecure", "signature-info-v2", "both.bin").output
    let words = information.split(whereSeparator: \.isWhitespace).joined(separator: "")
    for key in keys {
      let digest = try EspressifPublicKey(key.publicKey).digest
      #expect(words.contains(digest.hexadecimal), "\(information)")
    }
    var changed = signed
    changed[300] ^= 1
    try folder.write(changed, to: "changed.bin")
    #expect(try !verify("first.pem", "changed.bin"))
    #expect(
      try folder.run("esptool", "--chip", "esp32c3", "image-info", "ours.bin").output.contains("(valid)"))
  }

  private func verify(_ key: String, _ name: String) throws -> Bool {
    try folder.run("espsecure", "verify-signature", "-v", "2", "-k", key, name).status == 0
  }

  /// A key of `espsecure`, which writes EC keys in the older form; its Python turns them.
  private func privateKey(_ name: String) throws -> OpenSSLPrivateKey {
    let text = try folder.read(name)
    if let key = try? OpenSSLPrivateKey(pem: text.span) { return key }
    try folder.convert(name, to: "pkcs8.pem")
    let converted = try folder.read("pkcs8.pem")
    return try OpenSSLPrivateKey(pem: converted.span)
  }
}

extension Digest {
  /// The bytes, two digits each.
  fileprivate var hexadecimal: String {
    (0..<bytes.count).map { index in
      let text = String(bytes[index], radix: 16)
      return text.count == 1 ? "0" + text : text
    }.joined()
  }
}

extension EspToolFolder {
  /// Writes a private key as PKCS #8.
  func convert(_ name: String, to other: String) throws {
    let program = """
      from cryptography.hazmat.primitives import serialization as s
      key = s.load_pem_private_key(open("\(name)", "rb").read(), None)
      data = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
      open("\(other)", "wb").write(data)

      """
    try write(Array(program.utf8), to: "convert_key.py")
    try #require(try run("convert_key").status == 0)
  }
}
