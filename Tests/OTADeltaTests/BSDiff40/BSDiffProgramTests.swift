import Foundation
import OTADelta
import OTADeltaBZip2
import OTADeltaEncoder
import Testing

/// A program of this machine, if it is installed.
private func program(_ name: String) -> String? {
  ["/usr/bin/", "/usr/local/bin/"].map { $0 + name }
    .first { FileManager.default.isExecutableFile(atPath: $0) }
}

/// Patches that others made, and others that apply ours.
@Suite("Patches and the programs of others")
struct BSDiffProgramTests {
  /// The images of the patches below.
  static let old = (0..<600).map { UInt8(truncatingIfNeeded: ($0 * $0) >> 3) }
  static let new: [UInt8] = {
    var new = old
    new.insert(contentsOf: Array("inserted here".utf8), at: 100)
    for index in stride(from: 200, to: 600, by: 50) { new[index] &+= 1 }
    return Array(new[300...] + new[..<300])
  }()

  /// What bsdiff 4.3 of Debian 12 writes for them.
  static let percival = """
    QlNESUZGNDBFAAAAAAAAADAAAAAAAAAAZQIAAAAAAABCWmg5MUFZJlNZHmb83AAAAttIfBpAACBAAEAEAEAAAAggACGjUAPT\
    UKYAAJ4jUv2ogQu1ZyAEHTRV/i7kinChIDzN+bhCWmg5MUFZJlNZ1zgj3wAAAVAA4AAAAgIAIAAwzTQKhFaxhN1jDxdyRThQ\
    kNc4I99CWmg5MUFZJlNZkL7BrAAAAJmAQAAAIAZhHAAgADEAMCAMJeQWGCjDXi7kinChISF9g1g=
    """

  /// What Matthew Endsley's bsdiff (commit b817e94) writes for them.
  static let endsley = """
    RU5EU0xFWS9CU0RJRkY0M2UCAAAAAAAAQlpoOTFBWSZTWcf8l44AAALbyHwaQAIgcAhABmGcAEAAAAggAFRQAAAB6gyKBown\
    kgHqKuzLNIQQhCUkCQaztJ0IyuhNhRSWdsA9+I0Bcee0gX2Sfi7kinChIY/5Lxw=
    """

  private static func decoded(_ text: String) throws -> [UInt8] {
    [UInt8](try #require(Data(base64Encoded: text)))
  }

  private static func apply43(_ patch: [UInt8], chunking: Chunking) throws -> Outcome {
    var decoder = try BSDiff43Decoder<BZip2Inflater>(
      imageSize: UInt32(new.count), sourceSize: UInt32(old.count), limits: bzip2Limits)
    return try drive(&decoder, patch, old: old, chunking: chunking)
  }

  @Test("A patch of bsdiff 4.3 is applied, in every chunking", arguments: Chunking.all)
  func percival(chunking: Chunking) throws {
    let patch = try Self.decoded(Self.percival)
    let outcome = try apply40(patch, to: Self.old, imageSize: Self.new.count, chunking: chunking)
    #expect(outcome == Outcome(output: Self.new, error: nil))
  }

  @Test("A patch of Endsley's bsdiff is applied, in every chunking", arguments: Chunking.all)
  func endsley(chunking: Chunking) throws {
    let patch = try Self.decoded(Self.endsley)
    #expect(try Self.apply43(patch, chunking: chunking) == Outcome(output: Self.new, error: nil))
  }

  @Test("Ours with bzip2 has Endsley's layout: his header, then one stream of bzip2 to the end")
  func layout() throws {
    let theirs = try Self.decoded(Self.endsley)
    let ours = try BSDiff43Encoder.makePatch(old: Self.old, new: Self.new, compression: .bzip2)
    #expect(ours.prefix(24) == theirs.prefix(24))
    #expect(ours.dropFirst(24).starts(with: Array("BZh9".utf8)))
    for chunking in Chunking.all {
      #expect(try Self.apply43(ours, chunking: chunking) == Outcome(output: Self.new, error: nil))
    }
    let zlib = try BSDiff43Encoder.makePatch(old: Self.old, new: Self.new)
    #expect(try Self.apply43(zlib, chunking: .every(1)).error == .unsupportedCompression)
    #expect(
      try apply(ours, to: Self.old, imageSize: Self.new.count).error == .unsupportedCompression)
    #expect(BSDiff43Encoder.decoderMemory(for: .bzip2) > 3_600_000)
    #expect(BSDiff43Encoder.decoderMemory(for: .zlib) == BSDiff43Encoder.decoderMemory)
  }

  @Test("A patch of Endsley's bsdiff cut anywhere is truncated")
  func truncations() throws {
    let patch = try Self.decoded(Self.endsley)
    for length in 0..<patch.count {
      for chunking in [Chunking.whole, .every(1)] {
        let outcome = try Self.apply43(Array(patch.prefix(length)), chunking: chunking)
        #expect(outcome.error == .truncated, "\(length) bytes")
        #expect(Self.new.starts(with: outcome.output), "\(length) bytes")
      }
    }
  }

  /// Pairs for the programs, which do not take empty images.
  private static func pairs() -> [ImagePair] {
    var generator = SeededGenerator(for: "pairs for programs")
    let random = (0..<40).map { _ in RoundTripTests.randomPair(&generator) }
    // The first copy is followed, then found to be no better than the second: two empty triples in a row.
    let (start, end) = (generator.bytes(30), generator.bytes(40))
    let first = generator.bytes(50) + start + [3] + generator.bytes(50)
    let tied = ImagePair(
      name: "copies that are equally long", old: first + start + [2] + end + generator.bytes(20),
      new: start + [9] + end)
    return (RoundTripTests.edges + [tied] + random).filter { !$0.old.isEmpty && !$0.new.isEmpty }
  }

  /// Runs a program over three files in a folder of its own.
  private func run(
    _ program: String, _ files: [(name: String, bytes: [UInt8]?)]
  ) throws -> (status: Int32, last: [UInt8]?) {
    let folder = FileManager.default.temporaryDirectory.appending(path: "bsdiff-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for file in files {
      if let bytes = file.bytes { try Data(bytes).write(to: folder.appending(path: file.name)) }
    }
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = files.map(\.name)
    process.currentDirectoryURL = folder
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    let missing = try #require(files.first { $0.bytes == nil })
    let made = try? Data(contentsOf: folder.appending(path: missing.name))
    return (process.terminationStatus, made.map { [UInt8]($0) })
  }

  @Test(
    "bspatch of this machine applies what is written here",
    .enabled(if: program("bspatch") != nil, "bspatch is not installed"))
  func bspatch() throws {
    let bspatch = try #require(program("bspatch"))
    for pair in Self.pairs() {
      let patch = try BSDiff40Encoder.makePatch(old: pair.old, new: pair.new)
      let result = try run(bspatch, [("old", pair.old), ("new", nil), ("patch", patch)])
      #expect(result.status == 0, "\(pair.name)")
      #expect(result.last == pair.new, "\(pair.name)")
    }
  }

  @Test(
    "What bsdiff of this machine writes is applied here, and is not one percent smaller",
    .enabled(if: program("bsdiff") != nil, "bsdiff is not installed"))
  func bsdiff() throws {
    let bsdiff = try #require(program("bsdiff"))
    var theirs = 0
    var ours = 0
    for pair in Self.pairs() {
      let result = try run(bsdiff, [("old", pair.old), ("new", pair.new), ("patch", nil)])
      #expect(result.status == 0, "\(pair.name)")
      let patch = try #require(result.last)
      for chunking in [Chunking.whole, .every(1), .every(7)] {
        let outcome = try apply40(patch, to: pair.old, imageSize: pair.new.count, chunking: chunking)
        #expect(outcome == Outcome(output: pair.new, error: nil), "\(pair.name), \(chunking)")
      }
      theirs += patch.count
      ours += try BSDiff40Encoder.makePatch(old: pair.old, new: pair.new).count
    }
    print("bsdiff: \(theirs) bytes, here: \(ours)")
    #expect(ours * 100 <= theirs * 101)
  }
}
