import OTACore
import OTADelta
import OTADeltaContainers
import Testing

@Suite("Recipes of containers")
struct ContainerRecipeTests {
  static let header: [UInt8] = [0x4f, 0x54, 0x41, 0x52, 1]
  /// A method each.
  static let methods: [CompressionMethod] = [
    ContainerBuilder.zlib, .zopfli(iterations: 5, splitsBlocks: false, maximumBlocks: 0), .zstd(level: 22),
    .xz(.init(preset: 9, isExtreme: true, dictionaryCode: 28, properties: 93, branchFilter: 4, check: 4)),
  ]

  static let recipe = ContainerRecipe(
    fileSize: 70_000, methods: methods, probes: [.init(method: 2, stream: 300)],
    steps: [
      .raw(count: 2), .stream(method: 0, count: 8192, repetitions: 1),
      .stream(method: 3, count: 131_072, repetitions: 40), .raw(count: 1 << 20),
    ])

  static func error(_ bytes: [UInt8], limits: ContainerLimits = ContainerLimits()) -> ParseError.Kind? {
    do throws(ParseError) {
      _ = try ContainerRecipe(bytes.span, limits: limits)
      return nil
    } catch {
      return error.kind
    }
  }

  @Test("A recipe comes back from its bytes")
  func roundTrip() throws {
    let bytes = ContainerRecipeTests.recipe.serialized()
    let parsed = try ContainerRecipe(bytes.span)
    #expect(parsed == ContainerRecipeTests.recipe)
    #expect(parsed.contentSize == 16 + 8192 + 40 * 131_072 + 1 << 20)
  }

  @Test("The bytes of a small recipe are these")
  func bytes() throws {
    let recipe = ContainerRecipe(
      fileSize: 300, methods: [.zstd(level: 15)], probes: [.init(method: 0, stream: 0)],
      steps: [
        .raw(count: 2), .stream(method: 0, count: 5, repetitions: 1),
        .stream(method: 0, count: 200, repetitions: 3),
      ])
    let expected: [UInt8] =
      ContainerRecipeTests.header + [
        0xac, 2, 0x88, 5, 1, 4, 15, 1, 0, 0, 0, 2, 1, 5, 2, 0xc8, 1, 3,
      ]
    #expect(recipe.serialized() == expected)
    #expect(try ContainerRecipe(expected.span) == recipe)
  }

  @Test("A recipe that was cut is truncated, one with a byte more is refused")
  func length() {
    let bytes = ContainerRecipeTests.recipe.serialized()
    for count in 0..<bytes.count {
      #expect(ContainerRecipeTests.error(Array(bytes.prefix(count))) == .truncated)
    }
    #expect(ContainerRecipeTests.error(bytes + [0]) == .trailingBytes)
  }

  @Test("What is refused")
  func refused() {
    let header = ContainerRecipeTests.header
    let cases: [([UInt8], ParseError.Kind)] = [
      ([0x4f, 0x54, 0x41, 0x52, 2], .unsupported),
      ([0x4f, 0x54, 0x41, 0x43, 1], .unsupported),
      ([0x50], .unsupported),
      // The size of the file: longer than it must be, over 32 bits, over five bytes, over the limit.
      (header + [0x80, 0], .notCanonical),
      (header + [0xff, 0xff, 0xff, 0xff, 0x10], .invalidValue),
      (header + [0xff, 0xff, 0xff, 0xff, 0xff, 1], .invalidValue),
      (header + [0xff, 0xff, 0xff, 0xff, 0x0f, 0], .limitExceeded),
      (header + [0, 0xff, 0xff, 0xff, 0xff, 0x0f], .limitExceeded),
      // Methods: too many, unknown, parameters.
      (header + [5, 5, 65], .limitExceeded),
      (header + [5, 5, 1, 0], .unsupported),
      (header + [5, 5, 1, 5], .unsupported),
      (header + [5, 5, 1, 1, 0, 8, 0, 15, 0], .invalidValue),
      (header + [5, 5, 1, 1, 9, 10, 0, 15, 0], .invalidValue),
      (header + [5, 5, 1, 1, 9, 8, 5, 15, 0], .invalidValue),
      (header + [5, 5, 1, 1, 9, 8, 0, 8, 0], .invalidValue),
      (header + [5, 5, 1, 1, 9, 8, 0, 15, 2], .invalidValue),
      (header + [5, 5, 1, 2, 0, 1, 15], .invalidValue),
      (header + [5, 5, 1, 2, 101, 1, 15], .invalidValue),
      (header + [5, 5, 1, 3, 10, 0, 0, 93, 0, 1], .invalidValue),
      (header + [5, 5, 1, 3, 6, 0, 29, 93, 0, 1], .invalidValue),
      (header + [5, 5, 1, 3, 6, 0, 0, 225, 0, 1], .invalidValue),
      (header + [5, 5, 1, 3, 6, 0, 0, 44, 0, 1], .invalidValue),
      (header + [5, 5, 1, 3, 6, 0, 0, 93, 3, 1], .invalidValue),
      (header + [5, 5, 1, 3, 6, 0, 0, 93, 0, 2], .invalidValue),
      (header + [5, 5, 1, 4, 0], .invalidValue),
      (header + [5, 5, 1, 4, 23], .invalidValue),
      // Probes: more than methods, of no method.
      (header + [5, 5, 1, 4, 1, 2], .limitExceeded),
      (header + [5, 5, 1, 4, 1, 1, 1, 0], .invalidValue),
      // Steps: of nothing, over the content, of no method, repeated once or too often.
      (header + [5, 5, 1, 4, 1, 0, 0, 0], .invalidValue),
      (header + [5, 5, 1, 4, 1, 0, 0, 6], .invalidValue),
      (header + [5, 5, 1, 4, 1, 0, 3, 5], .invalidValue),
      (header + [5, 5, 1, 4, 1, 0, 255, 5], .invalidValue),
      (header + [5, 5, 1, 4, 1, 0, 2, 5, 1], .notCanonical),
      (header + [5, 5, 1, 4, 1, 0, 2, 2, 3], .invalidValue),
      (header + [5, 5, 1, 4, 1, 0, 2, 1, 0xff, 0xff, 0xff, 0xff, 0x0f], .invalidValue),
    ]
    for (bytes, kind) in cases { #expect(ContainerRecipeTests.error(bytes) == kind, "\(bytes)") }
  }

  @Test("Limits of a stream: its size, the compressor's memory, zopfli's time")
  func streamLimits() {
    func error(_ method: CompressionMethod, count: UInt32, _ limits: ContainerLimits) -> ParseError.Kind? {
      let recipe = ContainerRecipe(
        fileSize: 10, methods: [method], probes: [], steps: [.stream(method: 0, count: count, repetitions: 1)]
      )
      return ContainerRecipeTests.error(recipe.serialized(), limits: limits)
    }
    #expect(error(ContainerBuilder.zlib, count: 1000, ContainerLimits(streamSize: 1000)) == nil)
    #expect(error(ContainerBuilder.zlib, count: 1001, ContainerLimits(streamSize: 1000)) == .limitExceeded)
    for method in ContainerRecipeTests.methods {
      let needed = method.memoryRequirement(contentSize: 1 << 20)
      #expect(error(method, count: 1 << 20, ContainerLimits(compressorMemory: needed)) == nil)
      #expect(error(method, count: 1 << 20, ContainerLimits(compressorMemory: needed - 1)) == .limitExceeded)
    }
    let zopfli = CompressionMethod.zopfli(iterations: 1, splitsBlocks: true, maximumBlocks: 15)
    #expect(error(zopfli, count: CompressionMethod.maximumZopfliSize, ContainerLimits()) == nil)
    #expect(
      error(zopfli, count: CompressionMethod.maximumZopfliSize + 1, ContainerLimits()) == .limitExceeded)
  }

  @Test("Damaged recipes never trap, and what is accepted is written the same")
  func damage() throws {
    var generator = SeededGenerator(for: "ContainerRecipeTests.damage")
    let bytes = ContainerRecipeTests.recipe.serialized()
    for _ in 0..<3000 {
      var damaged = bytes
      for _ in 0...Int.random(in: 0...3, using: &generator) {
        damaged[Int.random(in: 0..<damaged.count, using: &generator)] = UInt8.random(
          in: 0...255, using: &generator)
      }
      guard ContainerRecipeTests.error(damaged) == nil else { continue }
      #expect(try ContainerRecipe(damaged.span).serialized() == damaged)
    }
  }
}

@Suite("Rebuilding files")
struct ContainerRebuilderTests {
  /// A recipe, its content and its file.
  static func sample() throws -> (recipe: ContainerRecipe, content: [UInt8], file: [UInt8]) {
    var generator = SeededGenerator(seed: 3)
    let text = ContainerBuilder.text(1000, &generator)
    let zeros = [UInt8](repeating: 0, count: 8)
    let content = [1, 2, 3] + [UInt8](repeating: 0, count: 13) + text + zeros + text + zeros + text + [4]
    let zlib = try ContainerBuilder.zlib.compress(text.span)
    let zstd = try CompressionMethod.zstd(level: 3).compress(text.span)
    let file = [1, 2, 3] + zlib + zlib + zstd + [4]
    let recipe = ContainerRecipe(
      fileSize: UInt32(file.count), methods: [ContainerBuilder.zlib, .zstd(level: 3)], probes: [],
      steps: [
        .raw(count: 3), .stream(method: 0, count: 1000, repetitions: 2),
        .stream(method: 1, count: 1000, repetitions: 1),
        .raw(count: 1),
      ])
    return (recipe, content, file)
  }

  static func rebuild(
    _ recipe: ContainerRecipe, _ content: [UInt8], chunking: Chunking
  ) -> Outcome {
    var rebuilder = ContainerRebuilder(recipe: recipe, sink: MemorySink())
    for piece in chunking.pieces(of: content) {
      do throws(RebuildError<Never>) {
        try rebuilder.write(Array(piece).span)
      } catch {
        switch error {
        case .delta(let error):
          #expect(throws: error) { try rebuilder.finish() }
          return Outcome(output: rebuilder.sink.bytes, error: error)
        }
      }
    }
    do throws(DeltaError) {
      try rebuilder.finish()
    } catch {
      return Outcome(output: rebuilder.sink.bytes, error: error)
    }
    return Outcome(output: rebuilder.sink.bytes, error: nil)
  }

  @Test("Every division of the content gives the file", arguments: Chunking.all)
  func chunkings(chunking: Chunking) throws {
    let (recipe, content, file) = try ContainerRebuilderTests.sample()
    #expect(
      ContainerRebuilderTests.rebuild(recipe, content, chunking: chunking)
        == Outcome(output: file, error: nil))
  }

  @Test(
    "Too much content, too little, a file that is larger or smaller than promised", arguments: Chunking.all)
  func wrongSizes(chunking: Chunking) throws {
    let (recipe, content, file) = try ContainerRebuilderTests.sample()
    func outcome(_ recipe: ContainerRecipe, _ content: [UInt8]) -> Outcome {
      ContainerRebuilderTests.rebuild(recipe, content, chunking: chunking)
    }
    func changed(fileSize: Int) -> ContainerRecipe {
      ContainerRecipe(fileSize: UInt32(fileSize), methods: recipe.methods, probes: [], steps: recipe.steps)
    }
    #expect(outcome(recipe, content + [0]) == Outcome(output: file, error: .trailingData))
    for count in [0, 2, 3, 1002, 2500] {
      #expect(outcome(recipe, Array(content.prefix(count))).error == .truncated)
    }
    #expect(
      outcome(changed(fileSize: file.count + 1), content) == Outcome(output: file, error: .imageSizeMismatch))
    let small = outcome(changed(fileSize: file.count - 1), content)
    #expect(small == Outcome(output: Array(file.dropLast()), error: .outputOverflow))
    #expect(outcome(changed(fileSize: 2), content) == Outcome(output: [1, 2], error: .outputOverflow))
    #expect(outcome(changed(fileSize: 3), content) == Outcome(output: [1, 2, 3], error: .outputOverflow))
  }

  @Test("A sink that fails abandons the file")
  func sinkFails() throws {
    let (recipe, content, _) = try ContainerRebuilderTests.sample()
    var rebuilder = ContainerRebuilder(recipe: recipe, sink: FailingSink(limit: 10))
    #expect(throws: RebuildError<MediumError>.self) { try rebuilder.write(content.span) }
    #expect(throws: RebuildError<MediumError>.delta(.abandoned)) { try rebuilder.write([1].span) }
    #expect(throws: DeltaError.abandoned) { try rebuilder.finish() }
  }

  @Test("A probe tells another library from the right one, and another file")
  func probe() throws {
    var generator = SeededGenerator(seed: 9)
    let content = ContainerBuilder.text(5000, &generator)
    let old = try ContainerBuilder.gzip(content)
    let layout = ContainerLayout(of: old)
    func recipe(_ method: CompressionMethod, stream: UInt32, count: UInt32 = 2500) -> ContainerRecipe {
      ContainerRecipe(
        fileSize: 0, methods: [method], probes: [.init(method: 0, stream: stream)],
        steps: [.stream(method: 0, count: count, repetitions: 1)])
    }
    try recipe(ContainerBuilder.zlib, stream: 0).probe(old: old, layout: layout)
    // What another version of zlib would be.
    let other = CompressionMethod.zlib(
      level: 1, memoryLevel: 8, strategy: 0, windowBits: 15, isWrapped: false)
    #expect(throws: DeltaError.unsupportedCompression) {
      try recipe(other, stream: 0).probe(old: old, layout: layout)
    }
    #expect(throws: DeltaError.sourceMismatch) {
      try recipe(ContainerBuilder.zlib, stream: 1).probe(old: old, layout: layout)
    }
    #expect(throws: DeltaError.sourceMismatch) {
      try recipe(.zstd(level: 3), stream: 0).probe(old: old, layout: layout)
    }
    // More than twice the largest stream: the memory for it is not declared.
    #expect(throws: DeltaError.sourceMismatch) {
      try recipe(ContainerBuilder.zlib, stream: 0, count: 2499).probe(old: old, layout: layout)
    }
  }
}
