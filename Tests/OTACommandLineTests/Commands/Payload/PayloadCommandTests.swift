import Foundation
import OTACommandLine
import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Testing

@Suite("ota payload")
struct PayloadCommandTests {
  private let payload = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

  private var digest: String {
    let payload = payload
    return SodiumSHA256.digest(of: payload.span).description
  }

  /// A folder with a payload, keys of two devices of each kind, and a shared key.
  private func prepared() async throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    _ = try folder.write(payload, to: "app.bin")
    for (name, algorithm) in [("x1", "x25519"), ("x2", "x25519"), ("p1", "es256"), ("p2", "es256")] {
      let run = await ota("key", "generate", "--algorithm", algorithm, "--out", folder.file("\(name).pem"))
      #expect(run.status == .done, "\(run.diagnostics)")
    }
    _ = try folder.write(Array("000102030405060708090a0b0c0d0e0f\n".utf8), to: "line.hex")
    _ = try folder.write(Array("100102030405060708090a0b0c0d0e0f\n".utf8), to: "other.hex")
    return folder
  }

  @Test("a container is opened by each of its recipients, and by nobody else")
  func container() async throws {
    let folder = try await prepared()
    // The public part of a private key will do.
    let sealed = await ota(
      "payload", "encrypt", folder.file("app.bin"), "--out", folder.file("app.enc"), "--recipient",
      folder.file("x1.pub.pem"), "--recipient", folder.file("x2.pem"), "--chunk-size", "1024", "--json")
    #expect(sealed.status == .done, "\(sealed.diagnostics)")
    #expect(sealed.output.contains(digest) && sealed.output.contains(#""chunkSize" : 1024"#))
    let encrypted = try folder.read("app.enc")
    #expect(encrypted.count == EncryptedRelease.encryptedSize(of: 5000, recipients: 2, chunkSize: 1024))
    for name in ["x1", "x2"] {
      let opened = await ota(
        "payload", "decrypt", folder.file("app.enc"), "--out", folder.file("\(name).bin"), "--key",
        folder.file("\(name).pem"))
      #expect(opened.status == .done, "\(opened.diagnostics)")
      #expect(try folder.read("\(name).bin") == payload)
    }
    let third = await ota(
      "key", "generate", "--algorithm", "x25519", "--out", folder.file("x3.pem"))
    #expect(third.status == .done)
    let refused = await ota(
      "payload", "decrypt", folder.file("app.enc"), "--out", folder.file("x3.bin"), "--key",
      folder.file("x3.pem"))
    #expect(refused.status == .refused && refused.diagnostics.contains("payloadKeyMissing"))
    for index in [3, 20, 50, 250, 300, encrypted.count - 1] {
      var changed = encrypted
      changed[index] ^= 1
      _ = try folder.write(changed, to: "changed.enc")
      let run = await ota(
        "payload", "decrypt", folder.file("changed.enc"), "--out", folder.file("x3.bin"), "--key",
        folder.file("x1.pem"))
      #expect(run.status == .refused, "byte \(index)")
    }
    _ = try folder.write(Array(encrypted.dropLast()), to: "changed.enc")
    let cut = await ota(
      "payload", "decrypt", folder.file("changed.enc"), "--out", folder.file("x3.bin"), "--key",
      folder.file("x1.pem"))
    #expect(cut.status == .refused)
    #expect(try !folder.names().contains("x3.bin"))
  }

  @Test(
    "one message with its info is opened by each of its recipients, and only if it is the payload",
    arguments: ["A128GCM", "A256GCM", "ChaCha20/Poly1305", "A128CTR", "A192CTR", "A256CTR"])
  func message(algorithm: String) async throws {
    let folder = try await prepared()
    let sealed = await ota(
      "payload", "encrypt", folder.file("app.bin"), "--out", folder.file("app.enc"), "--info",
      folder.file("app.info"), "--algorithm", algorithm, "--recipient", folder.file("p1.pub.pem"),
      "--shared-key", "line-7=" + folder.file("line.hex"))
    #expect(sealed.status == .done, "\(sealed.diagnostics)")
    let encrypted = try folder.read("app.enc")
    #expect(encrypted.count == (algorithm.hasSuffix("CTR") ? 5000 : 5016))
    func open(_ options: String..., digest: String? = nil) async -> Run {
      await ota(
        [
          "payload", "decrypt", folder.file("app.enc"), "--out", folder.file("out.bin"), "--info",
          folder.file("app.info"), "--sha256", digest ?? self.digest,
        ] + options)
    }
    for options in [
      ["--key", folder.file("p2.pem")], ["--shared-key", "line-8=" + folder.file("line.hex")],
      ["--shared-key", "line-7=" + folder.file("other.hex")],
    ] {
      #expect(await open(options[0], options[1]).status == .refused)
    }
    let wrong = await open(
      "--key", folder.file("p1.pem"), digest: String(repeating: "0", count: 64))
    #expect(wrong.status == .refused)
    var changed = encrypted
    changed[17] ^= 1
    _ = try folder.write(changed, to: "app.enc")
    #expect(await open("--key", folder.file("p1.pem")).status == .refused)
    #expect(try !folder.names().contains("out.bin"))
    _ = try folder.write(encrypted, to: "app.enc")
    for options in [
      ["--key", folder.file("p1.pem")], ["--shared-key", "line-7=" + folder.file("line.hex")],
    ] {
      let run = await open(options[0], options[1])
      #expect(run.status == .done, "\(run.diagnostics)")
      #expect(try folder.read("out.bin") == payload)
    }
  }

  @Test("keys of the wrong kind, and options that do not belong together, are refused")
  func mistakes() async throws {
    let folder = try await prepared()
    let base = ["payload", "encrypt", folder.file("app.bin"), "--out", folder.file("app.enc")]
    let info = ["--info", folder.file("app.info")]
    let (x, p) = (["--recipient", folder.file("x1.pub.pem")], ["--recipient", folder.file("p1.pub.pem")])
    let shared = "a=" + folder.file("line.hex")
    let noKey = "a=" + folder.file("app.bin")
    var expected: [([String], OTACommandLine.ExitStatus)] = []
    expected.append(([], .usage))
    expected.append((p, .failed))
    expected.append((x + ["--algorithm", "A128GCM"], .usage))
    expected.append((x + ["--shared-key", shared], .usage))
    expected.append((x + ["--chunk-size", "1000"], .usage))
    expected.append((info, .usage))
    expected.append((info + x, .failed))
    expected.append((info + p + ["--algorithm", "A128CBC"], .usage))
    expected.append((info + p + ["--chunk-size", "1024"], .usage))
    expected.append((info + ["--shared-key", "a"], .usage))
    expected.append((info + ["--shared-key", noKey], .failed))
    expected.append((["--recipient", folder.file("none.pem")], .inputOutput))
    expected.append((info + p + p, .done))
    for (options, status) in expected {
      let run = await ota(base + options)
      #expect(run.status == status, "\(options)")
    }
    let decrypt = ["payload", "decrypt", folder.file("app.enc"), "--out", folder.file("out.bin")]
    let (key, other) = (["--key", folder.file("p1.pem")], ["--key", folder.file("x1.pem")])
    expected = [([], .usage)]
    expected.append((info + key, .usage))
    expected.append((other + ["--sha256", digest], .usage))
    expected.append((key, .failed))
    expected.append((["--key", folder.file("x1.pub.pem")], .failed))
    expected.append((info + other + ["--sha256", digest], .failed))
    expected.append((info + key + ["--sha256", "00"], .usage))
    expected.append((info + key + ["--sha256", digest], .done))
    for (options, status) in expected {
      let run = await ota(decrypt + options)
      #expect(run.status == status, "\(options)")
    }
  }

  /// A description of an encrypted component.
  private func description(_ encryption: String, uri: String = #""uri": "app.enc""#) -> [UInt8] {
    Array(
      """
      { "sequenceNumber": 3, \(ManifestCreateTests.identity),
        "components": [ { "name": "app", "payload": "app.bin", \(uri), "encryption": \(encryption) } ] }
      """.utf8)
  }

  @Test("a description says how its payload is encrypted, and inspection shows it")
  func manifests() async throws {
    let folder = try await prepared()
    for options in [
      ["--out", folder.file("c.enc"), "--recipient", folder.file("x1.pub.pem")],
      [
        "--out", folder.file("m.enc"), "--recipient", folder.file("p1.pub.pem"), "--info",
        folder.file("m.info"), "--shared-key", "line-7=" + folder.file("line.hex"),
      ],
    ] {
      let run = await ota(["payload", "encrypt", folder.file("app.bin")] + options)
      #expect(run.status == .done, "\(run.diagnostics)")
    }
    let cases: [(String, [String], [String])] = [
      (
        #"{ "container": "c.enc" }"#, [#""form" : "container""#, #""chunkSize" : 65536"#],
        ["chunks of 65536 bytes", "fetch-arguments"]
      ),
      (
        #"{ "info": "m.info" }"#,
        [#""form" : "encryption-info""#, #""transportSize" : 5016"#, #""algorithm" : "ECDH-ES + A128KW""#],
        ["SUIT_Encryption_Info", "A128GCM for ECDH-ES + A128KW", "A128GCM for A128KW, key 6c696e652d37"]
      ),
    ]
    for (encryption, members, lines) in cases {
      let path = try folder.write(description(encryption), to: "m.json")
      let created = await ota("manifest", "create", path, "--out", folder.file("m.suit"))
      #expect(created.status == .done, "\(created.diagnostics)")
      let json = await ota("manifest", "inspect", folder.file("m.suit"), "--json")
      for member in members { #expect(json.output.contains(member), "\(member)") }
      let text = await ota("manifest", "inspect", folder.file("m.suit"))
      for line in lines { #expect(text.output.contains(line), "\(line)") }
      // What the agent makes of it.
      let bytes = try folder.read("m.suit")
      let suit = try SUITManifest(SUITEnvelope(parsing: bytes.span), of: bytes.span, hash: SodiumSHA256.self)
      let manifest = try Manifest(suit)
      #expect(manifest.image.size == 5000 && manifest.payload.encryption != nil)
      #expect(manifest.payload.digest == manifest.image.digest)
    }
    let integrated = description(
      #"{ "info": "m.info", "encrypted": "m.enc" }"#, uri: #""integrated": true"#)
    let path = try folder.write(integrated, to: "m.json")
    #expect(await ota("manifest", "create", path, "--out", folder.file("m.suit")).status == .done)
    let document = try SUITDocument(decoding: try folder.read("m.suit"))
    #expect(document.payloads.map(\.bytes) == [try folder.read("m.enc")])
    for wrong in [
      description("{}"), description(#"{ "info": "m.info", "container": "c.enc" }"#),
      description(#"{ "info": "c.enc" }"#), description(#"{ "container": "m.enc" }"#),
      description(#"{ "info": "m.info", "encrypted": "app.bin" }"#),
      description(#"{ "container": "c.enc", "encrypted": "m.enc" }"#),
      description(#"{ "info": "m.info" }"#, uri: #""integrated": true"#),
      description(#"{ "info": "m.info" }"#, uri: #""invoke": true"#),
      description(#"{ "form": "m.info" }"#),
    ] {
      let path = try folder.write(wrong, to: "wrong.json")
      let run = await ota("manifest", "create", path, "--out", folder.file("wrong.suit"))
      #expect(run.status == .failed, "\(String(decoding: wrong, as: UTF8.self))")
    }
    #expect(try !folder.names().contains("wrong.suit"))
  }
}
