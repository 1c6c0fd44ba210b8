import OTACore
import OTACrypto
import OTACryptoSodium
import OTADelta
import OTADeltaEncoder
import Testing

@Suite("Chunk indexes")
struct ChunkIndexTests {
  static func sha256(_ bytes: Span<UInt8>) -> Digest { SodiumSHA256.digest(of: bytes) }

  static func index(_ image: [UInt8], _ parameters: ChunkParameters = small) throws -> [UInt8] {
    try ChunkIndexEncoder.makeIndex(of: image, parameters: parameters, sha256: sha256)
  }

  static let small = {
    guard let small = ChunkParameters(minimumSize: 64, averageLogarithm: 8, maximumSize: 1024) else {
      preconditionFailure("parameters of this test")
    }
    return small
  }()

  static func plan(old: [UInt8], index: [UInt8]) throws -> ChunkPlan {
    var source = MemorySource(old)
    return try ChunkPlan(
      try ChunkIndex(index.span, limits: Limits()), source: &source, sourceSize: UInt32(old.count),
      sha256: sha256)
  }

  /// Makes the new image as a device would.
  static func carryOut(_ plan: ChunkPlan, old: [UInt8], new: [UInt8]) -> [UInt8] {
    var image: [UInt8] = []
    for part in plan.parts {
      switch part {
      case .copy(let offset, let count): image += old[Int(offset)..<Int(offset + count)]
      case .fetch(let offset, let count):
        #expect(Int(offset) == image.count)
        image += new[Int(offset)..<Int(offset + count)]
      }
    }
    return image
  }

  @Test("Where chunks end: this is what another program must give")
  func ends() throws {
    // Ends are frequent, so that some fall on the minimum and some chunks grow to the maximum.
    let parameters = try #require(ChunkParameters(minimumSize: 64, averageLogarithm: 6, maximumSize: 200))
    var bytes = SeededGenerator(seed: 21)
    let image = bytes.bytes(40_000)
    var chunker = Chunker(parameters)
    var ends: [Int] = []
    var position = 0
    while position < image.count {
      let (count, isEnd) = chunker.take(image.span.extracting(position..<image.count))
      position += count
      if isEnd { ends.append(position) }
    }
    // From the rule alone, with the hash of the last 64 bytes made anew for each end.
    var table: [UInt64] = []
    var generator = SeededGenerator(seed: 0)
    for _ in 0..<256 { table.append(generator.next()) }
    var expected: [Int] = []
    var start = 0
    for end in 1...image.count where end - start >= 64 {
      let hash = image[end - 64..<end].reduce(UInt64(0)) { ($0 << 1) &+ table[Int($1)] }
      if hash >> 58 == 0 || end - start == 200 {
        expected.append(end)
        start = end
      }
    }
    #expect(ends == expected)
    let sizes = Set(zip(ends, [0] + ends).map { $0 - $1 })
    #expect(sizes.contains(64) && sizes.contains(200))
  }

  @Test("Chunks do not depend on how the bytes arrive")
  func arrival() throws {
    var generator = SeededGenerator(for: "ChunkIndexTests.arrival")
    let image = generator.bytes(20_000)
    func ends(_ chunking: Chunking) -> [Int] {
      var chunker = Chunker(ChunkIndexTests.small)
      var ends: [Int] = []
      var offset = 0
      for piece in chunking.pieces(of: image) {
        let bytes = Array(piece)
        var position = 0
        while position < bytes.count {
          let (count, isEnd) = chunker.take(bytes.span.extracting(position..<bytes.count))
          position += count
          if isEnd { ends.append(offset + position) }
        }
        offset += bytes.count
      }
      return ends
    }
    let expected = ends(.whole)
    // The mean is 256 bytes behind the minimum.
    #expect((40...90).contains(expected.count))
    for chunking in Chunking.all { #expect(ends(chunking) == expected) }
  }

  @Test("An insertion costs the chunks around it, and the plan makes the image")
  func insertion() throws {
    var generator = SeededGenerator(for: "ChunkIndexTests.insertion")
    let old = generator.bytes(100_000)
    var new = old
    new.insert(contentsOf: generator.bytes(100), at: 50_000)
    let plan = try ChunkIndexTests.plan(old: old, index: try ChunkIndexTests.index(new))
    #expect(ChunkIndexTests.carryOut(plan, old: old, new: new) == new)
    #expect(plan.ranges.count == 1)
    #expect(plan.fetchCount <= 100 + 3 * 1024)
  }

  @Test("Any two images have a plan", arguments: RoundTripTests.edges)
  func edges(pair: ImagePair) throws {
    let plan = try ChunkIndexTests.plan(old: pair.old, index: try ChunkIndexTests.index(pair.new))
    #expect(ChunkIndexTests.carryOut(plan, old: pair.old, new: pair.new) == pair.new)
    if pair.old == pair.new { #expect(plan.fetchCount == 0) }
  }

  @Test("Random edits: the plan makes the image")
  func randomEdits() throws {
    var generator = SeededGenerator(for: "ChunkIndexTests.randomEdits")
    for _ in 0..<40 {
      let pair = RoundTripTests.randomPair(&generator)
      let plan = try ChunkIndexTests.plan(old: pair.old, index: try ChunkIndexTests.index(pair.new))
      #expect(ChunkIndexTests.carryOut(plan, old: pair.old, new: pair.new) == pair.new)
    }
  }

  @Test("Parameters that are not allowed are refused")
  func parameters() {
    for (minimum, logarithm, maximum) in [
      (63, 8, 1024), (1025, 8, 1024), (64, 5, 1024), (64, 25, 1024), (64, 8, 16 << 20 + 1),
    ] as [(UInt32, UInt8, UInt32)] {
      #expect(
        ChunkParameters(minimumSize: minimum, averageLogarithm: logarithm, maximumSize: maximum) == nil)
    }
  }

  static func error(_ bytes: [UInt8], limits: Limits = Limits()) -> ParseError? {
    do throws(ParseError) {
      _ = try ChunkIndex(bytes.span, limits: limits)
      return nil
    } catch {
      return error
    }
  }

  @Test("What is refused")
  func refused() throws {
    var generator = SeededGenerator(seed: 1)
    let image = generator.bytes(3000)
    let index = try ChunkIndexTests.index(image)
    #expect(ChunkIndexTests.error(index) == nil)
    func changed(_ offset: Int, _ bytes: [UInt8]) -> [UInt8] {
      var index = index
      index.replaceSubrange(offset..<offset + bytes.count, with: bytes)
      return index
    }
    let cases: [([UInt8], ParseError)] = [
      (changed(0, [0x50]), ParseError(.unsupported, at: 0)),
      (changed(4, [2]), ParseError(.unsupported, at: 4)),
      (changed(6, [1]), ParseError(.unsupported, at: 6)),
      (changed(5, [30]), ParseError(.invalidValue, at: 5)),
      (changed(8, [1, 0, 0, 0]), ParseError(.invalidValue, at: 5)),
      // The size of the image: smaller and larger than all chunks.
      (changed(16, [1, 0, 0, 0]), ParseError(.invalidValue, at: 24)),
      (changed(16, [0, 0, 1, 0]), ParseError(.invalidValue, at: 16)),
      // Counts that do not fit, one that multiplies to over 32 bits among them.
      (changed(20, [0xff, 0, 0, 0]), ParseError(.truncated, at: 20)),
      (changed(20, [0xff, 0xff, 0xff, 0xff]), ParseError(.truncated, at: 20)),
      // Chunks of nothing, below the minimum, over the maximum.
      (changed(24, [0, 0, 0, 0]), ParseError(.invalidValue, at: 24)),
      (changed(24, [63, 0, 0, 0]), ParseError(.invalidValue, at: 24)),
      (changed(24, [1, 4, 0, 0]), ParseError(.invalidValue, at: 24)),
      (index + [0], ParseError(.trailingBytes, at: index.count)),
    ]
    for (bytes, error) in cases { #expect(ChunkIndexTests.error(bytes) == error) }
    #expect(
      ChunkIndexTests.error(index, limits: Limits(imageSize: 2999)) == ParseError(.limitExceeded, at: 16))
    for count in 0..<index.count {
      #expect(ChunkIndexTests.error(Array(index.prefix(count)))?.kind == .truncated)
    }
  }

  @Test("Damaged indexes never trap")
  func damage() throws {
    var generator = SeededGenerator(for: "ChunkIndexTests.damage")
    let index = try ChunkIndexTests.index(generator.bytes(3000))
    for _ in 0..<2000 {
      var damaged = index
      for _ in 0..<3 {
        damaged[Int.random(in: 0..<damaged.count, using: &generator)] = UInt8.random(
          in: 0...255, using: &generator)
      }
      guard ChunkIndexTests.error(damaged) == nil else { continue }
      let plan = try ChunkIndexTests.plan(old: [1, 2, 3], index: damaged)
      #expect(plan.fetchCount <= 3000 || damaged[16..<20] != index[16..<20])
    }
  }

  @Test(
    "Real images: how much is fetched",
    .enabled(
      if: SharedFolder.hasCorpus("rootfs-small-sqfs-zstd") && SharedFolder.hasCorpus("x64-libcrypto"),
      "../shared/corpus is not here"),
    arguments: ["rootfs-small-sqfs-zstd", "x64-libcrypto"])
  func corpus(pair: String) throws {
    let old = try SharedFolder.bytes(pair, "old.bin")
    let new = try SharedFolder.bytes(pair, "new.bin")
    let index = try ChunkIndexTests.index(new, ChunkIndexEncoder.defaultParameters)
    let plan = try ChunkIndexTests.plan(old: old, index: index)
    print(
      "\(pair): index \(index.count), fetch \(plan.fetchCount) of \(new.count) bytes",
      "in \(plan.ranges.count) ranges")
    #expect(Int(plan.fetchCount) < new.count)
    let isSame = ChunkIndexTests.carryOut(plan, old: old, new: new) == new
    #expect(isSame)
  }
}
