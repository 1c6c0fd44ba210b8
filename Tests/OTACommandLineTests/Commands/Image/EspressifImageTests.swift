import Foundation
import OTACommandLine
import OTACore
import OTACrypto
import OTACryptoOpenSSL
import Testing

@Suite("ota image and applications of ESP-IDF")
struct EspressifImageTests {
  /// An application with a description in the first of two segments.
  static func application(project: String = "sensor", hasDigest: Bool = true) -> [UInt8] {
    var bytes: [UInt8] = [0xe9, 2, 2, 0x2f, 0, 0, 0, 0x40, 0xee, 0, 0, 0, 5, 0, 0, 3, 0, 199, 0, 0, 0, 0, 0]
    bytes.append(hasDigest ? 1 : 0)
    var description = [UInt8](repeating: 0, count: 256)
    description.replaceSubrange(0..<5, with: [0x32, 0x54, 0xcd, 0xab, 7])
    description.replaceSubrange(16..<22, with: Array("v1.2.3".utf8))
    description.replaceSubrange(48..<48 + project.utf8.count, with: Array(project.utf8))
    let code = [UInt8](repeating: 1, count: 8)
    bytes += [0x20, 0, 0, 0x3c, 0, 1, 0, 0] + description + [0, 0, 0, 0x40, 8, 0, 0, 0] + code
    let checksum = (description + code).reduce(0xef, ^)
    bytes += [UInt8](repeating: 0, count: 15 - bytes.count % 16) + [checksum]
    guard hasDigest else { return bytes }
    let digest = OpenSSLSHA256.digest(of: bytes.span)
    return bytes + (0..<32).map { digest.bytes[$0] }
  }

  /// Writes both parts of a new key.
  static func writeKey(_ kind: OpenSSLKeyKind, to name: String, in folder: TemporaryFolder) throws {
    let key = try OpenSSLPrivateKey.generate(kind)
    let info = try key.publicKey.subjectPublicKeyInfo()
    let text = try [UInt8](capacity: 8192) { writer throws(ParseError) in
      try PEM.encode(info.span, label: PEM.publicKeyLabel, into: &writer)
    }
    _ = try folder.write(text, to: "\(name).pub.pem")
    var octets: [UInt8] = []
    key.withPrivateKeyInfo { bytes in
      for index in 0..<bytes.count { octets.append(bytes[index]) }
    }
    let secret = try [UInt8](capacity: 8192) { writer throws(ParseError) in
      try PEM.encode(octets.span, label: PEM.privateKeyLabel, into: &writer)
    }
    _ = try folder.write(secret, to: "\(name).pem")
  }

  private func object(_ run: Run) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
  }

  @Test("inspect shows header, segments and description, with nothing that a terminal would obey")
  func inspect() async throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Self.application(project: "sensor\u{1b}[2J"), to: "app.bin")
    let shown = await ota("image", "inspect", path)
    #expect(shown.status == .done && shown.diagnostics.isEmpty && !shown.output.contains("\u{1b}"))
    for line in [
      "format:            application of ESP-IDF", "project:           sensor\\u{1b}[2J",
      "version:           v1.2.3", "security version:  7", "chip:              ESP32-C3 (0x5)",
      "revision:          v0.3 to v1.99", "segments:          2", "  0x3c000020:      256 bytes",
      "appended SHA-256:  yes",
    ] { #expect(shown.output.contains(line + "\n"), "\(line)") }
    let json = try object(await ota("image", "inspect", path, "--json"))
    #expect(json["format"] as? String == "esp-idf" && json["chipID"] as? Int == 5)
    #expect(json["segmentCount"] as? Int == 2 && json["hasDigest"] as? Bool == true)
    #expect((json["signatures"] as? [Any])?.isEmpty == true && json["signer"] == nil)
    let longer = try folder.write(Self.application(hasDigest: false) + [1, 2, 3], to: "longer.bin")
    let noted = await ota("image", "inspect", longer)
    #expect(noted.status == .done && noted.diagnostics.contains("3 bytes behind"))
    #expect(noted.output.contains("appended SHA-256:  no\n"))
  }

  @Test(
    "what is signed is verified, with either part of the key",
    arguments: [OpenSSLKeyKind.rsa3072, .p256, .p384])
  func signing(kind: OpenSSLKeyKind) async throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Self.application(), to: "app.bin")
    for name in ["first", "second", "stranger"] { try Self.writeKey(kind, to: name, in: folder) }
    let unsigned = await ota("image", "verify", path, "--key", folder.file("first.pub.pem"))
    #expect(unsigned.status == .refused && unsigned.output.isEmpty)
    let out = folder.file("signed.bin")
    let signed = await ota(
      "image", "sign-esp", path, "--key", folder.file("first.pem"), "--out", out, "--json")
    #expect(signed.status == .done && signed.diagnostics.isEmpty)
    let digest = try #require(try object(signed)["keyDigest"] as? String)
    for key in ["first.pem", "first.pub.pem"] {
      let run = await ota("image", "verify", out, "--key", folder.file(key), "--json")
      #expect(run.status == .done && run.diagnostics.isEmpty)
      #expect(try object(run)["signer"] as? String == digest)
    }
    let inspected = await ota("image", "inspect", out)
    #expect(inspected.status == .done && inspected.diagnostics.contains("no signature was checked"))
    #expect(inspected.output.contains("key \(digest)"))
    let both = await ota(
      "image", "sign-esp", out, "--key", folder.file("second.pem"), "--out", folder.file("both.bin"), "--keep"
    )
    #expect(both.status == .done)
    for key in ["first.pem", "second.pem"] {
      let run = await ota("image", "verify", folder.file("both.bin"), "--key", folder.file(key))
      #expect(run.status == .done)
    }
    let stranger = await ota("image", "verify", out, "--key", folder.file("stranger.pub.pem"))
    #expect(stranger.status == .refused && stranger.output.isEmpty && stranger.diagnosticLines.count == 1)
    let bytes = try folder.read("signed.bin")
    for index in [5, 40, 100, 350, 2000, 4100, 4136, 4200, 5295] {
      var changed = bytes
      changed[index] ^= 1
      let run = await ota(
        "image", "verify", try folder.write(changed, to: "changed.bin"), "--key", folder.file("first.pem"))
      #expect(run.status == .refused && run.output.isEmpty && run.diagnosticLines.count == 1, "\(index)")
    }
  }

  @Test("one that ends early, or is damaged, is an error and no trap")
  func damaged() async throws {
    let folder = try TemporaryFolder()
    let bytes = Self.application()
    for count in stride(from: 1, to: bytes.count, by: 3) {
      let run = await ota("image", "inspect", try folder.write(Array(bytes.prefix(count)), to: "short.bin"))
      #expect(run.status == .failed && run.output.isEmpty && run.diagnosticLines.count == 1, "\(count)")
    }
    let places: [(offset: Int, value: UInt8, isWellFormed: Bool)] = [
      (1, 0, false), (1, 17, false), (28, 3, false), (31, 255, false), (23, 2, false), (40, 1, true),
      (5, 1, true),
    ]
    for place in places {
      var changed = bytes
      changed[place.offset] = place.value
      let run = await ota("image", "inspect", try folder.write(changed, to: "changed.bin"))
      #expect(run.status == (place.isWellFormed ? .refused : .failed), "\(place.offset)")
      #expect(run.diagnosticLines.count == 1, "\(place.offset)")
    }
  }

  @Test("wrong keys and wrong files are errors with one line")
  func wrongKeys() async throws {
    let folder = try ImageCommandTests.prepared()
    let path = try folder.write(Self.application(), to: "app.esp.bin")
    try Self.writeKey(.p256, to: "p256", in: folder)
    try Self.writeKey(.rsa2048, to: "rsa2048", in: folder)
    let out = folder.file("none.bin")
    for (file, key) in [
      (path, "key.pem"), (path, "rsa2048.pem"), (path, "p256.pub.pem"), (folder.file("app.bin"), "p256.pem"),
    ] {
      let run = await ota("image", "sign-esp", file, "--key", folder.file(key), "--out", out)
      #expect(run.status == .failed && run.diagnosticLines.count == 1, "\(key) \(run.diagnostics)")
      #expect(!FileManager.default.fileExists(atPath: out))
    }
    let run = await ota("image", "verify", path, "--key", folder.file("key.pub.pem"))
    #expect(run.status == .failed && run.diagnosticLines.count == 1)
  }
}
