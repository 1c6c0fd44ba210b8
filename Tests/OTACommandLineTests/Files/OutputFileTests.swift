import Foundation
import Glibc
import OTACommandLine
import Testing

@Suite("OutputFile")
struct OutputFileTests {
  private func write(
    _ bytes: [UInt8], to path: String, mode: UInt32 = 0o644, existing: OutputFile.Existing = .replace
  ) -> CommandFailure? {
    do throws(CommandFailure) {
      try OutputFile.write(bytes.span, to: path, mode: mode, existing: existing)
      return nil
    } catch {
      return error
    }
  }

  @Test("writes a file, replaces it, and leaves nothing else", arguments: [0, 1, 1_000_000])
  func replaces(count: Int) throws {
    let folder = try TemporaryFolder()
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    #expect(write([9, 9], to: folder.file("f")) == nil)
    #expect(write(bytes, to: folder.file("f")) == nil)
    #expect(try folder.read("f") == bytes)
    #expect(try folder.names() == ["f"])
  }

  @Test("permissions are never wider than asked for")
  func permissions() throws {
    let folder = try TemporaryFolder()
    #expect(write([1], to: folder.file("secret"), mode: 0o600) == nil)
    #expect(try folder.mode("secret") == 0o600)
    _ = try folder.write([1], to: "open")
    try #require(unsafe chmod(folder.file("open"), 0o666) == 0)
    #expect(write([1], to: folder.file("open"), mode: 0o600) == nil)
    #expect(try folder.mode("open") == 0o600)
  }

  @Test("refuses to replace, and leaves the old file as it was")
  func refuses() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([1, 2, 3], to: "f")
    let failure = write([4], to: path, existing: .refuse)
    #expect(failure?.status == .inputOutput)
    #expect(failure?.line.contains("it exists already") == true)
    #expect(try folder.read("f") == [1, 2, 3])
    #expect(write([4], to: folder.file("g"), existing: .refuse) == nil)
    #expect(try folder.names() == ["f", "g"])
  }

  @Test("a file that appears in between is not replaced either")
  func race() throws {
    let folder = try TemporaryFolder()
    let staged = try OutputFile.stage([4].span, for: folder.file("f"), existing: .refuse)
    _ = try folder.write([1, 2, 3], to: "f")
    var caught: CommandFailure?
    do throws(CommandFailure) { try staged.commit() } catch { caught = error }
    #expect(caught?.line.contains("it exists already") == true)
    #expect(try folder.read("f") == [1, 2, 3])
    #expect(try folder.names() == ["f"])
  }

  @Test("a file that is staged and not committed is gone")
  func abandoned() throws {
    let folder = try TemporaryFolder()
    do {
      _ = try OutputFile.stage([4].span, for: folder.file("f"))
    }
    #expect(try folder.names() == [])
  }

  @Test("a symbolic link stays, and what it points at is replaced")
  func links() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write([1], to: "target")
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("link"), withDestinationPath: "target")
    #expect(write([2, 2], to: folder.file("link")) == nil)
    #expect(try folder.read("target") == [2, 2])
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.file("link")) == "target")
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("dangling"), withDestinationPath: "nowhere")
    #expect(write([1], to: folder.file("dangling"))?.status == .inputOutput)
    #expect(try folder.names() == ["dangling", "link", "target"])
  }

  @Test("a device is written to, not replaced; a full one is status 74")
  func devices() throws {
    #expect(write([1], to: "/dev/null") == nil)
    let failure = write([1], to: "/dev/full")
    #expect(failure?.status == .inputOutput)
    #expect(failure?.line.contains("no space left on the device") == true)
    var status = stat()
    try #require(unsafe lstat("/dev/null", &status) == 0)
    #expect(status.st_mode & S_IFMT == S_IFCHR)
  }

  @Test("what cannot be written is status 74, with the reason")
  func unwritable() throws {
    let folder = try TemporaryFolder()
    let rows = [
      (folder.path, "it is a folder"), (folder.file("missing/f"), "no such file or folder"),
      (try folder.write([1], to: "file") + "/f", "a part of the path is not a folder"),
    ]
    for (path, reason) in rows {
      let failure = write([1], to: path)
      #expect(failure?.status == .inputOutput)
      #expect(failure?.line.contains("cannot be written: \(reason)") == true)
    }
    #expect(try folder.names() == ["file"])
  }
}
