import Foundation
import OTACommandLine
import OTACore
import OTACrypto
import OTAManifest
import Testing

/// Signatures by several keys and algorithms, and what a verdict says.
@Suite("ota manifest sign and verify")
struct ManifestSignTests {
  private let folder: TemporaryFolder

  init() async throws {
    folder = try TemporaryFolder()
    for (name, algorithm) in [
      ("a", "ed25519"), ("b", "es256"), ("c", "es384"), ("d", "ed25519"), ("e", "es256"),
    ] {
      let run = await ota("key", "generate", "--algorithm", algorithm, "--out", folder.file("\(name).pem"))
      #expect(run.status == .done)
    }
    var contents = SUITDocument.Contents(sequenceNumber: 9, components: [[Array("app".utf8)]])
    contents.sections[.install] = .inline([
      .override([SUITDocument.Parameter(18, .bytes([1]))]), .directive(.write),
    ])
    _ = try folder.write(SUITDocument(contents).encoded, to: "m.suit")
  }

  private func sign(_ key: String) async -> Run {
    await ota("manifest", "sign", folder.file("m.suit"), "--key", folder.file("\(key).pem"))
  }

  private func verify(_ options: [String], keys: String...) async -> Run {
    await ota(
      ["manifest", "verify", folder.file("m.suit")]
        + keys.flatMap { ["--key", folder.file("\($0).pub.pem")] } + options)
  }

  @Test("each kind of key signs, and its signature is accepted and no other", arguments: ["a", "b", "c"])
  func algorithms(_ name: String) async throws {
    #expect(await sign(name).status == .done)
    let run = await verify([], keys: name)
    #expect(run.status == .done && run.output.contains("sequence number: 9"))
    for other in ["a", "b", "c", "d", "e"] where other != name {
      #expect(await verify([], keys: other).status == .refused)
    }
    let inspected = await ota(
      "manifest", "inspect", folder.file("m.suit"), "--key", folder.file("\(name).pub.pem"))
    #expect(inspected.status == .done && inspected.output.contains("signed by"))
  }

  @Test("several sign, to a threshold; one key twice is one")
  func threshold() async throws {
    #expect(await verify([], keys: "a").status == .refused)
    #expect(await sign("a").status == .done)
    let one = await verify(["--threshold", "2"], keys: "a", "b")
    #expect(one.status == .refused && one.diagnostics.contains("signed by 1 of the keys"))
    #expect(await sign("b").status == .done)
    let two = await verify(["--threshold=2", "--json"], keys: "c", "b", "a")
    #expect(two.status == .done)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(two.output.utf8)) as? [String: Any])
    #expect((object["signers"] as? [String])?.count == 2)
    #expect(await verify(["--threshold", "2"], keys: "a", "a").status == .refused)
    #expect(await verify(["--threshold", "3"], keys: "a", "b").status == .usage)
    #expect(await verify([], keys: "d").status == .refused)
  }

  @Test("a ninth signature is refused, and nothing is changed")
  func tooMany() async throws {
    for name in ["a", "b", "c", "d", "a", "b", "c", "d"] { #expect(await sign(name).status == .done) }
    let before = try folder.read("m.suit")
    let run = await sign("e")
    #expect(run.status == .failed && run.diagnostics.contains("it has 8 signatures"))
    #expect(try folder.read("m.suit") == before)
  }

  @Test("the signed envelope goes where --out says, or in the place of the old one")
  func output() async throws {
    let before = try folder.read("m.suit")
    let run = await ota(
      "manifest", "sign", folder.file("m.suit"), "--key", folder.file("a.pem"), "--out", folder.file("o"),
      "--json")
    #expect(run.status == .done)
    #expect(try folder.read("m.suit") == before)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    #expect(object["signatures"] as? Int == 1 && object["algorithm"] as? Int == -8)
    #expect(try SUITDocument(decoding: folder.read("o")).authenticationBlocks.count == 1)
    #expect(await ota("manifest", "sign", "-", "--key", "k").status == .usage)
  }

  @Test("a lower sequence number than asked for is refused")
  func sequenceNumber() async throws {
    #expect(await sign("a").status == .done)
    #expect(await verify(["--at-least", "9"], keys: "a").status == .done)
    let run = await verify(["--at-least", "10"], keys: "a")
    #expect(run.status == .refused && run.diagnostics.contains("[0x0308 sequenceNumberReplayed]"))
  }

  @Test("commands that no device could process are refused, although they are signed")
  func commands() async throws {
    for steps in [
      [SUITDocument.Step(99, .reporting(0))], [.override([SUITDocument.Parameter(18, .unsigned(1))])],
      [.override([SUITDocument.Parameter(13, .bool(true))])], [.select(1)],
    ] as [[SUITDocument.Step]] {
      var contents = SUITDocument.Contents(sequenceNumber: 9, components: [[Array("app".utf8)]])
      contents.sections[.validate] = .inline(steps)
      _ = try folder.write(SUITDocument(contents).encoded, to: "m.suit")
      #expect(await sign("a").status == .done)
      let run = await verify([], keys: "a")
      #expect(run.status == .refused && run.output.isEmpty && run.diagnosticLines.count == 1)
    }
  }

  @Test("any change of a signed envelope is refused with one line")
  func changed() async throws {
    #expect(await sign("b").status == .done)
    let envelope = try folder.read("m.suit")
    for index in stride(from: 0, to: envelope.count, by: 5) {
      var changed = envelope
      changed[index] ^= 0x01
      _ = try folder.write(changed, to: "m.suit")
      let run = await verify([], keys: "b")
      #expect(run.status == .refused || run.status == .failed, "byte \(index)")
      #expect(run.output.isEmpty && run.diagnosticLines.count == 1, "byte \(index)")
    }
  }

  @Test("files that are something else are refused with one line")
  func otherFiles() async throws {
    for bytes in [[], [0x00], Array("hello".utf8), [0xd8, 0x6b, 0xa0]] as [[UInt8]] {
      let path = try folder.write(bytes, to: "other")
      for arguments in [
        ["manifest", "sign", path, "--key", folder.file("a.pem")],
        ["manifest", "verify", path, "--key", folder.file("a.pub.pem")], ["manifest", "inspect", path],
      ] {
        let run = await ota(arguments)
        #expect(run.status == .failed || run.status == .refused)
        #expect(run.diagnosticLines.count == 1 && run.output.isEmpty)
      }
      #expect(try folder.read("other") == bytes)
    }
    let key = await ota("manifest", "sign", folder.file("m.suit"), "--key", folder.file("m.suit"))
    #expect(key.status == .failed && key.diagnostics.contains("[0x0204 invalidKey]"))
    let missing = await ota("manifest", "sign", folder.file("none"), "--key", folder.file("a.pem"))
    #expect(missing.status == .inputOutput)
    // The digest is checked before it is signed.
    var broken = try folder.read("m.suit")
    broken[broken.count - 1] ^= 1
    _ = try folder.write(broken, to: "m.suit")
    #expect(await sign("a").status == .refused)
    #expect(try folder.read("m.suit") == broken)
  }
}
