import Foundation
import OTACore
import OTAServer
import Testing

@Suite struct ArtifactStoreTests {
  @Test("what is added is there under its digest, and nothing else is")
  func add() throws {
    let directory = try TemporaryDirectory()
    let store = try ArtifactStore(directory: directory.file("a"))
    let bytes = [UInt8](repeating: 5, count: 100_000)
    let digest = Fixture.digest(bytes)
    #expect(store.size(of: digest) == nil)
    try store.add(bytes, as: digest)
    try store.add(bytes, as: digest)
    #expect(store.size(of: digest) == 100_000)
    #expect(FileManager.default.contents(atPath: store.path(of: digest)) == Data(bytes))
    #expect(try FileManager.default.contentsOfDirectory(atPath: store.directory) == [digest.description])
    // A second look at the folder finds the same.
    #expect(try ArtifactStore(directory: store.directory).size(of: digest) == 100_000)
  }

  @Test("writers of the same bytes at once never let a reader see a part of them")
  func concurrentWriters() async throws {
    let directory = try TemporaryDirectory()
    let store = try ArtifactStore(directory: directory.path)
    let bytes = [UInt8](repeating: 7, count: 400_000)
    let digest = Fixture.digest(bytes)
    try store.add(bytes, as: digest)
    await withTaskGroup { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<10 {
            #expect(throws: Never.self) { try store.add(bytes, as: digest) }
            #expect(store.size(of: digest) == 400_000)
          }
        }
      }
    }
    #expect(try directory.names == [digest.description])
  }

  @Test("an empty file is one like any other")
  func empty() throws {
    let directory = try TemporaryDirectory()
    let store = try ArtifactStore(directory: directory.path)
    try store.add([], as: Fixture.digest([]))
    #expect(store.size(of: Fixture.digest([])) == 0)
  }

  @Test("bytes with another digest are refused before anything is written")
  func mismatch() throws {
    let directory = try TemporaryDirectory()
    let store = try ArtifactStore(directory: directory.path)
    #expect(throws: StoreError.digestMismatch) { try store.add([1], as: Fixture.digest([2])) }
    let other = try Digest(algorithm: .sha512, bytes: [UInt8](repeating: 1, count: 64).span)
    #expect(throws: StoreError.valueOutOfRange) { try store.add([1], as: other) }
    #expect(store.size(of: other) == nil)
    #expect(try directory.names.isEmpty)
  }

  @Test("what an interrupted writer left is removed when the folder is opened, and never served")
  func leftovers() throws {
    let directory = try TemporaryDirectory()
    let digest = Fixture.digest([1, 2, 3])
    let partial = directory.file(digest.description + ".partial")
    #expect(FileManager.default.createFile(atPath: partial, contents: Data([1])))
    let store = try ArtifactStore(directory: directory.path)
    #expect(try directory.names.isEmpty)
    #expect(store.size(of: digest) == nil)
  }

  @Test("a folder in a folder that is missing, and a file in its place, cannot be opened")
  func badFolders() throws {
    let directory = try TemporaryDirectory()
    let missing = directory.file("no/such")
    #expect(throws: StoreError.cannotOpen(path: missing)) { _ = try ArtifactStore(directory: missing) }
    let file = directory.file("file")
    #expect(FileManager.default.createFile(atPath: file, contents: Data()))
    #expect(throws: StoreError.cannotOpen(path: file)) { _ = try ArtifactStore(directory: file) }
  }

  @Test("a full disk is its own error, and leaves no half of a file", .enabled(if: TinyDisk.isAvailable))
  func diskFull() throws {
    let disk = try TinyDisk(kibibytes: 64)
    let store = try ArtifactStore(directory: disk.path)
    let small = [UInt8](repeating: 1, count: 20_000)
    try store.add(small, as: Fixture.digest(small))
    let large = [UInt8](repeating: 2, count: 100_000)
    let digest = Fixture.digest(large)
    #expect(throws: StoreError.storageFull(path: store.path(of: digest))) {
      try store.add(large, as: digest)
    }
    #expect(StoreError.storageFull(path: "x").code == .storageFull)
    #expect(try disk.names == [Fixture.digest(small).description])
    // And there is room again for what fits.
    let other = [UInt8](repeating: 3, count: 20_000)
    try store.add(other, as: Fixture.digest(other))
    #expect(try disk.names.count == 2)
  }
}
