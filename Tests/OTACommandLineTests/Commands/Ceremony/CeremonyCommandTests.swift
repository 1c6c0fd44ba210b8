import Foundation
import OTACommandLine
import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Testing

@Suite("ota ceremony")
struct CeremonyCommandTests {
  /// A folder with an envelope that somebody else has signed, and the key that shall sign it too.
  struct Prepared {
    let folder: TemporaryFolder
    let key: PublicKey

    init() async throws {
      folder = try TemporaryFolder()
      let image = [UInt8](repeating: 7, count: 3000)
      let digest = SodiumSHA256.digest(of: image.span)
      let manifest = Manifest(
        sequenceNumber: SequenceNumber(7), newVersion: Version(1, 2, 3),
        component: ComponentIdentifier("app"),
        compatibility: Compatibility(
          vendorID: UniversalIdentifier(high: 1, low: 2), classID: UniversalIdentifier(high: 3, low: 4)),
        image: ImageDescription(digest: digest, size: 3000),
        payload: PayloadDescription(
          digest: digest, size: 3000, uri: Array("/artifacts/x".utf8), encoding: .identity,
          blocks: BlockDigests(blockSize: 4096, digests: [digest])))
      let other = SodiumSigner(try Ed25519PrivateKey.generate())
      _ = try folder.write(try await manifest.signedEnvelope(by: other), to: "update.suit")
      let secret = try Ed25519PrivateKey.generate()
      key = secret.publicKey
      _ = try folder.write(
        try secret.pem().withBytes { text in text.indices.map { text[$0] } }, to: "key.pem")
      _ = try folder.write(try key.pem(), to: "key.pub.pem")
      let stranger = try Ed25519PrivateKey.generate()
      _ = try folder.write(
        try stranger.pem().withBytes { text in text.indices.map { text[$0] } }, to: "stranger.pem")
    }

    func export(_ more: String...) async -> Run {
      let arguments = [
        "ceremony", "export", folder.file("update.suit"), "--key", folder.file("key.pub.pem"), "--out",
        folder.file("request"),
      ]
      return await run(arguments + more, commands: CommandTable.all)
    }

    /// The digits behind `to sign`.
    func digits() async -> String {
      let run = await ota("ceremony", "show", folder.file("request"), "--key", folder.file("key.pub.pem"))
      let line = run.output.split(separator: "\n").first { $0.hasPrefix("to sign: ") }
      return line.map { String($0.dropFirst(9)) } ?? ""
    }

    func sign(key: String = "key.pem", confirm: String) async -> Run {
      await ota(
        "ceremony", "sign", folder.file("request"), "--key",
        key.hasPrefix("pkcs11:") ? key : folder.file(key),
        "--confirm", confirm, "--out", folder.file("response"))
    }

    func take(key: String = "key.pub.pem") async -> Run {
      await ota(
        "ceremony", "import", folder.file("request"), folder.file("response"), "--key", folder.file(key),
        "--out", folder.file("signed.suit"))
    }

    /// Changes a line of a file.
    func change(_ file: String, _ name: String, _ body: (String) -> String) throws {
      let text = String(decoding: try folder.read(file), as: UTF8.self)
      let lines = text.split(separator: "\n").map { line in
        line.hasPrefix(name + ": ")
          ? name + ": " + body(String(line.dropFirst(name.count + 2))) : String(line)
      }
      #expect(lines.joined(separator: "\n") + "\n" != text)
      _ = try folder.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: file)
    }
  }

  /// Another digit in the middle.
  private static func flipped(_ digits: String) -> String {
    var characters = Array(digits)
    let middle = characters.count / 2
    characters[middle] = characters[middle] == "0" ? "1" : "0"
    return String(characters)
  }

  @Test("carries a signature from the key to the envelope")
  func roundTrip() async throws {
    let prepared = try await Prepared()
    let exported = await prepared.export("--note", "for the release")
    #expect(exported.status == .done && exported.diagnostics.isEmpty)
    let shown = await ota(
      "ceremony", "show", prepared.folder.file("request"), "--key", prepared.folder.file("key.pub.pem"))
    #expect(shown.status == .done)
    #expect(shown.output.contains("note:    for the release\n"))
    #expect(shown.output.contains("1.2.3") && shown.output.contains("sequence number"))
    let digits = await prepared.digits()
    #expect(exported.output.contains(digits) && digits.count == 64)
    #expect(await prepared.sign(confirm: String(digits.prefix(8))).status == .done)
    #expect(await prepared.take().status == .done)
    let inspected = await ota(
      "manifest", "inspect", prepared.folder.file("signed.suit"), "--key",
      prepared.folder.file("key.pub.pem"))
    #expect(inspected.status == .done)
    #expect(inspected.output.contains(KeyIdentifier(of: prepared.key).digest.description))
  }

  @Test("works for keys of ECDSA too", arguments: ["es256", "es384"])
  func ecdsa(_ algorithm: String) async throws {
    let prepared = try await Prepared()
    let path = prepared.folder.file("key.pem")
    #expect(
      await ota("key", "generate", "--algorithm", algorithm, "--out", path, "--force").status == .done)
    #expect(await prepared.export().status == .done)
    #expect(await prepared.sign(confirm: prepared.digits()).status == .done)
    #expect(await prepared.take().status == .done)
    #expect(await prepared.sign(key: "stranger.pem", confirm: prepared.digits()).status == .refused)
  }

  @Test("signs bytes alone, and says that nobody knows what they are")
  func bytes() async throws {
    let prepared = try await Prepared()
    #expect(await prepared.export("--kind", "bytes").status == .done)
    let shown = await ota(
      "ceremony", "show", prepared.folder.file("request"), "--key", prepared.folder.file("key.pub.pem"))
    #expect(shown.diagnostics == "these are just bytes: nobody can say what they mean\n")
    #expect(await prepared.sign(confirm: prepared.digits()).status == .done)
    #expect(await prepared.take().status == .done)
    let signature = try prepared.folder.read("signed.suit")
    let message = try prepared.folder.read("update.suit")
    try SodiumVerifier().verify(signature: signature.span, of: message.span, by: prepared.key)
  }

  @Test("refuses a request whose bytes are not those of its document, and one whose document was changed")
  func tamperedRequest() async throws {
    for name in ["message", "document"] {
      let prepared = try await Prepared()
      _ = await prepared.export()
      let digits = await prepared.digits()
      try prepared.change("request", name, Self.flipped)
      let shown = await ota(
        "ceremony", "show", prepared.folder.file("request"), "--key", prepared.folder.file("key.pub.pem"))
      #expect(shown.status == .refused || shown.status == .failed)
      #expect(shown.output.isEmpty)
      let request = try SigningRequest(text: prepared.folder.read("request"))
      for confirmed in [digits, request.messageDigest.description] {
        #expect(await prepared.sign(confirm: confirmed).status == .refused)
      }
      #expect(try !prepared.folder.names().contains("response"))
    }
  }

  @Test("refuses a key that was not asked, on both sides, and digits that are not those of the request")
  func otherKey() async throws {
    let prepared = try await Prepared()
    _ = await prepared.export()
    let digits = await prepared.digits()
    #expect(await prepared.sign(key: "stranger.pem", confirm: digits).status == .refused)
    #expect(await prepared.sign(confirm: Self.flipped(String(digits.prefix(8)))).status == .refused)
    #expect(await prepared.sign(confirm: "12345").status == .usage)
    #expect(try !prepared.folder.names().contains("response"))
    #expect(await prepared.sign(confirm: digits).status == .done)
    let taken = await prepared.take(key: "stranger.pem")
    #expect(taken.status == .refused)
    #expect(taken.diagnostics.contains("it is for another key"))
    #expect(try !prepared.folder.names().contains("signed.suit"))
  }

  @Test(
    "refuses an answer that was changed, and one to another request",
    arguments: ["signature", "key-id", "message-digest"])
  func tamperedResponse(_ name: String) async throws {
    let prepared = try await Prepared()
    _ = await prepared.export()
    #expect(await prepared.sign(confirm: prepared.digits()).status == .done)
    try prepared.change("response", name, Self.flipped)
    let taken = await prepared.take()
    #expect(taken.status == .refused)
    #expect(try !prepared.folder.names().contains("signed.suit"))
  }

  @Test("says so if a file is something else")
  func otherFiles() async throws {
    let prepared = try await Prepared()
    let run = await ota(
      "ceremony", "show", prepared.folder.file("update.suit"), "--key", prepared.folder.file("key.pub.pem"))
    #expect(run.status == .failed && run.diagnostics.contains("Docs/KeyCeremony.md"))
    let exported = await ota(
      "ceremony", "export", prepared.folder.file("key.pem"), "--key", prepared.folder.file("key.pub.pem"),
      "--out", prepared.folder.file("request"))
    #expect(exported.status == .failed && exported.diagnostics.contains("SUIT envelope"))
  }
}
