import Foundation
import OTACommandLine
import OTACrypto
import OTACryptoSodium
import Testing

@Suite("ota image sign, verify and inspect")
struct ImageCommandTests {
  /// A folder with firmware, the two parts of a key, and the public part of somebody else's.
  static func prepared() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    _ = try folder.write([UInt8](repeating: 0x42, count: 9_999), to: "app.bin")
    let key = try Ed25519PrivateKey.generate()
    let text = try key.pem()
    _ = try folder.write(text.withBytes { span in (0..<span.count).map { span[$0] } }, to: "key.pem")
    let publicKey = key.publicKey
    _ = try folder.write(try publicKey.pem(), to: "key.pub.pem")
    let stranger = try Ed25519PrivateKey.generate()
    let strangersKey = stranger.publicKey
    _ = try folder.write(try strangersKey.pem(), to: "stranger.pub.pem")
    return folder
  }

  static func sign(_ folder: TemporaryFolder, _ more: [String] = [], to name: String = "out.bin") async -> Run
  {
    await run(
      [
        "image", "sign", folder.file("app.bin"), "--key", folder.file("key.pem"), "--out", folder.file(name),
        "--version", "1.2.3+4", "--pad-header",
      ] + more, commands: CommandTable.all)
  }

  private func object(_ run: Run) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
  }

  @Test(
    "what is signed is verified, with either part of the key", arguments: ["256", "512"], ["hash", "full"])
  func roundTrip(hash: String, keyFormat: String) async throws {
    let folder = try Self.prepared()
    let signed = await Self.sign(
      folder,
      [
        "--sha", hash, "--public-key-format", keyFormat, "--header-size", "0x200", "--security-counter", "7",
        "--dependencies", "(1,1.2.3+4), (2,2.0.0)", "--load-addr", "0x20000000",
      ])
    #expect(signed.status == .done && signed.diagnostics.isEmpty)
    for key in ["key.pem", "key.pub.pem"] {
      let run = await ota("image", "verify", folder.file("out.bin"), "--key", folder.file(key), "--json")
      #expect(run.status == .done && run.diagnostics.isEmpty)
      let object = try object(run)
      #expect(object["version"] as? String == "1.2.3+4")
      #expect(object["securityCounter"] as? Int == 7)
      #expect(object["headerSize"] as? Int == 512)
      #expect(object["loadAddress"] as? Int == 0x2000_0000)
      #expect(object["flags"] as? Int == 0x20)
      #expect((object["dependencies"] as? [[String: Any]])?.count == 2)
      #expect((object["digest"] as? String)?.hasPrefix("sha-\(hash)") == true || object["digest"] != nil)
      #expect((object["signer"] as? String)?.isEmpty == false)
    }
  }

  @Test("the header replaces zeros, or there is an error")
  func zeros() async throws {
    let folder = try Self.prepared()
    let firmware = try folder.read("app.bin")
    _ = await Self.sign(folder, ["--header-size", "64", "--erased-val", "0"], to: "padded.bin")
    let path = try folder.write([UInt8](repeating: 0, count: 64) + firmware, to: "zeros.bin")
    let arguments = [
      "--key", folder.file("key.pem"), "--out", folder.file("out.bin"), "--version", "1.2.3+4",
      "--header-size", "64",
    ]
    let replaced = await run(["image", "sign", path] + arguments, commands: CommandTable.all)
    #expect(replaced.status == .done)
    #expect(try folder.read("out.bin") == folder.read("padded.bin"))
    let refused = await run(
      ["image", "sign", folder.file("app.bin")] + arguments, commands: CommandTable.all)
    #expect(refused.status == .failed && refused.diagnostics.contains("zeros"))
  }

  @Test("a padded image fills the slot and ends with the trailer", arguments: [1, 16, 32])
  func padded(align: Int) async throws {
    let folder = try Self.prepared()
    let size = ["--slot-size", "0x10000", "--align", "\(align)"]
    #expect(await Self.sign(folder, size + ["--confirm"]).status == .done)
    let bytes = try folder.read("out.bin")
    #expect(bytes.count == 0x10000)
    let magic: [UInt8] =
      align == 1
      ? [0x77, 0xc2, 0x95, 0xf3, 0x60, 0xd2, 0xef, 0x7f, 0x35, 0x52, 0x50, 0x0f, 0x2c, 0xb6, 0x79, 0x80]
      : [UInt8(align), 0, 0x2d, 0xe1, 0x5d, 0x29, 0x41, 0x0b, 0x8d, 0x77, 0x67, 0x9c, 0x11, 0x0f, 0x1f, 0x8a]
    #expect(Array(bytes.suffix(16)) == magic)
    let imageOK = bytes.count - (align == 32 ? 64 : align == 16 ? 32 : 24)
    #expect(bytes[imageOK] == 1)
    #expect(await Self.sign(folder, size + ["--pad"], to: "trial.bin").status == .done)
    var expected = bytes
    expected[imageOK] = 0xff
    #expect(try folder.read("trial.bin") == expected)
    let run = await ota("image", "verify", folder.file("out.bin"), "--key", folder.file("key.pub.pem"))
    #expect(run.status == .done)
    // 3 * 128 * align of progress, four fields and the magic number leave too little.
    let small = await Self.sign(folder, ["--slot-size", "0x2800", "--align", "\(align)"], to: "small.bin")
    #expect(small.status == .failed || small.status == .usage)
    #expect(!FileManager.default.fileExists(atPath: folder.file("small.bin")))
  }

  @Test("another key, a missing signature and every changed byte are refused; nothing is shown")
  func refused() async throws {
    let folder = try Self.prepared()
    #expect(await Self.sign(folder).status == .done)
    let other = await ota("image", "verify", folder.file("out.bin"), "--key", folder.file("stranger.pub.pem"))
    #expect(other.status == .refused && other.output.isEmpty && other.diagnosticLines.count == 1)
    let bytes = try folder.read("out.bin")
    for index in stride(from: 32, to: bytes.count, by: 97) {
      var changed = bytes
      changed[index] ^= 1
      let path = try folder.write(changed, to: "changed.bin")
      let run = await ota("image", "verify", path, "--key", folder.file("key.pub.pem"))
      #expect(run.status == .refused || run.status == .failed, "byte \(index)")
      #expect(run.output.isEmpty && run.diagnosticLines.count == 1, "byte \(index)")
      if index < 32 + 9_999 {
        #expect(run.status == .refused)
        #expect(await ota("image", "inspect", path).status == .refused)
      }
    }
    for count in [0, 1, 4, 31, 32, 33, 5_000, bytes.count - 1] {
      let path = try folder.write(Array(bytes.prefix(count)), to: "short.bin")
      for arguments in [["verify", path, "--key", folder.file("key.pub.pem")], ["inspect", path]] {
        let run = await run(["image"] + arguments, commands: CommandTable.all)
        #expect(run.status == .failed && run.output.isEmpty && run.diagnosticLines.count == 1, "\(count)")
      }
    }
  }

  @Test("inspect shows an image, and that nobody vouches for it")
  func inspect() async throws {
    let folder = try Self.prepared()
    _ = await Self.sign(folder)
    let run = await ota("image", "inspect", folder.file("out.bin"))
    #expect(run.status == .done)
    #expect(run.output.contains("version:           1.2.3+4"))
    #expect(run.output.contains("TLV ED25519:       64 bytes"))
    #expect(run.diagnostics == "the signature was not checked; use ota image verify\n")
    // Encrypted, says the header: shown, but the hash means nothing here.
    var bytes = try folder.read("out.bin")
    bytes[16] = 4
    let encrypted = await ota("image", "inspect", try folder.write(bytes, to: "encrypted.bin"))
    #expect(encrypted.status == .done && encrypted.diagnostics.contains("encrypted"))
    let verified = await ota(
      "image", "verify", folder.file("encrypted.bin"), "--key", folder.file("key.pub.pem"))
    #expect(verified.status == .failed)
  }

  @Test("files that cannot be read are errors, each with one line")
  func files() async throws {
    let folder = try Self.prepared()
    for (path, status) in [
      (folder.file("missing"), ExitStatus.inputOutput), (folder.path, .inputOutput),
      (try folder.write([], to: "empty"), .failed), (try folder.write([1, 2, 3], to: "other"), .failed),
    ] {
      let verified = await ota("image", "verify", path, "--key", folder.file("key.pub.pem"))
      let inspected = await ota("image", "inspect", path)
      let out = folder.file("none.bin")
      let signed = await ota(
        "image", "sign", path, "--key", folder.file("key.pem"), "--out", out, "--version", "1.0.0")
      for run in [verified, inspected, signed] {
        #expect(run.status == status && run.output.isEmpty && run.diagnosticLines.count == 1, "\(path)")
      }
      #expect(!FileManager.default.fileExists(atPath: out))
    }
    // A file that says that it is larger than 2 GiB, without one byte of it.
    let huge = try folder.write([], to: "huge")
    let handle = try #require(FileHandle(forWritingAtPath: huge))
    try handle.truncate(atOffset: 1 << 32)
    try handle.close()
    let large = await ota("image", "inspect", huge)
    #expect(large.status == .failed && large.diagnostics.contains("limitExceeded"))
    _ = await Self.sign(folder)
    let key = await ota("image", "verify", folder.file("out.bin"), "--key", folder.file("app.bin"))
    #expect(
      key.status == .failed && key.diagnostics.contains("larger") || key.diagnostics.contains("invalidKey"))
    let publicPart = await ota(
      "image", "sign", folder.file("app.bin"), "--key", folder.file("key.pub.pem"), "--out",
      folder.file("x.bin"), "--version", "1", "--pad-header")
    #expect(publicPart.status == .failed && publicPart.diagnostics.contains("invalidKey"))
    let nowhere = await ota(
      "image", "sign", folder.file("app.bin"), "--key", folder.file("key.pem"), "--out",
      folder.file("none/x.bin"), "--version", "1", "--pad-header")
    #expect(nowhere.status == .inputOutput)
  }

  @Test(
    "wrong options are errors of usage",
    arguments: [
      ["--version", "1"], ["--header-size", "31"], ["--header-size", "65536"], ["--sha", "224"],
      ["--align", "3"], ["--align", "64"], ["--max-align", "4"], ["--align", "32", "--max-align", "8"],
      ["--pad"], ["--confirm"], ["--pad", "--slot-size", "100"], ["--pad", "--slot-size", "65537"],
      ["--load-addr", "1", "--rom-fixed", "2"], ["--load-addr", "0x100000000"], ["--erased-val", "7"],
      ["--dependencies", "1,2"], ["--dependencies", "(1,1.0.0"], ["--dependencies", "(1,1.0.0),"],
      ["--dependencies", "(256,1.0.0)"], ["--dependencies", ""], ["--security-counter", "-1"],
      ["--security-counter", "+1"],
      ["--public-key-format", "raw"], ["--max-sectors", "0"],
    ])
  func usage(_ options: [String]) async throws {
    let folder = try Self.prepared()
    let run = await Self.sign(folder, options)
    #expect(run.status == .usage && run.diagnosticLines.count == 1, "\(run.diagnostics)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("out.bin")))
  }
}
