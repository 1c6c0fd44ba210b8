import Foundation
import OTACommandLine
import Testing

@Suite("ota image inspect and images of others")
struct OtherImageTests {
  /// An application of ESP-IDF with a description in the first of two segments.
  static func espressif(chip: UInt8 = 5, describes: Bool = true) -> [UInt8] {
    var bytes: [UInt8] = [0xe9, 2, 0, 0x20, 0, 0, 0, 0x40, 0xee, 0, 0, 0, chip, 0, 0, 0, 0, 0xff, 0xff]
    bytes += [0, 0, 0, 0, 1]
    var description = [UInt8](repeating: 0, count: 256)
    if describes {
      description.replaceSubrange(0..<4, with: [0x32, 0x54, 0xcd, 0xab])
      description.replaceSubrange(16..<22, with: Array("v1.2.3".utf8))
      description.replaceSubrange(48..<58, with: Array("sensor\u{1b}[2J".utf8))
    }
    bytes += [0, 0, 0, 0x3c, 0, 1, 0, 0] + description
    bytes += [0, 0, 0, 0x40, 8, 0, 0, 0] + [UInt8](repeating: 1, count: 8)
    return bytes + [UInt8](repeating: 0, count: 48)
  }

  private func inspect(_ bytes: [UInt8], _ options: String...) async throws -> Run {
    let folder = try TemporaryFolder()
    let path = try folder.write(bytes, to: "image")
    return await run(["image", "inspect", path] + options, commands: CommandTable.all)
  }

  @Test("an application of ESP-IDF is shown as far as its header goes")
  func espressif() async throws {
    let shown = try await inspect(Self.espressif())
    #expect(shown.status == .done && shown.diagnostics.isEmpty)
    #expect(!shown.output.contains("\u{1b}"))
    for line in [
      "format:            application of ESP-IDF", "project:           sensor\\u{1b}[2J",
      "version:           v1.2.3", "chip:              ESP32-C3 (0x5)", "segments:          2",
      "appended SHA-256:  yes",
    ] { #expect(shown.output.contains(line + "\n")) }
    let json = try await inspect(Self.espressif(chip: 0x77, describes: false), "--json")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    #expect(object["format"] as? String == "esp-idf")
    #expect(object["chipID"] as? Int == 0x77 && object["chip"] == nil && object["version"] == nil)
    #expect(object["segmentCount"] as? Int == 2 && object["hasDigest"] as? Bool == true)
  }

  @Test("one that ends early, or has segments that cannot be, is an error and no trap")
  func damaged() async throws {
    let bytes = Self.espressif()
    for count in 1..<bytes.count - 48 {
      let run = try await inspect(Array(bytes.prefix(count)))
      #expect(run.status == .failed && run.output.isEmpty && run.diagnosticLines.count == 1, "\(count)")
    }
    for (offset, values) in [(1, [0, 17, 255]), (28, [255]), (31, [255])] as [(Int, [UInt8])] {
      for value in values {
        var changed = bytes
        changed[offset] = value
        let run = try await inspect(changed)
        #expect(run.status == .failed && run.diagnosticLines.count == 1, "\(offset)")
      }
    }
  }

  @Test("archives are named, whether they are packages of Nordic or not")
  func archives() async throws {
    let archive: [UInt8] = [0x50, 0x4b, 0x03, 0x04, 20, 0]
    let package = archive + Array("manifest.json".utf8)
    for (bytes, format, name) in [
      (archive, "zip", "a zip archive"), (package, "nordic-dfu", "a DFU package of Nordic"),
      ([0x50, 0x4b, 0x05, 0x06], "zip", "a zip archive"),
    ] {
      let shown = try await inspect(bytes)
      #expect(shown.status == .done && shown.output == "format:            \(name)\n")
      let json = try await inspect(bytes, "--json")
      #expect(json.output.contains("\"\(format)\""))
    }
    let folder = try ImageCommandTests.prepared()
    let path = try folder.write(package, to: "package.zip")
    let verified = await ota("image", "verify", path, "--key", folder.file("key.pub.pem"))
    #expect(verified.status == .failed && verified.diagnosticLines.count == 1)
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
