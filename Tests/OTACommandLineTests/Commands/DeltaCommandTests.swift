import Foundation
import OTACommandLine
import OTACore
import Testing

@Suite("ota delta, formats of bsdiff")
struct DeltaCommandTests {
  /// Two images of which the second has bytes inserted early and some changed.
  static let old = (0..<20_000).map { UInt8(truncatingIfNeeded: ($0 &* $0) >> 7) }
  static let new: [UInt8] = {
    var new = old
    new.insert(contentsOf: (0..<333).map { UInt8(truncatingIfNeeded: $0 &* 91) }, at: 1000)
    for index in stride(from: 5000, to: new.count, by: 700) { new[index] &+= 3 }
    return new
  }()

  /// The formats, and what is at the start of their patches.
  static let formats: [(name: String, start: String)] = [
    ("bsdiff40", "BSDIFF40"), ("bsdiff43", "ENDSLEY/BSDIFF43"), ("bsdiff43-bzip2", "ENDSLEY/BSDIFF43"),
  ]

  /// A folder with both images and the patch between them.
  private func prepared(format: String = "bsdiff43") async throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    _ = try folder.write(Self.old, to: "old")
    _ = try folder.write(Self.new, to: "new")
    let run = await ota(
      "delta", "make", folder.file("old"), folder.file("new"), folder.file("patch"), "--format", format)
    try #require(run.status == .done, "\(run.diagnostics)")
    return folder
  }

  @Test("a patch that was made gives the new image when it is applied", arguments: formats)
  func roundTrip(format: (name: String, start: String)) async throws {
    let folder = try await prepared(format: format.name)
    let patch = try folder.read("patch")
    #expect(patch.count < Self.new.count / 4)
    #expect(patch.starts(with: format.start.utf8))
    let run = await ota("delta", "apply", folder.file("old"), folder.file("patch"), folder.file("out"))
    #expect(run.status == .done)
    #expect(try folder.read("out") == Self.new)
    #expect(run.output.hasPrefix("\(folder.file("out")): \(Self.new.count) bytes, SHA-256 "))
  }

  private func decode<Value: Decodable>(_ type: Value.Type, _ run: Run) throws -> Value {
    try #require(run.status == .done, "\(run.diagnostics)")
    return try JSONDecoder().decode(type, from: Data(run.output.utf8))
  }

  @Test("JSON of all three agrees with the files and with each other", arguments: formats.map(\.name))
  func json(format: String) async throws {
    struct Made: Decodable {
      var format: String
      var oldSize, newSize, patchSize, decoderMemory: Int
      var oldDigest, newDigest, patchDigest: String
    }
    struct Applied: Decodable {
      var format: String
      var oldSize, newSize, patchSize: Int
      var newDigest: String
    }
    struct Inspected: Decodable {
      var format: String
      var patchSize, newSize, bytesFromOld, bytesFromPatch, oldSizeAtLeast, decoderMemory: Int
    }
    let folder = try await prepared(format: format)
    let made = try decode(
      Made.self,
      await ota(
        "delta", "make", "--json", "--format", format, folder.file("old"), folder.file("new"),
        folder.file("patch")))
    let applied = try decode(
      Applied.self,
      await ota("delta", "apply", "--json", folder.file("old"), folder.file("patch"), folder.file("out")))
    let inspected = try decode(Inspected.self, await ota("delta", "inspect", "--json", folder.file("patch")))
    #expect(made.format == format && applied.format == format && inspected.format == format)
    #expect(made.oldSize == Self.old.count && made.newSize == Self.new.count)
    let patch = try folder.read("patch")
    #expect(
      made.patchSize == patch.count && applied.patchSize == patch.count && inspected.patchSize == patch.count)
    #expect(applied.newSize == Self.new.count && inspected.newSize == Self.new.count)
    #expect(made.newDigest == applied.newDigest)
    #expect(Set([made.oldDigest, made.newDigest, made.patchDigest]).count == 3)
    #expect(inspected.bytesFromOld + inspected.bytesFromPatch == Self.new.count)
    #expect(inspected.bytesFromOld > 0 && inspected.bytesFromPatch > 0)
    #expect(inspected.oldSizeAtLeast > 0 && inspected.oldSizeAtLeast <= Self.old.count)
    #expect(made.decoderMemory == inspected.decoderMemory && made.decoderMemory > 32_768)
  }

  @Test(
    "a decoder that needs more memory than allowed is refused, in making and in applying",
    arguments: formats.map(\.name))
  func memory(format: String) async throws {
    let folder = try await prepared(format: format)
    let make = await ota(
      "delta", "make", folder.file("old"), folder.file("new"), folder.file("p2"), "--memory", "40000",
      "--format", format)
    let apply = await ota(
      "delta", "apply", folder.file("old"), folder.file("patch"), folder.file("out"), "--memory", "40000")
    for run in [make, apply] {
      #expect(run.status == .failed)
      #expect(run.diagnostics.contains("[0x0406 deltaMemoryExceeded]"))
      #expect(run.diagnosticLines.count == 1)
    }
    #expect(try folder.names() == ["new", "old", "patch"])
  }

  @Test("the memory of bsdiff40 depends on the patch, and is refused when it is made")
  func memoryOfPatch() async throws {
    let folder = try await prepared(format: "bsdiff40")
    let inspected = await ota("delta", "inspect", folder.file("patch"))
    let line = try #require(inspected.output.split(separator: "\n").last { $0.hasPrefix("decoder memory:") })
    let needed = try #require(line.split(separator: " ").compactMap { Int($0) }.first)
    for (memory, status) in [(needed - 1, ExitStatus.failed), (needed, .done)] {
      let run = await ota(
        "delta", "make", folder.file("old"), folder.file("new"), folder.file("p2"), "--memory", "\(memory)",
        "--format", "bsdiff40")
      #expect(run.status == status)
      #expect(run.diagnostics.contains("needs \(needed) bytes") == (status == .failed))
    }
  }

  @Test("a patch cut off anywhere is refused with one line, and nothing is written", arguments: formats)
  func truncated(format: (name: String, start: String)) async throws {
    let folder = try await prepared(format: format.name)
    let patch = try folder.read("patch")
    for count in [0, 1, 7, 8, 15, 16, 23, 24, 25, 31, 32, patch.count / 2, patch.count - 1] {
      let path = try folder.write(Array(patch.prefix(count)), to: "short")
      let apply = await ota("delta", "apply", folder.file("old"), path, folder.file("out"))
      let inspect = await ota("delta", "inspect", path)
      for run in [apply, inspect] {
        #expect(run.status == .failed, "\(count) bytes")
        #expect(run.diagnosticLines.count == 1, "\(count) bytes")
        #expect(run.output.isEmpty, "\(count) bytes")
        #expect(
          run.diagnostics.contains(count < format.start.utf8.count ? "[0x0407" : "[0x0403"),
          "\(count) bytes: \(run.diagnostics)")
      }
      #expect(try folder.names() == ["new", "old", "patch", "short"], "\(count) bytes")
    }
  }

  @Test(
    "a size that no image can have is refused before anything is decoded",
    arguments: [("bsdiff40", 24), ("bsdiff43", 16), ("bsdiff43-bzip2", 16)])
  func hugeSize(row: (format: String, offset: Int)) async throws {
    let folder = try await prepared(format: row.format)
    var patch = try folder.read("patch")
    for byte in row.offset..<row.offset + 8 { patch[byte] = byte % 8 == 7 ? 0x7f : 0xff }
    let path = try folder.write(patch, to: "huge")
    for run in [
      await ota("delta", "apply", folder.file("old"), path, folder.file("out")),
      await ota("delta", "inspect", path),
    ] {
      #expect(run.status == .failed)
      #expect(run.diagnostics.contains("[0x0403 deltaMalformed]"))
    }
  }

  @Test("an old image that is too short is found out", arguments: formats.map(\.name))
  func wrongSource(format: String) async throws {
    let folder = try await prepared(format: format)
    _ = try folder.write(Array(Self.old.prefix(3000)), to: "other")
    let run = await ota("delta", "apply", folder.file("other"), folder.file("patch"), folder.file("out"))
    #expect(run.status == .failed)
    #expect(
      run.diagnostics.contains(
        "[0x0405 deltaSourceOutOfRange]; check that old image and patch belong together"))
    #expect(try folder.names() == ["new", "old", "other", "patch"])
  }

  @Test(
    "files that are no patches are refused",
    arguments: ["BSDIFF41", "\u{d6}", "hello"])
  func otherFormats(start: String) async throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Array(start.utf8) + [UInt8](repeating: 0, count: 40), to: "p")
    let run = await ota("delta", "inspect", path)
    #expect(run.status == .failed)
    #expect(run.diagnostics.contains("[0x0407 deltaUnsupportedFormat]"))
    #expect(run.diagnostics.contains("not a patch of a format that is known"))
  }

  @Test("empty images are images", arguments: formats.map(\.name))
  func empty(format: String) async throws {
    let folder = try TemporaryFolder()
    _ = try folder.write([], to: "empty")
    _ = try folder.write([1, 2, 3], to: "three")
    for (old, new) in [("empty", "three"), ("three", "empty"), ("empty", "empty")] {
      let made = await ota(
        "delta", "make", folder.file(old), folder.file(new), folder.file("patch"), "--format", format)
      #expect(made.status == .done)
      let applied = await ota("delta", "apply", folder.file(old), folder.file("patch"), folder.file("out"))
      #expect(applied.status == .done)
      #expect(try folder.read("out") == folder.read(new))
    }
  }

  @Test("a missing file is status 74 and names the file", arguments: [0, 1])
  func missing(index: Int) async throws {
    let folder = try await prepared()
    for command in ["make", "apply"] {
      var paths = [folder.file("old"), folder.file(command == "make" ? "new" : "patch"), folder.file("out")]
      paths[index] = folder.file("missing")
      let run = await run(["delta", command] + paths, commands: CommandTable.all)
      #expect(run.status == .inputOutput)
      #expect(
        run.diagnostics
          == "ota: \(folder.file("missing")): cannot be read: no such file or folder; check the path\n")
      #expect(try folder.names() == ["new", "old", "patch"])
    }
  }
}
