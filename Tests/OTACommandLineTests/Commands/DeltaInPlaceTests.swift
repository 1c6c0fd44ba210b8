import Foundation
import OTACommandLine
import OTACore
import Testing

@Suite("ota delta, in place")
struct DeltaInPlaceTests {
  private static let old = DeltaCommandTests.old
  private static let new = DeltaCommandTests.new
  private static let slotSize = (max(old.count, new.count) / 512 + 6) * 512

  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    _ = try folder.write(Self.old, to: "old")
    _ = try folder.write(Self.new, to: "new")
    return folder
  }

  private func make(in folder: TemporaryFolder, _ options: String...) async -> Run {
    await OTACommandLineTests.run(
      ["delta", "make", folder.file("old"), folder.file("new"), folder.file("patch")] + options,
      commands: CommandTable.all)
  }

  private func made(in folder: TemporaryFolder, _ options: String...) async -> Run {
    await OTACommandLineTests.run(
      [
        "delta", "make", folder.file("old"), folder.file("new"), folder.file("patch"), "--format", "in-place",
        "--slot-size", "\(Self.slotSize)", "--erase-size", "512",
      ] + options, commands: CommandTable.all)
  }

  @Test("a patch in place gives the new image, and is shown as what it is")
  func roundTrip() async throws {
    struct Inspected: Decodable {
      var format: String
      var shift: Int
      var segmentSize: Int
      var isReversible: Bool
    }
    let folder = try folder()
    for (options, isReversible) in [([], false), (["--undo"], true)] {
      let run =
        options.isEmpty ? await made(in: folder, "--json") : await made(in: folder, "--json", options[0])
      try #require(run.status == .done, "\(run.diagnostics)")
      let applied = await ota(
        "delta", "apply", folder.file("old"), folder.file("patch"), folder.file("out"))
      #expect(applied.status == .done, "\(applied.diagnostics)")
      #expect(try folder.read("out") == Self.new)
      let shown = await ota("delta", "inspect", folder.file("patch"), "--json")
      let result = try JSONDecoder().decode(Inspected.self, from: Data(shown.output.utf8))
      #expect(result.format == "in-place")
      #expect(result.isReversible == isReversible)
      #expect(result.shift % 512 == 0 && result.segmentSize % 512 == 0)
      #expect(result.segmentSize > 0 && result.segmentSize <= result.shift)
      let text = await ota("delta", "inspect", folder.file("patch"))
      #expect(text.output.contains("moves the old by:  \(result.shift) bytes"))
    }
  }

  @Test("the patch back is what a call in the other direction makes")
  func wayBack() async throws {
    let folder = try folder()
    _ = await made(in: folder)
    let forward = try folder.read("patch")
    _ = await made(in: folder, "--undo")
    let both = try folder.read("patch")
    #expect(Array(both.prefix(forward.count)) == forward)
    _ = try folder.write(Array(both.dropFirst(forward.count)), to: "back")
    let undone = await ota("delta", "apply", folder.file("new"), folder.file("back"), folder.file("out"))
    #expect(undone.status == .done, "\(undone.diagnostics)")
    #expect(try folder.read("out") == Self.old)
  }

  @Test("a slot is needed, and only for this format")
  func usage() async throws {
    let folder = try folder()
    let wrong = [
      await make(in: folder, "--format", "in-place"),
      await make(in: folder, "--format", "in-place", "--slot-size", "4096"),
      await make(in: folder, "--format", "in-place", "--slot-size", "1000", "--erase-size", "512"),
      await make(in: folder, "--format", "in-place", "--slot-size", "0", "--erase-size", "512"),
      await make(in: folder, "--slot-size", "4096", "--erase-size", "512"),
      await make(in: folder, "--undo"),
    ]
    for run in wrong {
      #expect(run.status == .usage)
      #expect(run.diagnosticLines.count == 1)
    }
    let small = await make(
      in: folder, "--format", "in-place", "--slot-size", "512", "--erase-size", "512")
    #expect(small.status == .failed)
    #expect(small.diagnostics.contains("do not fit the slot"))
    #expect(try folder.names() == ["new", "old"])
  }

  @Test("the wrong image, and a patch that is cut off or has something behind it, are refused")
  func refusals() async throws {
    let folder = try folder()
    _ = await made(in: folder, "--undo")
    let patch = try folder.read("patch")
    let wrongImage = await ota(
      "delta", "apply", folder.file("new"), folder.file("patch"), folder.file("out"))
    #expect(wrongImage.status == .failed)
    for (name, bytes) in [
      ("short", Array(patch.dropLast())), ("long", patch + [0]), ("header", Array(patch.prefix(20))),
    ] {
      _ = try folder.write(bytes, to: name)
      for command in ["apply", "inspect"] {
        let images =
          command == "apply"
          ? [folder.file("old"), folder.file(name), folder.file("out")] : [folder.file(name)]
        let run = await OTACommandLineTests.run(["delta", command] + images, commands: CommandTable.all)
        #expect(run.status == .failed, "\(command) \(name)")
        #expect(run.diagnosticLines.count == 1)
      }
    }
    #expect(try !folder.names().contains("out"))
  }
}
