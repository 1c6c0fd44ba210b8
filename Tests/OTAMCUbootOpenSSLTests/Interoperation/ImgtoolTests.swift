import Foundation
import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTAMCUbootOpenSSL
import OTAPartition
import Testing

@Suite(
  "Images of MCUboot and the imgtool of this machine, every kind of key and encryption",
  .enabled(if: Imgtool.path != nil, "imgtool is not installed"))
struct ImgtoolTests {
  private let tool: Imgtool
  private let firmware = [UInt8](repeating: 0x42, count: 5_001)

  init() throws {
    tool = try Imgtool()
    try tool.write(firmware, to: "app.bin")
  }

  /// Has it sign, and gives what it wrote.
  private func theirs(_ arguments: [String]) throws -> [UInt8] {
    let common = ["sign", "--pad-header", "--slot-size", "0x10000", "--align", "4", "--key", "key.pem"]
    let run = try tool.run(common + arguments + ["app.bin", "out.bin"])
    try #require(run.status == 0, "\(arguments): \(run.output)")
    return try tool.read("out.bin")
  }

  /// Whether it verifies an image.
  private func accepts(_ bytes: [UInt8], key: String = "key.pem") throws -> Bool {
    try tool.write(bytes, to: "image.bin")
    return try tool.run(["verify", "--key", key, "image.bin"]).status == 0
  }

  /// What it reads of an image.
  private func dump(_ bytes: [UInt8]) throws -> String {
    try tool.write(bytes, to: "image.bin")
    let run = try tool.run(["dumpinfo", "image.bin"])
    #expect(run.status == 0)
    return run.output
  }

  @Test("what it signs is verified here", arguments: SigningKind.allCases)
  func signed(_ kind: SigningKind) throws {
    let key = try TestKey.of(kind)
    try tool.write(key.pem, to: "key.pem")
    for algorithm in kind.hashes {
      for (header, more) in [
        ("32", []), ("1024", ["--security-counter", "auto", "--public-key-format", "full"]),
        ("64", ["--dependencies", "(1,1.2.3+4)", "--custom-tlv", "0x01a0", "0xabcdef"]),
        ("33", ["--boot-record", "app", "--vid", "bcc16965-6f3a-5338-9d83-d8b565c63bc7", "--pad"]),
      ] {
        let bytes = try theirs(
          ["--header-size", header, "--version", "1.2.3+4", "--sha", "\(8 * algorithm.byteCount)"] + more)
        let contents = try ImageBench.verify(bytes, by: key.verifier)
        #expect(contents.digest.algorithm == algorithm)
        #expect(contents.securityCounter == (header == "1024" ? 0x0102_0003 : nil))
        #expect(contents.dependencyCount == (header == "64" ? 1 : 0))
        #expect(
          (contents.bootRecord != nil) == (header == "33") && (contents.vendorID != nil) == (header == "33"))
      }
    }
    if kind == .p256 || kind == .p384 {
      try ImageBench.verify(
        theirs(["--header-size", "32", "--version", "1", "--pad-sig"]), by: key.verifier)
    }
  }

  @Test("it verifies what is signed here, and not when a bit is flipped", arguments: SigningKind.allCases)
  func signs(_ kind: SigningKind) async throws {
    let key = try TestKey.of(kind)
    try tool.write(key.pem, to: "key.pem")
    var image = MCUbootImage(version: MCUbootVersion(3, 1, 4, build: 15), headerSize: 512)
    image.securityCounter = 8
    image.softwareType = "APP"
    image.dependencies = [MCUbootDependency(image: 1, minimumVersion: MCUbootVersion(1, 0))]
    image.vendorTLVs = [MCUbootImage.VendorTLV(rawType: 0x1234, value: Array("hello".utf8))]
    for algorithm in kind.hashes {
      for format in MCUbootImage.KeyFormat.allCases {
        image.keyFormat = format
        var bytes = try await ImageBench.sign(image, firmware, by: key.signer, algorithm)
        #expect(try accepts(bytes))
        let text = try dump(bytes)
        for name in [
          "SEC_CNT", "BOOT_RECORD", "DEPENDENCY", "3.1.4+15", key.signer.signatureType.description,
        ] {
          #expect(text.contains(name), "\(name)")
        }
        bytes[600] ^= 1
        #expect(try !accepts(bytes))
      }
    }
    for other in SigningKind.allCases where other != kind {
      try tool.write(TestKey.of(other).pem, to: "other.pem")
      let bytes = try await ImageBench.sign(image, firmware, by: key.signer, kind.hashes[0])
      #expect(try !accepts(bytes, key: "other.pem"))
    }
  }

  /// Keys that it lets sign images that are encrypted in a way: the same kind as the device's, or Ed25519.
  private func signers(for way: EncryptionWay) -> [SigningKind] {
    switch way.kind {
    case .p256: [.p256, .ed25519]
    case .rsa2048: [.rsa2048, .rsa3072, .ed25519]
    default: [.ed25519]
    }
  }

  @Test("what it encrypts is decrypted and verified here", arguments: EncryptionWay.all)
  func encrypted(_ way: EncryptionWay) throws {
    let device = try DeviceKeys.of(way.kind)
    try tool.write(PEMText.of(device.publicKey), to: "device.pem")
    for kind in signers(for: way) {
      let key = try TestKey.of(kind)
      try tool.write(key.pem, to: "key.pem")
      for algorithm in kind.hashes {
        let options =
          [
            "--header-size", "40", "--version", "1.2.3+4", "--security-counter", "7", "--encrypt",
            "device.pem",
            "--encrypt-keylen", "\(8 * way.keySize)", "--sha", "\(8 * algorithm.byteCount)",
          ] + (way.usesSHA512 ? ["--hmac-sha", "512"] : [])
        let bytes = try theirs(options)
        #expect(try ImageBench.verify(bytes, by: key.verifier, decryptedWith: device).securityCounter == 7)
        #expect(throws: MCUbootError.digestMismatch) {
          try ImageBench.verify(bytes, by: key.verifier, decryptedWith: nil)
        }
        let clear = try theirs(options + ["--clear"])
        try ImageBench.verify(clear, by: key.verifier, decryptedWith: nil)
      }
    }
  }

  @Test(
    "it verifies what is prepared for encryption here, and reads what is encrypted",
    arguments: EncryptionWay.all)
  func encrypts(_ way: EncryptionWay) async throws {
    let device = try DeviceKeys.of(way.kind)
    let encryption = try way.encryption(for: device.publicKey)
    let image = MCUbootImage(version: MCUbootVersion(3, 1, 4, build: 15), headerSize: 40)
    for kind in SigningKind.allCases {
      let key = try TestKey.of(kind)
      try tool.write(key.pem, to: "key.pem")
      let clear = try await ImageBench.sign(
        image, firmware, by: key.signer, kind.hashes[0], encryptedBy: encryption, isClear: true)
      #expect(try accepts(clear))
      let bytes = try await ImageBench.sign(
        image, firmware, by: key.signer, kind.hashes[0], encryptedBy: encryption)
      // It checks the hash over what it sees.
      #expect(try !accepts(bytes))
      let text = try dump(bytes)
      #expect(text.contains(encryption.contentKeyType.description))
      #expect(text.contains("ENCRYPTED_AES\(8 * way.keySize)"))
    }
  }
}
