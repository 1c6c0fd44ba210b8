import Foundation
import OTACore
import OTADelta
import OTADeltaEncoder
import OTADeltaZstd
import Testing

@Suite("Patches of zstd")
struct ZstdPatchTests {
  static func apply(
    _ patch: [UInt8], to old: [UInt8], imageSize: Int, limits: Limits = Limits(), chunking: Chunking = .whole
  ) throws -> Outcome {
    var decoder = try ZstdPatchDecoder(
      imageSize: UInt32(imageSize), sourceSize: UInt32(old.count), limits: limits)
    return try drive(&decoder, patch, old: old, chunking: chunking)
  }

  @Test("Edge cases come back, in every chunking", arguments: RoundTripTests.edges)
  func edge(pair: ImagePair) throws {
    let patch = try ZstdPatchEncoder.makePatch(old: pair.old, new: pair.new)
    for chunking in Chunking.all {
      let outcome = try ZstdPatchTests.apply(
        patch, to: pair.old, imageSize: pair.new.count, chunking: chunking)
      #expect(outcome == Outcome(output: pair.new, error: nil), "\(chunking)")
    }
  }

  @Test("Images that differ by random edits come back, at low and high levels, in every chunking")
  func randomEdits() throws {
    var generator = SeededGenerator(for: "ZstdPatchTests.randomEdits")
    for round in 0..<20 {
      let pair = RoundTripTests.randomPair(&generator)
      let patch = try ZstdPatchEncoder.makePatch(
        old: pair.old, new: pair.new, level: [1, 3, 19, 22][round % 4])
      for chunking in Chunking.all + [.random(seed: UInt64(round))] {
        let outcome = try ZstdPatchTests.apply(
          patch, to: pair.old, imageSize: pair.new.count, chunking: chunking)
        #expect(outcome == Outcome(output: pair.new, error: nil), "round \(round), \(chunking)")
      }
    }
  }

  @Test(
    "Flipped bits give the same bytes and the same error in every chunking, and never another whole image")
  func damage() throws {
    var generator = SeededGenerator(for: "ZstdPatchTests.damage")
    for _ in 0..<40 {
      let pair = RoundTripTests.randomPair(&generator)
      var patch = try ZstdPatchEncoder.makePatch(old: pair.old, new: pair.new)
      patch[Int.random(in: 0..<patch.count, using: &generator)] ^=
        1 << UInt8.random(in: 0..<8, using: &generator)
      let expected = try ZstdPatchTests.apply(patch, to: pair.old, imageSize: pair.new.count)
      // The checksum is 32 bits: what it lets through is the image.
      #expect(expected.error != nil || expected.output == pair.new)
      for chunking in Chunking.all {
        let outcome = try ZstdPatchTests.apply(
          patch, to: pair.old, imageSize: pair.new.count, chunking: chunking)
        #expect(outcome == expected, "\(chunking)")
      }
    }
  }

  @Test("A patch that was cut anywhere is truncated")
  func truncated() throws {
    var generator = SeededGenerator(for: "ZstdPatchTests.truncated")
    let pair = RoundTripTests.randomPair(&generator)
    let patch = try ZstdPatchEncoder.makePatch(old: pair.old, new: pair.new)
    for count in 0..<patch.count {
      let outcome = try ZstdPatchTests.apply(
        Array(patch.prefix(count)), to: pair.old, imageSize: pair.new.count)
      #expect(outcome.error == .truncated, "\(count) of \(patch.count) bytes")
    }
  }

  @Test("A byte behind the frame is refused, and so is a second frame", arguments: Chunking.all)
  func trailing(chunking: Chunking) throws {
    let image = [UInt8](repeating: 7, count: 1000)
    let patch = try ZstdPatchEncoder.makePatch(old: image, new: image)
    for tail in [[0], patch, [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]] as [[UInt8]] {
      let outcome = try ZstdPatchTests.apply(patch + tail, to: image, imageSize: 1000, chunking: chunking)
      #expect(outcome == Outcome(output: image, error: .trailingData))
    }
  }

  @Test("What is refused before the old image is read", arguments: Chunking.all)
  func refusedByHeader(chunking: Chunking) throws {
    let image = [UInt8](repeating: 7, count: 1000)
    let patch = try ZstdPatchEncoder.makePatch(old: image, new: image)
    func outcome(_ bytes: [UInt8], size: Int = 1000, limits: Limits = Limits()) throws -> Outcome {
      var decoder = try ZstdPatchDecoder(imageSize: UInt32(size), sourceSize: 1000, limits: limits)
      // The source is empty: a read of it would throw.
      return try drive(&decoder, bytes, old: [], chunking: chunking)
    }
    #expect(try outcome(patch, size: 999) == Outcome(output: [], error: .imageSizeMismatch))
    #expect(try outcome(patch, size: 1001) == Outcome(output: [], error: .imageSizeMismatch))
    #expect(try outcome([0x28, 0xb5, 0x2f, 0xfc]) == Outcome(output: [], error: .unsupportedFormat))
    let skippable: [UInt8] = [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]
    #expect(try outcome(skippable + patch) == Outcome(output: [], error: .unsupportedFormat))
    let dictionary: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x61, 9, 0xe8, 2]
    #expect(try outcome(dictionary) == Outcome(output: [], error: .unsupportedCompression))
    let reserved: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x68]
    #expect(try outcome(reserved + [0xe8, 2]) == Outcome(output: [], error: .corruptStream))
    // A window of 2 GiB that nobody needs.
    let window: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3]
    #expect(try outcome(window) == Outcome(output: [], error: .memoryExceeded))
  }

  @Test("The limit of memory holds for the old image and the window together")
  func memory() throws {
    let old = [UInt8](repeating: 7, count: 300_000)
    let new = [UInt8](repeating: 8, count: 500_000)
    let patch = try ZstdPatchEncoder.makePatch(old: old, new: new)
    let needed = ZstdPatchEncoder.decoderMemory(oldSize: 300_000, newSize: 500_000)
    let enough = try ZstdPatchTests.apply(
      patch, to: old, imageSize: new.count, limits: Limits(decoderMemory: UInt32(needed)))
    #expect(enough.output == new && enough.error == nil)
    let less = try ZstdPatchTests.apply(
      patch, to: old, imageSize: new.count, limits: Limits(decoderMemory: UInt32(needed) - 1))
    #expect(less == Outcome(output: [], error: .memoryExceeded))
    for limits in [Limits(imageSize: 499_999), Limits(decoderMemory: 300_000)] {
      #expect(throws: limits.imageSize < 500_000 ? DeltaError.imageTooLarge : .memoryExceeded) {
        try ZstdPatchTests.apply(patch, to: old, imageSize: new.count, limits: limits)
      }
    }
  }

  @Test(
    "A frame that declares no size may make neither more nor less than the image", arguments: Chunking.all)
  func undeclaredSize(chunking: Chunking) throws {
    let image = [UInt8](0..<200)
    let frame = try ZstdEncoder.compress(image.span, settings: .init(declaresSize: false))
    func outcome(size: Int) throws -> Outcome {
      try ZstdPatchTests.apply(frame, to: [], imageSize: size, chunking: chunking)
    }
    #expect(try outcome(size: 200) == Outcome(output: image, error: nil))
    #expect(try outcome(size: 199) == Outcome(output: Array(image.prefix(199)), error: .outputOverflow))
    #expect(try outcome(size: 201) == Outcome(output: image, error: .imageSizeMismatch))
    #expect(try outcome(size: 0) == Outcome(output: [], error: .outputOverflow))
  }

  @Test("A stored block that is not all of the declared size comes out the same however it is cut")
  func storedBlockTooShort() throws {
    // Found by FuzzZstdPatch: a last block of ten stored bytes, where the header promises 193.
    let patch: [UInt8] =
      [0x28, 0xb5, 0x2f, 0xfd, 0x24, 0xc1, 0x51, 0, 0, 0x18, 0x61, 1, 0x62, 0x63, 0, 0xbb, 0x25, 0x65]
      + [0x80, 0x5f, 0x69, 0xa8, 0xfd]
    for chunking in Chunking.all {
      let outcome = try ZstdPatchTests.apply(patch, to: [1, 2, 3], imageSize: 193, chunking: chunking)
      #expect(outcome == Outcome(output: Array(patch[9..<18]), error: .corruptStream), "\(chunking)")
    }
  }

  @Test(
    "A stored block, or a repeated byte, beyond the declared size is refused by its header",
    arguments: [0, 1])
  func blockTooLong(type: UInt8) throws {
    // Magic number, a single segment of 118 bytes, a stored block of 96, and a last one of 32 that has room for 22.
    let frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 118, 0, 3, 0]
    let patch =
      frame + [UInt8](repeating: 7, count: 96) + [1 | type << 1, 1, 0]
      + [UInt8](repeating: 8, count: type == 0 ? 32 : 1)
    for chunking in Chunking.all {
      let outcome = try ZstdPatchTests.apply(
        patch, to: [UInt8](repeating: 5, count: 300), imageSize: 118, chunking: chunking)
      #expect(
        outcome == Outcome(output: [UInt8](repeating: 7, count: 96), error: .corruptStream), "\(chunking)")
    }
  }

  @Test("A medium that fails abandons the patch")
  func media() throws {
    let image = [UInt8](repeating: 7, count: 1000)
    let patch = try ZstdPatchEncoder.makePatch(old: image, new: image)
    var decoder = try ZstdPatchDecoder(imageSize: 1000, sourceSize: 1000, limits: Limits())
    var source = MemorySource([])
    var sink = MemorySink()
    #expect(throws: PatchError<MemorySource.Failure, Never>.source(.outOfRange)) {
      try decoder.push(patch.span, source: &source, sink: &sink)
    }
    #expect(throws: DeltaError.abandoned) { try decoder.finish() }
    var second = try ZstdPatchDecoder(imageSize: 1000, sourceSize: 1000, limits: Limits())
    var failing = FailingSink(limit: 4)
    var whole = MemorySource(image)
    #expect(throws: PatchError<MemorySource.Failure, MediumError>.sink(.broken(at: 4))) {
      try second.push(patch.span, source: &whole, sink: &failing)
    }
    #expect(throws: DeltaError.abandoned) { try second.finish() }
  }

  @Test("Stopping stops")
  func cancelled() {
    #expect(throws: DeltaEncoderError.cancelled) {
      try ZstdPatchEncoder.makePatch(old: [1], new: [2], isCancelled: { true })
    }
  }
}

@Suite("The program zstd")
struct ZstdProgramTests {
  static let zstd = InstalledProgram("zstd")

  @Test(
    "its patches are applied here, and ours by it",
    .enabled(if: zstd != nil, "the program zstd is not here"), arguments: [3, 19])
  func interoperation(level: Int) throws {
    let zstd = try #require(ZstdProgramTests.zstd)
    var generator = SeededGenerator(for: "ZstdProgramTests.interoperation")
    for round in 0..<8 {
      var pair = RoundTripTests.randomPair(&generator)
      // The program takes no empty file as the one to patch from.
      pair.old.append(1)
      if round == 0 {
        let noise = generator.bytes(400_000)
        pair.old = noise
        pair.new = Array(noise[200_000...]) + [1, 2, 3] + Array(noise[..<200_000])
      }
      try withTemporaryFolder { folder in
        try Data(pair.old).write(to: folder.appending(path: "old"))
        try Data(pair.new).write(to: folder.appending(path: "new"))
        let make = ["-q", "-\(level)", "--patch-from=old", "new", "-o", "theirs"]
        #expect(try zstd.run(make, in: folder) == 0)
        let theirs = [UInt8](try Data(contentsOf: folder.appending(path: "theirs")))
        let outcome = try ZstdPatchTests.apply(theirs, to: pair.old, imageSize: pair.new.count)
        #expect(outcome == Outcome(output: pair.new, error: nil))

        let ours = try ZstdPatchEncoder.makePatch(old: pair.old, new: pair.new, level: level)
        #expect(ours.count <= theirs.count + theirs.count / 50 + 16)
        try Data(ours).write(to: folder.appending(path: "ours"))
        #expect(try zstd.run(["-q", "-d", "--patch-from=old", "ours", "-o", "back"], in: folder) == 0)
        #expect(try Data(contentsOf: folder.appending(path: "back")) == Data(pair.new))
      }
    }
  }

  @Test(
    "Real firmware, patched by either, is the same",
    .enabled(
      if: zstd != nil && SharedFolder.hasCorpus("m4-mpy-pyboard-patch"),
      "the program zstd or ../shared/corpus is not here"))
  func corpus() throws {
    let zstd = try #require(ZstdProgramTests.zstd)
    let old = try SharedFolder.bytes("m4-mpy-pyboard-patch", "old.bin")
    let new = try SharedFolder.bytes("m4-mpy-pyboard-patch", "new.bin")
    let ours = try ZstdPatchEncoder.makePatch(old: old, new: new)
    try withTemporaryFolder { folder in
      let source = SharedFolder.corpus("m4-mpy-pyboard-patch")
      let from = "--patch-from=" + source.appending(path: "old.bin").path
      let make = ["-q", "-19", from, source.appending(path: "new.bin").path, "-o", "theirs"]
      #expect(try zstd.run(make, in: folder) == 0)
      let theirs = [UInt8](try Data(contentsOf: folder.appending(path: "theirs")))
      let outcome = try ZstdPatchTests.apply(theirs, to: old, imageSize: new.count)
      let isSame = outcome == Outcome(output: new, error: nil)
      #expect(isSame)
      print("m4-mpy-pyboard-patch: zstd \(theirs.count), ours \(ours.count) bytes")
      #expect(ours.count <= theirs.count + theirs.count / 50)
      try Data(ours).write(to: folder.appending(path: "ours"))
      #expect(try zstd.run(["-q", "-d", from, "ours", "-o", "back"], in: folder) == 0)
      #expect(try Data(contentsOf: folder.appending(path: "back")) == Data(new))
    }
  }
}
