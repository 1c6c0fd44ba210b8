import Foundation
import OTACommandLine
import OTACore
import OTACrypto
import OTACryptoOpenSSL
import Testing

@Suite("ota image with keys of ECDSA and RSA, with encryption, and with signed TLVs")
struct ImageKindTests {
  private func object(_ run: Run) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
  }

  /// A folder as usual, with a key of another algorithm.
  private func prepared(_ algorithm: String) async throws -> TemporaryFolder {
    let folder = try ImageCommandTests.prepared()
    let run = await ota(
      "key", "generate", "--algorithm", algorithm, "--out", folder.file("key.pem"), "--force")
    try #require(run.status == .done)
    return folder
  }

  /// Writes both parts of a device's key.
  private func addDevice(_ kind: OpenSSLKeyKind, to folder: TemporaryFolder) throws {
    let key = try OpenSSLPrivateKey.generate(kind)
    _ = try folder.write(key.publicKey.pem(), to: "device.pub.pem")
    let text = key.withPEM { span in (0..<span.count).map { span[$0] } }
    _ = try folder.write(text, to: "device.pem")
  }

  @Test(
    "what is signed is verified with either part of the key, and names it",
    arguments: [
      ("es256", "ECDSASIG", 64), ("es384", "ECDSASIG", 96), ("rsa2048", "RSA2048", 64),
      ("rsa3072", "RSA3072", 64),
    ])
  func roundTrip(algorithm: String, type: String, digits: Int) async throws {
    let folder = try await prepared(algorithm)
    let signed = await ImageCommandTests.sign(folder, ["--security-counter", "auto", "--json"])
    #expect(signed.status == .done)
    let keyID = try object(signed)["keyID"] as? String
    for key in ["key.pem", "key.pub.pem"] {
      let run = await ota("image", "verify", folder.file("out.bin"), "--key", folder.file(key), "--json")
      #expect(run.status == .done && run.diagnostics.isEmpty)
      let object = try object(run)
      #expect(object["securityCounter"] as? Int == 0x0102_0003)
      #expect(object["signer"] as? String == keyID && keyID != nil)
      #expect((object["digest"] as? String)?.count == digits)
      let tlvs = try #require(object["tlvs"] as? [[String: Any]])
      #expect(tlvs.contains { $0["name"] as? String == type })
      #expect((tlvs.first { $0["name"] as? String == "KEYHASH" }?["value"] as? String)?.count == digits)
    }
    let other = await ota("image", "verify", folder.file("out.bin"), "--key", folder.file("stranger.pub.pem"))
    #expect(other.status == .refused && other.output.isEmpty && other.diagnosticLines.count == 1)
    let inspected = await ota("image", "inspect", folder.file("out.bin"))
    #expect(inspected.status == .done && inspected.output.contains("TLV \(type):"))
    // A hash that the key does not sign.
    let wrong = await ImageCommandTests.sign(folder, ["--sha", "512"], to: "wrong.bin")
    #expect(wrong.status == .failed && wrong.diagnostics.contains("SHA-384"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("wrong.bin")))
  }

  @Test("keys that sign no images are told", arguments: [OpenSSLKeyKind.x25519, .rsa4096])
  func noSigners(_ kind: OpenSSLKeyKind) async throws {
    let folder = try ImageCommandTests.prepared()
    _ = await ImageCommandTests.sign(folder)
    try addDevice(kind, to: folder)
    let signed = await ota(
      "image", "sign", folder.file("app.bin"), "--key", folder.file("device.pem"), "--out",
      folder.file("x.bin"),
      "--version", "1", "--pad-header")
    let verified = await ota(
      "image", "verify", folder.file("out.bin"), "--key", folder.file("device.pub.pem"))
    for run in [signed, verified] {
      #expect(run.status == .failed && run.diagnostics.contains("unsupportedAlgorithm"))
      #expect(run.diagnosticLines.count == 1)
    }
  }

  @Test(
    "what is encrypted is verified with the device's key only",
    arguments: [
      (OpenSSLKeyKind.x25519, []), (.x25519, ["--encrypt-keylen", "256", "--hmac-sha", "512"]), (.p256, []),
      (.rsa2048, ["--encrypt-keylen", "256"]),
    ] as [(OpenSSLKeyKind, [String])])
  func encrypted(_ kind: OpenSSLKeyKind, _ options: [String]) async throws {
    let folder = try ImageCommandTests.prepared()
    try addDevice(kind, to: folder)
    let all = ["--encrypt", folder.file("device.pub.pem"), "--security-counter", "5"] + options
    #expect(await ImageCommandTests.sign(folder, all).status == .done)
    let path = folder.file("out.bin")
    let key = folder.file("key.pub.pem")
    let verified = await ota(
      "image", "verify", path, "--key", key, "--decrypt", folder.file("device.pem"), "--json")
    #expect(verified.status == .done)
    let shown = try object(verified)
    #expect(shown["securityCounter"] as? Int == 5)
    let encryption = try #require(shown["encryption"] as? [String: Any])
    #expect(encryption["keyBits"] as? Int == (options.contains("--encrypt-keylen") ? 256 : 128))
    #expect((encryption["contentKey"] as? String)?.hasPrefix("ENC") == true)
    // Without the key, as if it were clear, with another key.
    #expect(await ota("image", "verify", path, "--key", key).status == .failed)
    #expect(await ota("image", "verify", path, "--key", key, "--clear").status == .refused)
    try addDevice(kind, to: folder)
    let stranger = await ota("image", "verify", path, "--key", key, "--decrypt", folder.file("device.pem"))
    #expect(stranger.status == .refused && stranger.output.isEmpty && stranger.diagnosticLines.count == 1)
    let blind = await ota("image", "inspect", path)
    #expect(blind.status == .done && blind.output.contains("encrypted:         AES-"))
    #expect(blind.diagnostics == "the hash was not checked: it is encrypted\n")
  }

  @Test("a clear image is verified as such, and inspected without a key")
  func clear() async throws {
    let folder = try ImageCommandTests.prepared()
    try addDevice(.p256, to: folder)
    let options = ["--encrypt", folder.file("device.pub.pem"), "--clear", "--security-counter", "5"]
    #expect(await ImageCommandTests.sign(folder, options).status == .done)
    let path = folder.file("out.bin")
    let key = folder.file("key.pub.pem")
    #expect(await ota("image", "verify", path, "--key", key, "--clear").status == .done)
    #expect(await ota("image", "verify", path, "--key", key).status == .failed)
    #expect(
      await ota("image", "verify", path, "--key", key, "--decrypt", folder.file("device.pem")).status
        == .refused)
    let inspected = await ota("image", "inspect", path)
    #expect(inspected.status == .done && inspected.output.contains("security counter:  5"))
    let both = await ota(
      "image", "verify", path, "--key", key, "--clear", "--decrypt", folder.file("device.pem"))
    #expect(both.status == .usage)
    // One that is not to be encrypted.
    #expect(await ImageCommandTests.sign(folder, to: "plain.bin").status == .done)
    let plain = folder.file("plain.bin")
    #expect(await ota("image", "verify", plain, "--key", key, "--clear").status == .failed)
  }

  @Test("inspect with the device's key shows what an encrypted image says")
  func inspectEncrypted() async throws {
    let folder = try ImageCommandTests.prepared()
    try addDevice(.x25519, to: folder)
    let options = ["--encrypt", folder.file("device.pub.pem"), "--security-counter", "5"]
    #expect(await ImageCommandTests.sign(folder, options).status == .done)
    let run = await ota(
      "image", "inspect", folder.file("out.bin"), "--decrypt", folder.file("device.pem"))
    #expect(run.status == .done && run.output.contains("security counter:  5"))
    #expect(run.diagnostics == "the signature was not checked; use ota image verify\n")
  }

  @Test("signed TLVs arrive, as lines and as JSON")
  func tlvs() async throws {
    let folder = try ImageCommandTests.prepared()
    let options = [
      "--custom-tlv", "0xa0=hello", "--custom-tlv", "0x1234=0xabcdef", "--boot-record", "APP", "--vid",
      "bcc16965-6f3a-5338-9d83-d8b565c63bc7", "--cid", "1e7fce30-b467-504f-8a77-cd970d5670a8",
    ]
    #expect(await ImageCommandTests.sign(folder, options).status == .done)
    let arguments = ["image", "verify", folder.file("out.bin"), "--key", folder.file("key.pub.pem")]
    let shown = try object(await run(arguments + ["--json"], commands: CommandTable.all))
    let tlvs = try #require(shown["tlvs"] as? [[String: Any]])
    #expect(tlvs.contains { $0["type"] as? Int == 0xa0 && $0["value"] as? String == "68656c6c6f" })
    #expect(tlvs.contains { $0["type"] as? Int == 0x1234 && $0["value"] as? String == "abcdef" })
    let record = try #require(shown["bootRecord"] as? [String: Any])
    #expect(record["softwareType"] as? String == "APP" && record["version"] as? String == "1.2.3")
    #expect(record["measurementDescription"] as? String == "SHA256")
    #expect(shown["vendorID"] as? String == "bcc16965-6f3a-5338-9d83-d8b565c63bc7")
    let lines = await run(arguments, commands: CommandTable.all).output
    #expect(lines.contains("TLV 0xa0:          5 bytes, signed, 68656c6c6f"))
    #expect(lines.contains("boot record:       APP 1.2.3, SHA256"))
  }

  @Test(
    "wrong options are errors of usage",
    arguments: [
      ["--encrypt-keylen", "256"], ["--hmac-sha", "512"], ["--clear"], ["--save-enctlv"],
      ["--encrypt", "device.pub.pem", "--encrypt-keylen", "192"],
      ["--encrypt", "device.pub.pem", "--hmac-sha", "384"], ["--boot-record", "1234567890123"],
      ["--vid", "example.com"], ["--cid", ""], ["--custom-tlv", "0xa0"], ["--custom-tlv", "0x50=text"],
      ["--custom-tlv", "0xffff=text"], ["--custom-tlv", "0x100a0=text"], ["--custom-tlv", "0xa0=0xabc"],
      ["--custom-tlv", "0xa0=1", "--custom-tlv", "160=2"], ["--custom-tlv", "=text"],
    ])
  func usage(_ options: [String]) async throws {
    let folder = try ImageCommandTests.prepared()
    let run = await ImageCommandTests.sign(folder, options)
    #expect(run.status == .usage && run.diagnosticLines.count == 1, "\(run.diagnostics)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("out.bin")))
  }

  @Test("keys that encrypt nothing, and files that are not there, are errors with one line")
  func files() async throws {
    let folder = try ImageCommandTests.prepared()
    try addDevice(.p384, to: folder)
    for (options, status) in [
      (["--encrypt", folder.file("device.pub.pem")], ExitStatus.failed),
      (["--encrypt", folder.file("key.pub.pem")], .failed),
      (["--encrypt", folder.file("none")], .inputOutput),
      (["--custom-tlv", "0xa0=@" + folder.file("none")], .inputOutput),
    ] {
      let run = await ImageCommandTests.sign(folder, options)
      #expect(run.status == status && run.diagnosticLines.count == 1, "\(options)")
      #expect(!FileManager.default.fileExists(atPath: folder.file("out.bin")))
    }
    try addDevice(.p256, to: folder)
    let long = await ImageCommandTests.sign(
      folder, ["--encrypt", folder.file("device.pub.pem"), "--hmac-sha", "512"])
    #expect(long.status == .failed && long.diagnostics.contains("X25519"))
  }
}
