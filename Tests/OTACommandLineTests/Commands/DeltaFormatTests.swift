import Foundation
import Glibc
import OTACommandLine
import OTACore
import Testing

@Suite("ota delta, native, VCDIFF and zstd")
struct DeltaFormatTests {
  static let formats = ["native", "vcdiff", "zstd"]
  private static let old = DeltaCommandTests.old
  private static let new = DeltaCommandTests.new

  private func prepared(format: String) async throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    _ = try folder.write(Self.old, to: "old")
    _ = try folder.write(Self.new, to: "new")
    let run = await make(in: folder, "--format", format)
    try #require(run.status == .done, "\(run.diagnostics)")
    return folder
  }

  private func make(in folder: TemporaryFolder, _ options: String...) async -> Run {
    await program(["delta", "make", folder.file("old"), folder.file("new"), folder.file("patch")] + options)
  }

  private func program(_ arguments: [String]) async -> Run {
    await OTACommandLineTests.run(arguments, commands: CommandTable.all)
  }

  private func apply(in folder: TemporaryFolder, old: String = "old", patch: String = "patch") async -> Run {
    await ota("delta", "apply", folder.file(old), folder.file(patch), folder.file("out"))
  }

  @Test("a patch that was made gives the new image when it is applied", arguments: formats)
  func roundTrip(format: String) async throws {
    let folder = try await prepared(format: format)
    #expect(try folder.read("patch").count < Self.new.count / 4)
    let run = await apply(in: folder)
    #expect(run.status == .done, "\(run.diagnostics)")
    #expect(try folder.read("out") == Self.new)
    let inspected = await ota("delta", "inspect", folder.file("patch"))
    #expect(inspected.output.contains("\(format)\n"))
    #expect(inspected.output.contains("\(Self.new.count) bytes"))
  }

  @Test("without a name, the format is native")
  func standardFormat() async throws {
    let folder = try await prepared(format: "native")
    let named = try folder.read("patch")
    let run = await make(in: folder)
    #expect(run.status == .done)
    #expect(try folder.read("patch") == named)
  }

  @Test("a name that is none is a mistake in usage")
  func unknownNames() async throws {
    let folder = try await prepared(format: "native")
    for options in [["--format", "zip"], ["--arch", "z80"], ["--memory", "0"]] {
      let run = await program(
        ["delta", "make", folder.file("old"), folder.file("new"), folder.file("p2")] + options)
      #expect(run.status == .usage)
      #expect(run.diagnosticLines.count == 1)
    }
    #expect(try folder.names() == ["new", "old", "patch"])
  }

  @Test("a native patch is made to fit the memory of the device", arguments: [8192, 16_384, 32_768, 1 << 20])
  func memory(limit: Int) async throws {
    struct Made: Decodable { var decoderMemory: Int }
    let folder = try await prepared(format: "native")
    let made = await make(in: folder, "--memory", "\(limit)", "--json")
    try #require(made.status == .done, "\(made.diagnostics)")
    let needed = try JSONDecoder().decode(Made.self, from: Data(made.output.utf8)).decoderMemory
    #expect(needed <= limit)
    for (memory, status) in [(needed - 1, ExitStatus.failed), (needed, .done)] {
      let run = await ota(
        "delta", "apply", folder.file("old"), folder.file("patch"), folder.file("out"), "--memory",
        "\(memory)")
      #expect(run.status == status)
      #expect(run.diagnostics.contains("[0x0406 deltaMemoryExceeded]") == (status == .failed))
    }
    #expect(try folder.read("out") == Self.new)
  }

  @Test("no decoder is so small")
  func smallestMemory() async throws {
    let folder = try await prepared(format: "native")
    let run = await make(in: folder, "--memory", "1000")
    #expect(run.status == .failed)
    #expect(run.diagnostics.contains("[0x0406 deltaMemoryExceeded]"))
  }

  @Test(
    "the instruction set can be forced, and is told by the patch", arguments: ["none", "thumb", "x86-64"])
  func architecture(name: String) async throws {
    let folder = try await prepared(format: "native")
    #expect(await make(in: folder, "--arch", name).status == .done)
    #expect(await apply(in: folder).status == .done)
    #expect(try folder.read("out") == Self.new)
  }

  @Test("a patch cut off anywhere is refused with one line, and nothing is written", arguments: formats)
  func truncated(format: String) async throws {
    let folder = try await prepared(format: format)
    let patch = try folder.read("patch")
    // VCDIFF does not say how many windows follow: its header alone, of five bytes, is a patch to an empty image.
    for count in [0, 1, 3, 4, 5, 9, 20, patch.count / 2, patch.count - 1]
    where format != "vcdiff" || count != 5 {
      let path = try folder.write(Array(patch.prefix(count)), to: "short")
      let run = await ota("delta", "apply", folder.file("old"), path, folder.file("out"))
      #expect(run.status == .failed, "\(count) bytes")
      #expect(run.diagnosticLines.count == 1, "\(count) bytes")
      #expect(try folder.names() == ["new", "old", "patch", "short"], "\(count) bytes")
    }
  }

  @Test("another old image is found out", arguments: formats)
  func wrongSource(format: String) async throws {
    let folder = try await prepared(format: format)
    var other = Self.old
    for index in stride(from: 0, to: other.count, by: 50) { other[index] ^= 1 }
    _ = try folder.write(other, to: "other")
    let run = await apply(in: folder, old: "other")
    #expect(run.status == .failed)
    #expect(run.diagnosticLines.count == 1)
    #expect(format != "native" || run.diagnostics.contains("deltaSourceMismatch"))
    #expect(try folder.names() == ["new", "old", "other", "patch"])
  }

  @Test("empty images are images", arguments: formats)
  func empty(format: String) async throws {
    let folder = try TemporaryFolder()
    _ = try folder.write([], to: "empty")
    _ = try folder.write([1, 2, 3], to: "three")
    for (old, new) in [("empty", "three"), ("three", "empty"), ("empty", "empty")] {
      let made = await ota(
        "delta", "make", folder.file(old), folder.file(new), folder.file("patch"), "--format", format)
      #expect(made.status == .done, "\(old) to \(new): \(made.diagnostics)")
      let applied = await apply(in: folder, old: old)
      #expect(applied.status == .done, "\(old) to \(new): \(applied.diagnostics)")
      #expect(try folder.read("out") == folder.read(new))
    }
  }

  @Test("a quick patch gives the same image")
  func fast() async throws {
    let folder = try await prepared(format: "native")
    #expect(await make(in: folder, "--fast").status == .done)
    let patch = try folder.read("patch")
    #expect(patch[5] == 3)
    #expect(await apply(in: folder).status == .done)
    #expect(try folder.read("out") == Self.new)
    let inspected = await ota("delta", "inspect", folder.file("patch"))
    #expect(inspected.output.contains("native\n"))
    #expect(inspected.output.contains("from the patch:"))
    for count in [6, 30, patch.count / 2, patch.count - 1] {
      let path = try folder.write(Array(patch.prefix(count)), to: "short")
      let run = await ota("delta", "apply", folder.file("old"), path, folder.file("none"))
      #expect(run.status == .failed && run.diagnosticLines.count == 1, "\(count) bytes")
    }
    #expect(try folder.names() == ["new", "old", "out", "patch", "short"])
  }

  @Test("quick patches are native ones")
  func fastFormats() async throws {
    let folder = try await prepared(format: "native")
    let run = await make(in: folder, "--fast", "--format", "zstd")
    #expect(run.status == .usage)
    #expect(run.diagnostics.contains("native with --fast"))
  }

  @Test("the digest that is printed is that of the image", arguments: formats + ["fast"])
  func digest(format: String) async throws {
    struct Made: Decodable { var newDigest: String }
    let folder = try await prepared(format: format == "fast" ? "native" : format)
    let made =
      format == "fast"
      ? await make(in: folder, "--fast", "--json") : await make(in: folder, "--format", format, "--json")
    let applied = await ota(
      "delta", "apply", folder.file("old"), folder.file("patch"), folder.file("out"), "--json")
    try #require(applied.status == .done)
    let first = try JSONDecoder().decode(Made.self, from: Data(made.output.utf8))
    let second = try JSONDecoder().decode(Made.self, from: Data(applied.output.utf8))
    #expect(first.newDigest == second.newDigest)
  }

  @Test("the old image may come through a pipe", arguments: formats)
  func pipe(format: String) async throws {
    let folder = try await prepared(format: format)
    try #require(unsafe mkfifo(folder.file("pipe"), 0o600) == 0)
    let path = folder.file("pipe")
    let writer = Thread {
      let handle = FileHandle(forWritingAtPath: path)
      try? handle?.write(contentsOf: Data(Self.old))
    }
    writer.start()
    #expect(await apply(in: folder, old: "pipe").status == .done)
    #expect(try folder.read("out") == Self.new)
  }
}
