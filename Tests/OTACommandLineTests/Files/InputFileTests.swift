import Foundation
import Glibc
import OTACommandLine
import Testing

@Suite("InputFile")
struct InputFileTests {
  private func failure(_ path: String, limit: Int = 100) -> CommandFailure? {
    do throws(CommandFailure) {
      _ = try InputFile.read(path, limit: limit)
      return nil
    } catch {
      return error
    }
  }

  @Test(
    "reads a file up to its limit, and refuses one byte more",
    arguments: [0, 1, 65_535, 65_536, 65_537, 200_000])
  func limits(count: Int) throws {
    let folder = try TemporaryFolder()
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let path = try folder.write(bytes, to: "file")
    #expect(try InputFile.read(path, limit: count) == bytes)
    guard count > 0 else { return }
    let failure = failure(path, limit: count - 1)
    #expect(failure?.status == .failed)
    #expect(failure?.line.contains("larger than the \(count - 1) bytes") == true)
  }

  @Test("a file that says a smaller size than it has is held to the limit all the same")
  func endless() {
    // /dev/zero says that it has no bytes at all.
    let failure = failure("/dev/zero", limit: 1_000_000)
    #expect(failure?.status == .failed)
  }

  @Test("a pipe is read to its end")
  func pipe() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("pipe")
    try #require(unsafe mkfifo(path, 0o600) == 0)
    let bytes = [UInt8](repeating: 7, count: 100_000)
    let writer = Thread {
      _ = try? FileHandle(forWritingTo: URL(filePath: path)).write(contentsOf: Data(bytes))
    }
    writer.start()
    #expect(try InputFile.read(path, limit: 100_000) == bytes)
  }

  @Test("what cannot be read is status 74, with the reason and the remedy")
  func unreadable() throws {
    let folder = try TemporaryFolder()
    let missing = folder.file("missing")
    #expect(
      failure(missing)?.line == "ota: \(missing): cannot be read: no such file or folder; check the path")
    #expect(failure(folder.path)?.line == "ota: \(folder.path): cannot be read: it is a folder; name a file")
    let file = try folder.write([1], to: "file")
    #expect(failure(file + "/x")?.line.contains("a part of the path is not a folder") == true)
    #expect(failure(String(repeating: "x", count: 5000))?.line.contains("the name is too long") == true)
    for path in [missing, folder.path, file + "/x"] { #expect(failure(path)?.status == .inputOutput) }
  }

  @Test("a file without permission is status 74", .enabled(if: geteuid() != 0, "root may read everything"))
  func forbidden() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([1], to: "file")
    try #require(unsafe chmod(path, 0) == 0)
    #expect(failure(path)?.line.contains("permission denied") == true)
  }
}
