import Foundation
import OTACommandLine
import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import Testing

@Suite("ota manifest inspect")
struct ManifestInspectTests {
  /// A folder with an envelope that the key in `key.pub.pem` has signed, and the key of somebody else.
  private func prepared() async throws -> (folder: TemporaryFolder, manifest: Manifest, key: PublicKey) {
    let folder = try TemporaryFolder()
    let image = [UInt8](repeating: 7, count: 10_000)
    let digest = SodiumSHA256.digest(of: image.span)
    var blocks: [Digest] = []
    for start in stride(from: 0, to: image.count, by: 4096) {
      blocks.append(SodiumSHA256.digest(of: Array(image[start..<min(start + 4096, image.count)]).span))
    }
    let description = ImageDescription(digest: digest, size: 10_000)
    let manifest = Manifest(
      sequenceNumber: SequenceNumber(7), newVersion: Version(1, 2, 3), component: ComponentIdentifier("app"),
      compatibility: Compatibility(
        vendorID: UniversalIdentifier(high: 1, low: 2), classID: UniversalIdentifier(high: 3, low: 4),
        hardwareRevisions: 2...5),
      image: description,
      payload: PayloadDescription(
        digest: digest, size: 10_000, uri: Array("/artifacts/x".utf8), encoding: .identity,
        blocks: BlockDigests(blockSize: 4096, digests: blocks)),
      metadata: ManifestMetadata(updateDescription: Array("line\u{1b}[2J".utf8)))
    let signer = SodiumSigner(try Ed25519PrivateKey.generate())
    _ = try folder.write(try await manifest.signedEnvelope(by: signer), to: "update.suit")
    _ = try folder.write(try signer.publicKey.pem(), to: "key.pub.pem")
    let stranger = try Ed25519PrivateKey.generate()
    let strangersKey = stranger.publicKey
    _ = try folder.write(try strangersKey.pem(), to: "stranger.pub.pem")
    return (folder, manifest, signer.publicKey)
  }

  @Test("shows the manifest without a key, and says that nobody vouches for it")
  func unsigned() async throws {
    let (folder, manifest, _) = try await prepared()
    let run = await ota("manifest", "inspect", folder.file("update.suit"))
    #expect(run.status == .done)
    #expect(run.output.contains("1.2.3"))
    #expect(run.output.contains(manifest.image.digest.description))
    #expect(!run.output.contains("\u{1b}"))
    #expect(!run.output.contains("signed by"))
    #expect(run.diagnostics == "the signature was not checked; use --key KEY.pub.pem\n")
  }

  @Test("as JSON it has every fact, under its name")
  func json() async throws {
    let (folder, manifest, key) = try await prepared()
    let run = await ota(
      "manifest", "inspect", folder.file("update.suit"), "--key", folder.file("key.pub.pem"), "--json")
    #expect(run.status == .done && run.diagnostics.isEmpty)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    #expect(object["signer"] as? String == KeyIdentifier(of: key).digest.description)
    #expect(object["version"] as? String == "1.2.3")
    #expect(object["sequenceNumber"] as? Int == 7)
    #expect(object["class"] as? String == manifest.compatibility.classID.description)
    #expect(object["hardwareRevisions"] as? [Int] == [2, 5])
    let payload = try #require(object["payload"] as? [String: Any])
    #expect(payload["blockCount"] as? Int == 3)
    #expect(payload["deltaFormat"] == nil)
    let envelope = try folder.read("update.suit")
    #expect(object["updateID"] as? String == SodiumSHA256.digest(of: envelope.span).description)
  }

  @Test("a signature of somebody else is status 2, and nothing is shown")
  func stranger() async throws {
    let (folder, _, _) = try await prepared()
    let run = await ota(
      "manifest", "inspect", folder.file("update.suit"), "--key", folder.file("stranger.pub.pem"))
    #expect(run.status == .refused)
    #expect(run.output.isEmpty)
    #expect(run.diagnosticLines.count == 1)
    #expect(run.diagnostics.contains("[0x0203 unknownKey]"))
  }

  @Test("with a key, a byte changed anywhere is refused with one line, and nothing is shown")
  func changed() async throws {
    let (folder, _, _) = try await prepared()
    let envelope = try folder.read("update.suit")
    for index in stride(from: 0, to: envelope.count, by: 3) {
      var changed = envelope
      changed[index] ^= 0x01
      let path = try folder.write(changed, to: "changed")
      let run = await ota("manifest", "inspect", path, "--key", folder.file("key.pub.pem"))
      #expect(run.status == .refused || run.status == .failed, "byte \(index)")
      #expect(run.output.isEmpty && run.diagnosticLines.count == 1, "byte \(index)")
    }
  }

  @Test("a file that is no manifest, or no key, is status 1")
  func otherFiles() async throws {
    let (folder, _, _) = try await prepared()
    for bytes in [[], [0x00], Array("hello".utf8)] as [[UInt8]] {
      let run = await ota("manifest", "inspect", try folder.write(bytes, to: "other"))
      #expect(run.status == .failed)
      #expect(run.diagnosticLines.count == 1)
    }
    let run = await ota(
      "manifest", "inspect", folder.file("update.suit"), "--key", folder.file("update.suit"))
    #expect(run.status == .failed)
    #expect(run.diagnostics.contains("[0x0204 invalidKey]"))
  }

  @Test("an envelope of another maker is shown whole, with what nobody knows")
  func otherMaker() async throws {
    let folder = try TemporaryFolder()
    var contents = SUITDocument.Contents(sequenceNumber: 3, components: [[[0]], [Array("fs".utf8), [0x1b]]])
    contents.dependencies = [SUITDocument.Dependency(index: 1, prefix: [Array("in".utf8)])]
    contents.shared = [
      .select(0),
      .override([
        SUITDocument.Parameter(1, .bytes([UInt8](repeating: 0xab, count: 16))),
        SUITDocument.Parameter(28, .version(comparison: 2, [1, 2, -1])),
        SUITDocument.Parameter(99, .encoded([0x80])),
      ]), .tryEach([[.condition(.abort)], [SUITDocument.Step(98, .encoded([0xa0]))], nil]),
    ]
    contents.sections[.install] = .inline([.select(0), .run([.directive(.fetch)])])
    contents.others = [77: [0x01]]
    contents.text = .inline(
      SUITDocument.Text(languages: [.init(tag: "en", entries: [2: "one\ntwo\u{1b}[2J"])]))
    var document = SUITDocument(contents)
    document.sever(.install)
    document.payloads = [SUITDocument.Payload(uri: "#x", bytes: [1, 2, 3])]
    document.authenticationBlocks = [[0xd8, 0x62, 0x80]]
    let path = try folder.write(document.encoded, to: "other.suit")
    let run = await ota("manifest", "inspect", path)
    #expect(run.status == .done)
    for line in [
      "manifest: format version 1, sequence number 3", "component 0: 0x00", "component 1: fs/0x1b",
      "dependency: component 1, prefix in", "shared:", "  directive-set-component-index 0",
      "    vendor-identifier = abababab-abab-abab-abab-abababababab", "    version = >=1.2-rc",
      "    parameter 99 = cbor:80", "    alternative 2:", "      command 98 a0", "    alternative 3: nothing",
      "install: (severed)", "    directive-fetch", "unknown: member in manifest 77: 01",
      "text in en:", "  update-description: one\\u{a}two\\u{1b}[2J",
    ] {
      #expect(run.output.contains(line + "\n"), "\(line)")
    }
    let json = await ota("manifest", "inspect", path, "--json")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    #expect(object["version"] == nil && object["signer"] == nil)
    let envelope = try #require(object["envelope"] as? [String: Any])
    #expect(envelope["sequenceNumber"] as? Int == 3)
    #expect(
      (envelope["sections"] as? [[String: Any]])?.map { $0["name"] as? String } == ["shared", "install"])
    #expect((envelope["signatures"] as? [[String: Any]])?.first?["structure"] as? Int == 98)
    #expect((envelope["payloads"] as? [[String: Any]])?.first?["size"] as? Int == 3)
    document.severedSections = [:]
    document.payloads = []
    let gone = await ota("manifest", "inspect", try folder.write(document.encoded, to: "gone.suit"))
    #expect(gone.status == .done && gone.output.contains("  not in the envelope any more\n"))
    document.manifest.sequenceNumber = 4
    let changed = await ota("manifest", "inspect", try folder.write(document.encoded, to: "changed.suit"))
    #expect(changed.status == .refused && changed.output.isEmpty)
  }
}
