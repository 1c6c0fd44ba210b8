import Foundation
import OTACommandLine
import OTACryptoOpenSSL
import Testing

@Suite("ota image inspect and images of others")
struct OtherImageTests {
  private func inspect(_ bytes: [UInt8], _ options: String...) async throws -> Run {
    let folder = try TemporaryFolder()
    let path = try folder.write(bytes, to: "image")
    return await run(["image", "inspect", path] + options, commands: CommandTable.all)
  }

  @Test("archives are named, and damaged packages of Nordic are errors")
  func archives() async throws {
    for bytes in [[0x50, 0x4b, 0x03, 0x04, 20, 0], [0x50, 0x4b, 0x05, 0x06]] as [[UInt8]] {
      let shown = try await inspect(bytes)
      #expect(shown.status == .done && shown.output == "format:            a zip archive\n")
      let json = try await inspect(bytes, "--json")
      #expect(json.output.contains("\"zip\""))
    }
    let package = [0x50, 0x4b, 0x03, 0x04, 20, 0] + Array("manifest.json".utf8)
    let shown = try await inspect(package)
    #expect(shown.status == .failed && shown.output.isEmpty && shown.diagnosticLines.count == 1)
    let folder = try ImageCommandTests.prepared()
    let path = try folder.write(package, to: "package.zip")
    let verified = await ota("image", "verify", path, "--key", folder.file("key.pub.pem"))
    #expect(verified.status == .failed && verified.diagnosticLines.count == 1)
  }

  @Test("a package for Nordic is made, shown and verified, and refused when it was changed")
  func nordic() async throws {
    let folder = try ImageCommandTests.prepared()
    for name in ["first", "second"] {
      try EspressifImageTests.writeKey(.p256, to: name, in: folder)
    }
    let out = folder.file("app.zip")
    let made = await ota(
      "image", "pack-nordic", folder.file("app.bin"), "--key", folder.file("first.pem"), "--out", out,
      "--version",
      "3", "--hardware", "52", "--softdevices", "0xb6,256", "--json")
    #expect(made.status == .done && made.diagnostics.isEmpty)
    let shown = await ota("image", "inspect", out)
    #expect(shown.status == .done && shown.diagnostics.contains("no signature was checked"))
    for line in [
      "format:            DFU package of Nordic", "image:             application, application.bin",
      "  size:            9999 bytes", "  version:         3", "  hardware:        52",
      "  SoftDevices:     0xb6, 0x100", "  signature:       ECDSA P-256",
    ] { #expect(shown.output.contains(line + "\n"), "\(line)") }
    for key in ["first.pem", "first.pub.pem"] {
      let run = await ota("image", "verify", out, "--key", folder.file(key), "--json")
      #expect(run.status == .done && run.output.contains("\"nordic-dfu\"") && run.diagnostics.isEmpty)
    }
    let stranger = await ota("image", "verify", out, "--key", folder.file("second.pub.pem"))
    #expect(stranger.status == .refused && stranger.output.isEmpty && stranger.diagnosticLines.count == 1)
    let wrongKind = await ota("image", "verify", out, "--key", folder.file("key.pub.pem"))
    #expect(wrongKind.status == .failed && wrongKind.diagnosticLines.count == 1)
    let bytes = try folder.read("app.zip")
    for count in stride(from: 4, to: bytes.count, by: 11) {
      let path = try folder.write(Array(bytes.prefix(count)), to: "short.zip")
      let run = await ota("image", "verify", path, "--key", folder.file("first.pem"))
      #expect(run.status == .failed && run.output.isEmpty && run.diagnosticLines.count == 1, "\(count)")
    }
    for options in [
      ["--softdevices", "x"], ["--softdevices", ""],
      ["--softdevices", String(repeating: "1,", count: 17) + "1"],
      ["--version", "-1"],
    ] {
      let arguments = ["image", "pack-nordic", "a", "--key", "k", "--out", "o", "--hardware", "1"]
      let more = options[0] == "--version" ? options : options + ["--version", "1"]
      let run = await run(arguments + more, commands: CommandTable.all)
      #expect(run.status == .usage, "\(options)")
    }
  }

  @Test("noise is never a trap, whatever it begins with")
  func noise() async throws {
    var random = SystemRandomNumberGenerator()
    let seed = UInt64.random(in: 0..<1_000_000, using: &random)
    var state = seed
    func next() -> UInt8 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 33)
    }
    for round in 0..<300 {
      var bytes = (0..<Int(next())).map { _ in next() }
      let heads: [[UInt8]] = [[0x3d, 0xb8, 0xf3, 0x96], [0xe9, 2], [0x50, 0x4b, 3, 4], []]
      bytes = heads[round % 4] + bytes
      let run = try await inspect(bytes)
      #expect(
        [.done, .failed, .refused].contains(run.status) && run.diagnosticLines.count <= 1,
        "seed \(seed), round \(round)")
    }
  }
}
