import Foundation
import Glibc
import OTADelta
import Testing

@testable import OTACommandLine

@Suite("FileSource")
struct FileSourceTests {
  @Test("reads any part of a file, in any order and of any length")
  func parts() throws {
    let folder = try TemporaryFolder()
    let bytes = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* $0 / 5) }
    let source = try #require(try FileSource(folder.write(bytes, to: "file"), limit: bytes.count))
    #expect(source.size == bytes.count)
    for (start, count) in [
      (0, 1), (0, 512), (512, 512), (4000, 200), (49_999, 1), (0, 50_000), (100, 4095), (100, 4096),
      (33_616, 16_384), (33_617, 16_383), (20_000, 16_383), (45_900, 4100),
      (50_000, 0), (49_000, 1000),
    ] {
      var part = [UInt8](repeating: 0, count: count)
      var span = part.mutableSpan
      try source.read(into: &span, at: UInt32(start))
      #expect(part == Array(bytes[start..<start + count]), "\(start), \(count)")
    }
    #expect(source.failure == nil)
  }

  @Test("a file that becomes shorter is a failure, not an end")
  func shorter() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([UInt8](repeating: 1, count: 20_000), to: "file")
    let source = try #require(try FileSource(path, limit: 20_000))
    try #require(unsafe truncate(path, 10_000) == 0)
    for count in [100, 8000] {
      var part = [UInt8](repeating: 0, count: count)
      #expect(throws: FileSource.Failure.self) {
        var span = part.mutableSpan
        try source.read(into: &span, at: 9_990)
      }
      #expect(source.failure?.number == EIO)
    }
  }

  @Test("what is no regular file is left to others, and a large one is refused")
  func others() throws {
    let folder = try TemporaryFolder()
    #expect(try FileSource(folder.path, limit: 10) == nil)
    #expect(try FileSource("/dev/zero", limit: 10) == nil)
    #expect(try FileSource(folder.file("missing"), limit: 10) == nil)
    let path = try folder.write([1, 2, 3], to: "file")
    #expect(throws: CommandFailure.self) { _ = try FileSource(path, limit: 2) }
  }
}
