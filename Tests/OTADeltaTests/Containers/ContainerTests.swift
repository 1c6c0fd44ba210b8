import Foundation
import OTADelta
import OTADeltaContainers
import OTADeltaEncoder
import Testing

@Suite("Compressed streams inside files")
struct ContainerTests {
  /// Checks that the segments are all of the file.
  static func expectTiling(_ layout: ContainerLayout, of file: [UInt8]) {
    var position = 0
    var contentPosition = 0
    for segment in layout.segments {
      #expect(segment.range.lowerBound == position && !segment.range.isEmpty)
      #expect(!segment.contentRange.isEmpty)
      let start = segment.contentRange.lowerBound
      if segment.format == nil {
        #expect(start == contentPosition)
      } else {
        #expect(start % 16 == 0 && (contentPosition..<contentPosition + 16).contains(start))
        #expect(layout.content[contentPosition..<start].allSatisfy { $0 == 0 })
      }
      position = segment.range.upperBound
      contentPosition = segment.contentRange.upperBound
      guard segment.format == nil else { continue }
      let isSame = file[segment.range] == layout.content[segment.contentRange]
      #expect(isSame)
    }
    #expect(position == file.count)
    #expect(contentPosition == layout.content.count)
  }

  static func unpack(_ file: [UInt8], old: [UInt8] = []) throws -> ContainerEncoder.Unpacked {
    let unpacked = try #require(try ContainerEncoder.unpack(file, old: old))
    let parsed = try ContainerRecipe(unpacked.recipe.serialized().span)
    #expect(parsed == unpacked.recipe)
    let isSame = try parsed.rebuild(unpacked.content.span) == file
    #expect(isSame)
    return unpacked
  }

  @Test("gzip members of every level of zlib come apart and together again", arguments: UInt8(1)...9)
  func zlibLevels(level: UInt8) throws {
    var generator = SeededGenerator(seed: UInt64(level))
    let content = ContainerBuilder.text(30_000, &generator)
    for (memoryLevel, strategy) in [(8, 0), (9, 0), (8, 2)] as [(UInt8, UInt8)] {
      let method = CompressionMethod.zlib(
        level: level, memoryLevel: memoryLevel, strategy: strategy, windowBits: 15, isWrapped: false)
      let file = try ContainerBuilder.gzip(content, method: method)
      let unpacked = try ContainerTests.unpack(file)
      let isSame =
        unpacked.content == Array(file[..<10]) + [0, 0, 0, 0, 0, 0] + content + Array(file.suffix(8))
      #expect(isSame)
      #expect(unpacked.recipe.methods.count == 1)
    }
  }

  @Test("A large stream is told from others by its start alone")
  func large() throws {
    var generator = SeededGenerator(seed: 31)
    let content = ContainerBuilder.text(600_000, &generator)
    let method = CompressionMethod.zlib(
      level: 4, memoryLevel: 9, strategy: 1, windowBits: 15, isWrapped: false)
    let unpacked = try ContainerTests.unpack(try ContainerBuilder.gzip(content, method: method))
    #expect(unpacked.recipe.methods == [method])
  }

  @Test("zopfli's streams come apart and together again", arguments: [1, 5, 15] as [UInt8])
  func zopfli(iterations: UInt8) throws {
    var generator = SeededGenerator(seed: 5)
    let content = ContainerBuilder.text(6_000, &generator)
    let method = CompressionMethod.zopfli(iterations: iterations, splitsBlocks: true, maximumBlocks: 15)
    let unpacked = try ContainerTests.unpack(try ContainerBuilder.gzip(content, method: method))
    guard case .zopfli = unpacked.recipe.methods.first else {
      Issue.record("another method")
      return
    }
  }

  @Test("Members with all fields of the header, in a row and among other bytes, are found")
  func members() throws {
    var generator = SeededGenerator(for: "ContainerTests.members")
    let contents = (0..<3).map { _ in ContainerBuilder.text(3_000, &generator) }
    let noise = generator.bytes(100)
    var file = noise
    file += try ContainerBuilder.gzip(
      contents[0], flags: 0x1f, fields: [3, 0, 7, 7, 7] + Array("name\0comment\0".utf8) + [1, 2])
    file += try ContainerBuilder.gzip(contents[1])
    file += noise + [0x1f, 0x8b, 8, 0xff] + noise
    file += try ContainerBuilder.gzip(contents[2])
    let layout = ContainerLayout(of: file)
    ContainerTests.expectTiling(layout, of: file)
    let found = layout.segments.filter { $0.format == .deflate }.map {
      Array(layout.content[$0.contentRange])
    }
    let isSame = found == contents
    #expect(isSame)
    _ = try ContainerTests.unpack(file)
  }

  @Test("A member whose CRC-32 or size is wrong is none", arguments: 1...8)
  func wrongTrailer(fromEnd: Int) throws {
    var file = try ContainerBuilder.gzip([UInt8](repeating: 5, count: 1000))
    #expect(ContainerLayout(of: file).hasStreams)
    file[file.count - fromEnd] ^= 1
    #expect(!ContainerLayout(of: file).hasStreams)
  }

  @Test("A stream that no method makes stays as it is")
  func foreign() throws {
    var generator = SeededGenerator(seed: 7)
    let content = ContainerBuilder.text(3_000, &generator)
    // A stored block and an empty one, which no level makes of what compresses.
    let stored: [UInt8] = [0, 0xb8, 0x0b, 0x47, 0xf4] + content + [1, 0, 0, 0xff, 0xff]
    let file = ContainerBuilder.gzip(stream: stored, of: content)
    #expect(ContainerLayout(of: file).hasStreams)
    #expect(try ContainerEncoder.unpack(file) == nil)
    // Beside one that is made, it is passed on.
    let other = try ContainerBuilder.gzip(content)
    let unpacked = try ContainerTests.unpack(file + other)
    let isSame = unpacked.content.prefix(file.count) == file[...]
    #expect(isSame)
  }

  @Test("What is no stream is left alone", arguments: [0, 1, 17, 18, 5000])
  func plain(count: Int) throws {
    var generator = SeededGenerator(seed: 2)
    let file = generator.bytes(count)
    let layout = ContainerLayout(of: file)
    #expect(!layout.hasStreams)
    ContainerTests.expectTiling(layout, of: file)
    #expect(try ContainerEncoder.unpack(file) == nil)
  }

  @Test("A bomb is not unpacked: neither over the size of a stream nor over that of all")
  func bomb() throws {
    let content = [UInt8](repeating: 0, count: 1 << 20)
    let file = try ContainerBuilder.gzip(content)
    let cases: [(ContainerLimits, Bool)] = [
      (ContainerLimits(contentSize: 1 << 21, streamSize: 1 << 20), true),
      (ContainerLimits(contentSize: 1 << 21, streamSize: 1 << 20 - 1), false),
      // Six zeros are in front of the content.
      (ContainerLimits(contentSize: UInt32(1 << 20 + file.count + 6)), true),
      (ContainerLimits(contentSize: UInt32(1 << 20 + file.count + 5)), false),
      (ContainerLimits(contentSize: 5), false),
    ]
    for (limits, isUnpacked) in cases {
      let layout = ContainerLayout(of: file, limits: limits)
      #expect(layout.hasStreams == isUnpacked, "\(limits)")
      ContainerTests.expectTiling(layout, of: file)
    }
    // Two of them, and room for one.
    let both = ContainerLayout(of: file + file, limits: ContainerLimits(contentSize: 3 << 19))
    #expect(both.segments.filter { $0.format != nil }.count == 1)
  }

  @Test("squashfs images with gzip, xz and zstd come apart and together again", arguments: 0..<3, [0, 300])
  func squashfs(index: Int, offset: Int) throws {
    let (compressor, method) = ContainerBuilder.squashfsCompressors[index]
    var generator = SeededGenerator(for: "ContainerTests.squashfs")
    // Three blocks that compress, one that does not, and a tail.
    let content =
      ContainerBuilder.text(3 * 4096, &generator) + generator.bytes(4096)
      + ContainerBuilder.text(1000, &generator)
    let image = try ContainerBuilder.squashfs(compressor: compressor, method: method, content: content)
    let file = generator.bytes(offset) + image
    let layout = ContainerLayout(of: file)
    ContainerTests.expectTiling(layout, of: file)
    // Three blocks, the fragment, inodes, directories; the tables of fragments and identifiers are too small.
    let streams = layout.segments.filter { $0.format == method.format }
    #expect(streams.count >= 6)
    let blocks = streams.prefix(3).flatMap { layout.content[$0.contentRange] }
    let isSame = blocks == Array(content[..<(3 * 4096)])
    #expect(isSame)
    let unpacked = try ContainerTests.unpack(file, old: image)
    #expect(unpacked.recipe.methods == [method])
    #expect(unpacked.recipe.probes == [.init(method: 0, stream: 0)])
    try unpacked.recipe.probe(old: image, layout: ContainerLayout(of: image))
  }

  @Test("Damaged images never trap, and every byte is somewhere", arguments: 0..<4)
  func damage(index: Int) throws {
    var generator = SeededGenerator(for: "ContainerTests.damage")
    let content = ContainerBuilder.text(9000, &generator)
    let file: [UInt8]
    if index < 3 {
      let (compressor, _) = ContainerBuilder.squashfsCompressors[index]
      // Stored metadata, so that damage gets through to the numbers in it.
      let method = CompressionMethod.zlib(
        level: 1, memoryLevel: 8, strategy: 2, windowBits: 15, isWrapped: true)
      file = try ContainerBuilder.squashfs(compressor: compressor, method: method, content: content)
    } else {
      file = try ContainerBuilder.gzip(content, flags: 8, fields: Array("name\0".utf8))
    }
    let limits = ContainerLimits(contentSize: 1 << 20, streamSize: 1 << 18)
    for round in 0..<200 {
      var damaged = file
      for _ in 0...(round % 4) {
        let place =
          round.isMultiple(of: 2)
          ? Int.random(in: 0..<96, using: &generator) : Int.random(in: 0..<file.count, using: &generator)
        damaged[place] =
          [0, 0xff, UInt8.random(in: 0...255, using: &generator)].randomElement(using: &generator) ?? 0
      }
      if round % 5 == 0 { damaged.removeLast(Int.random(in: 0..<file.count, using: &generator)) }
      ContainerTests.expectTiling(ContainerLayout(of: damaged, limits: limits), of: damaged)
    }
  }

  @Test("Cancelling stops")
  func cancelled() throws {
    let file = try ContainerBuilder.gzip([1, 2, 3])
    #expect(throws: DeltaEncoderError.cancelled) { try ContainerEncoder.unpack(file, isCancelled: { true }) }
  }

  @Test(
    "Real containers come apart and together again",
    .enabled(
      if: SharedFolder.hasCorpus("esp8266-tasmota-gz") && SharedFolder.hasCorpus("rootfs-small-sqfs-zstd"),
      "../shared/corpus is not here"),
    arguments: ["esp8266-tasmota-gz", "rootfs-small-sqfs-zstd"])
  func corpus(pair: String) throws {
    let old = try SharedFolder.bytes(pair, "old.bin")
    let new = try SharedFolder.bytes(pair, "new.bin")
    let layout = ContainerLayout(of: old)
    let unpacked = try #require(try ContainerEncoder.unpack(new, old: old))
    let recipe = unpacked.recipe.serialized().count
    print("\(pair): \(new.count) bytes have a content of \(unpacked.content.count) and a recipe of \(recipe)")
    // A fast level for the large one: this is about the order of magnitude.
    let level = new.count > 1 << 20 ? 3 : 19
    let plain = try ZstdPatchEncoder.makePatch(old: old, new: new, level: level).count
    let patch = try ZstdPatchEncoder.makePatch(old: layout.content, new: unpacked.content, level: level).count
    print("\(pair): patch of zstd, level \(level): \(plain) bytes as it is, \(patch) of the contents")
    #expect(recipe + patch < plain / 2)
    var before = timespec()
    var after = timespec()
    _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before)
    _ = try unpacked.recipe.rebuild(unpacked.content.span)
    _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after)
    let milliseconds = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1_000_000
    print("\(pair): rebuilt in \(milliseconds) ms of processor time")
    #expect(recipe < 1000)
    #expect(unpacked.content.count > new.count * 5 / 4)
    try unpacked.recipe.probe(old: old, layout: layout)
  }
}
