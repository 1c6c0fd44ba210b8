import OTACore
import OTACrypto
import OTAManifest
import Testing

@Suite struct ManifestSummaryTests {
  @Test("A summary names what a person asks for, under the signer")
  func lines() throws {
    let fixture = try Fixture()
    let summary = ManifestSummary(fixture.manifest, signer: fixture.signer.keyIdentifier)
    let values = Dictionary(uniqueKeysWithValues: summary.lines.map { ($0.label, $0.value) })
    #expect(values["signed by"] == fixture.signer.keyIdentifier.digest.description)
    #expect(values["component"] == "app")
    #expect(values["version"] == "2.0.1")
    #expect(values["sequence number"] == "42")
    #expect(values["requires version"] == "1.4.0")
    #expect(values["hardware revisions"] == "2 to 4")
    #expect(values["depends on"] == "radio from 7")
    #expect(values["blocks"] == "2 of 4096 bytes")
    #expect(values["blocks of the image"] == "3 of 32768 bytes")
    #expect(values["encoding"] == "bsdiff43 patch, 40000 bytes of memory")
    #expect(values["description"] == "Fewer own goals ✓")
    #expect(summary.description.split(separator: "\n").count == summary.lines.count)
  }

  @Test("Control characters, also those that turn the direction of text, are written out")
  func controlCharacters() throws {
    var manifest = try Fixture().manifest
    manifest.metadata.modelName = Array("a\u{1b}[2J\nb\u{202e}c".utf8)
    let line = ManifestSummary(manifest).lines.first { $0.label == "model name" }
    #expect(line?.value == "a\\u{1b}[2J\\u{a}b\\u{202e}c")
  }

  @Test("Errors say in words what is wrong")
  func errors() {
    #expect(ManifestError.unsupportedCommand(15).description.contains("command 15"))
    #expect(ManifestError.crypto(.unknownKey).description == "no key with this identifier is trusted")
    #expect(
      ManifestError.malformed(ParseError(.truncated, at: 7)).description.contains("truncated at byte 7"))
    #expect(ManifestError.limitExceeded(.imageSize).description == "over the limit: size of the image")
  }
}
