import Foundation
import OTACommandLine
import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import Testing

@Suite("ota key generate")
struct KeyGenerateTests {
  @Test("writes a private and a public key that belong together, the private one for its owner only")
  func generates() async throws {
    let folder = try TemporaryFolder()
    let run = await ota("key", "generate", "--algorithm", "ed25519", "--out", folder.file("release.pem"))
    #expect(run.status == .done)
    #expect(try folder.names() == ["release.pem", "release.pub.pem"])
    #expect(try folder.mode("release.pem") == 0o600)
    let privateText = try folder.read("release.pem")
    let key = try Ed25519PrivateKey(pem: privateText.span)
    let publicText = try folder.read("release.pub.pem")
    let publicKey = try PublicKey(pem: publicText.span)
    let derived = key.publicKey
    #expect(derived == publicKey)
    #expect(run.output.contains(KeyIdentifier(of: publicKey).digest.description))
    let message: [UInt8] = [1, 2, 3]
    let signature = try key.signature(for: message.span)
    #expect(throws: Never.self) {
      try SodiumVerifier().verify(signature: signature.span, of: message.span, by: publicKey)
    }
  }

  @Test("generates another key each time")
  func random() async throws {
    let folder = try TemporaryFolder()
    for name in ["a.pem", "b.pem"] {
      let run = await ota("key", "generate", "--algorithm", "ed25519", "--out", folder.file(name))
      #expect(run.status == .done)
    }
    #expect(try folder.read("a.pem") != folder.read("b.pem"))
  }

  @Test("replaces nothing without --force, whichever of the two files is there")
  func refusesToReplace() async throws {
    for name in ["k.pem", "k.pub.pem"] {
      let folder = try TemporaryFolder()
      _ = try folder.write([1], to: name)
      let refused = await ota("key", "generate", "--algorithm", "ed25519", "--out", folder.file("k.pem"))
      #expect(refused.status == .inputOutput)
      #expect(refused.diagnosticLines.count == 1)
      #expect(refused.diagnostics.contains("exists already"))
      #expect(refused.output.isEmpty)
      #expect(try folder.names() == [name])
      #expect(try folder.read(name) == [1])
      let forced = await ota(
        "key", "generate", "--force", "--algorithm", "ed25519", "--out", folder.file("k.pem"))
      #expect(forced.status == .done)
      #expect(try folder.mode("k.pem") == 0o600)
      #expect(try folder.names() == ["k.pem", "k.pub.pem"])
    }
  }

  @Test("the result as JSON names the files and the key")
  func json() async throws {
    let folder = try TemporaryFolder()
    let run = await ota("key", "generate", "--json", "--algorithm", "ed25519", "--out", folder.file("k"))
    let object = try JSONDecoder().decode([String: String].self, from: Data(run.output.utf8))
    #expect(object["algorithm"] == "ed25519")
    #expect(object["privateKey"] == folder.file("k"))
    #expect(object["publicKey"] == folder.file("k.pub.pem"))
    let text = try folder.read("k.pub.pem")
    let key = try PublicKey(pem: text.span)
    #expect(object["keyID"] == KeyIdentifier(of: key).digest.description)
  }

  @Test(
    "writes keys of ECDSA and RSA that other programs read",
    arguments: [
      ("es256", OpenSSLKeyKind.p256), ("es384", .p384), ("rsa2048", .rsa2048), ("rsa3072", .rsa3072),
    ])
  func otherAlgorithms(algorithm: String, kind: OpenSSLKeyKind) async throws {
    let folder = try TemporaryFolder()
    let run = await ota(
      "key", "generate", "--json", "--algorithm", algorithm, "--out", folder.file("k.pem"))
    #expect(run.status == .done)
    #expect(try folder.names() == ["k.pem", "k.pub.pem"])
    #expect(try folder.mode("k.pem") == 0o600)
    let privateText = try folder.read("k.pem")
    let key = try OpenSSLPrivateKey(pem: privateText.span)
    #expect(key.publicKey.kind == kind)
    let publicText = try folder.read("k.pub.pem")
    let (found, expected) = (
      try OpenSSLPublicKey(pem: publicText.span).subjectPublicKeyInfo(),
      try key.publicKey.subjectPublicKeyInfo()
    )
    #expect(found == expected)
    let object = try JSONDecoder().decode([String: String].self, from: Data(run.output.utf8))
    #expect(object["algorithm"] == algorithm)
    #expect(object["keyID"] == (try key.publicKey.keyIdentifier().digest.description))
  }

  @Test(
    "the texts are those of openssl, byte for byte",
    .enabled(if: hasOpenSSL && executable != nil, "needs the programs openssl and ota"),
    arguments: ["ed25519", "es256", "es384", "rsa2048", "rsa3072"])
  func openSSL(algorithm: String) async throws {
    let folder = try TemporaryFolder()
    let run = await ota("key", "generate", "--algorithm", algorithm, "--out", folder.file("k.pem"))
    #expect(run.status == .done)
    let lines = "openssl pkey -in k.pem | cmp - k.pem && openssl pkey -in k.pem -pubout | cmp - k.pub.pem"
    let (status, diagnostics) = try bash(lines, in: folder)
    #expect(status == 0, "\(diagnostics)")
  }

  private static let hasOpenSSL = FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

  @Test(
    "a wrong command line is status 64",
    arguments: [
      ["--out", "k.pem"], ["--algorithm", "ed25519"], ["--algorithm", "dsa", "--out", "k.pem"],
      ["--algorithm", "ed25519", "--out", "k.pem", "extra"],
    ])
  func usage(arguments: [String]) async {
    let run = await run(["key", "generate"] + arguments, commands: CommandTable.all)
    #expect(run.status == .usage)
    #expect(run.diagnosticLines.count == 1)
  }
}
