import Foundation
import OTACore
import Testing

@testable import OTATUF

@Suite("A writer does not help")
struct WriterAttackTests {
  @Test(
    "somebody who adds a target under a path that leads elsewhere",
    arguments: [
      "", "/", "/etc/passwd", "../x", "a/../b", "a/..", "./a", "a//b", "a/", "..", ".", "a\\..\\b", "a\n",
      "\u{7f}",
      String(repeating: "a", count: 181),
    ])
  func paths(path: String) throws {
    let repository = try WrittenRepository()
    var writer = try repository.create()
    #expect(throws: TUFWriterError.unusablePath(path)) {
      try writer.add(path, contents: [], at: repository.time)
    }
    // Neither in the folder nor beside it.
    #expect(try FileManager.default.contentsOfDirectory(atPath: repository.home + "/targets").isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: repository.path) == ["repository"])
  }

  @Test("to put a file of a repository outside of its folder")
  func destination() async throws {
    let repository = try WrittenRepository()
    let destination = try TUFFolderDestination(path: repository.home)
    for file in [
      TUFRepositoryFile.target("../x"), .target("a/../../x"), .target("/x"), .metadata("../x"), .metadata(""),
      .target("a//x"), .target("."),
    ] {
      await #expect(throws: TUFWriterError.self) { try await destination.put(file, [1]) }
      await #expect(throws: TUFWriterError.self) { try await destination.read(file, limit: 10) }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: repository.path) == ["repository"])
  }

  @Test("somebody who changes what is published, to have it signed with the next version")
  func changedFolder() async throws {
    let repository = try WrittenRepository()
    do {
      var writer = try repository.create()
      try writer.delegate(
        to: try TUFRole(delegated: "bob"), paths: ["*"], keys: try WrittenRepository.keys(9),
        at: repository.time)
      try writer.add("t", contents: [1], at: repository.time)
      try await writer.publish(at: repository.time, signers: try repository.everybody)
    }
    let names = ["1.root.json", "1.targets.json", "1.bob.json", "1.snapshot.json", "timestamp.json"]
    for name in names {
      let path = "\(repository.home)/metadata/\(name)"
      let whole = try #require(FileManager.default.contents(atPath: path))
      let text = String(decoding: whole, as: UTF8.self)
      let changed = text.replacingOccurrences(of: "\"expires\":\"20", with: "\"expires\":\"21")
      #expect(changed != text)
      try Data(changed.utf8).write(to: URL(filePath: path))
      #expect(throws: TUFWriterError.self, "\(name)") { try repository.open() }
      // Without its signatures, and with those of somebody else.
      try Data(text.replacingOccurrences(of: "\"sig\":\"", with: "\"sig\":\"00").utf8).write(
        to: URL(filePath: path))
      #expect(throws: TUFWriterError.self, "\(name)") { try repository.open() }
      try FileManager.default.removeItem(atPath: path)
      #expect(name == "timestamp.json" || (try? repository.open()) == nil)
      try whole.write(to: URL(filePath: path))
      _ = try repository.open()
    }
  }

  @Test("to make a repository where there is one, or to write to one that somebody else is writing to")
  func existing() async throws {
    let repository = try WrittenRepository()
    do {
      let writer = try repository.create()
      #expect(throws: TUFWriterError.repository(.folderInUse(path: repository.home))) {
        try repository.open()
      }
      try writer.save()
    }
    #expect(throws: TUFWriterError.exists(path: repository.home)) { _ = try repository.create() }
    #expect(throws: TUFWriterError.self) { try TUFRepositoryWriter(opening: repository.path + "/none") }
    #expect(throws: TUFWriterError.self) { try TUFRepositoryWriter(opening: repository.path) }
  }
}
