import Foundation
import OTACommandLine
import OTACore
import OTADeltaContainers
import Testing

@Suite("ota delta with compressed files")
struct DeltaContainerTests {
  /// A gzip file as zlib makes it.
  private static func gzip(_ content: [UInt8]) throws -> [UInt8] {
    let method = CompressionMethod.zlib(
      level: 9, memoryLevel: 8, strategy: 0, windowBits: 15, isWrapped: false)
    var file: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]
    file += try method.compress(content.span)
    for word in [checksum(of: content), UInt32(content.count)] {
      for shift in [0, 8, 16, 24] as [UInt32] { file.append(UInt8(truncatingIfNeeded: word >> shift)) }
    }
    return file
  }

  /// CRC-32, RFC 1952, section 8.
  private static func checksum(of bytes: [UInt8]) -> UInt32 {
    var value: UInt32 = 0xffff_ffff
    for byte in bytes {
      value ^= UInt32(byte)
      for _ in 0..<8 { value = value >> 1 ^ (value & 1 == 1 ? 0xedb8_8320 : 0) }
    }
    return ~value
  }

  /// Two gzip files whose contents differ a little, near the start.
  private func prepared() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let content = (0..<6000).map { UInt8(truncatingIfNeeded: ($0 &* $0) >> 9 & 0x3f) }
    _ = try folder.write(try Self.gzip(content), to: "old")
    _ = try folder.write(try Self.gzip(Array(content[..<50]) + [1, 2, 3] + content[50...]), to: "new")
    return folder
  }

  @Test("a native patch is one of the contents, is applied, and says so")
  func roundTrip() async throws {
    let folder = try prepared()
    let made = await ota(
      "delta", "make", folder.file("old"), folder.file("new"), folder.file("patch"), "--format", "native")
    try #require(made.status == .done, "\(made.diagnostics)")
    #expect(try folder.read("patch").starts(with: "OTAC".utf8))
    let applied = await ota("delta", "apply", folder.file("old"), folder.file("patch"), folder.file("out"))
    #expect(applied.status == .done)
    #expect(try folder.read("out") == folder.read("new"))
    let shown = await ota("delta", "inspect", folder.file("patch"))
    #expect(shown.output.contains("format:            native\n"))
    // Header, zeros up to a multiple of 16, content, checksum and size.
    #expect(shown.output.contains("unpacked images:   6024 and 6027 bytes\n"))
    struct Shown: Decodable {
      var newSize: Int
      var oldUnpackedSize: Int
      var newUnpackedSize: Int
    }
    let json = await ota("delta", "inspect", folder.file("patch"), "--json")
    let decoded = try JSONDecoder().decode(Shown.self, from: Data(json.output.utf8))
    #expect(try decoded.newSize == folder.read("new").count)
    #expect(decoded.oldUnpackedSize == 6024 && decoded.newUnpackedSize == 6027)
  }

  @Test("too little memory is refused when it is applied, and heeded when it is made")
  func memory() async throws {
    let folder = try prepared()
    for (name, options) in [("patch", []), ("small", ["--memory", "32768"])] {
      let made = await run(
        ["delta", "make", folder.file("old"), folder.file("new"), folder.file(name)] + options + [
          "--format", "native",
        ],
        commands: CommandTable.all)
      try #require(made.status == .done, "\(made.diagnostics)")
    }
    #expect(try folder.read("small").starts(with: "OTAD".utf8))
    let applied = await ota(
      "delta", "apply", folder.file("old"), folder.file("patch"), folder.file("out"), "--memory", "32768")
    #expect(applied.diagnostics.contains("[0x0406 deltaMemoryExceeded]"))
    #expect(try !folder.names().contains("out"))
  }

  @Test("a cut patch is no patch")
  func cut() async throws {
    let folder = try prepared()
    _ = try folder.write(Array("OTAC".utf8) + [1, 5], to: "cut")
    let run = await ota("delta", "inspect", folder.file("cut"))
    #expect(run.diagnostics.contains("the patch ends too early"))
  }
}
