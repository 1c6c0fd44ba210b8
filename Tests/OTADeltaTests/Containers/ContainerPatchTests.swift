import OTACore
import OTADelta
import Testing

@testable import OTADeltaContainers
@testable import OTADeltaEncoder

/// An old and a new file with compressed streams, and the container patch between them.
struct ContainerPair {
  var old: [UInt8]
  var new: [UInt8]
  var patch: [UInt8]

  /// Two gzip members that share most of their content.
  static func gzip() throws -> ContainerPair {
    try make(contents(seed: 11, count: 12_000)) { try ContainerBuilder.gzip($0) }
  }

  static func squashfs(_ index: Int) throws -> ContainerPair {
    let (compressor, method) = ContainerBuilder.squashfsCompressors[index]
    return try make(contents(seed: 12, count: 13_000)) {
      try ContainerBuilder.squashfs(compressor: compressor, method: method, content: $0)
    }
  }

  private static func contents(seed: UInt64, count: Int) -> (old: [UInt8], new: [UInt8]) {
    var generator = SeededGenerator(seed: seed)
    let old = ContainerBuilder.text(count, &generator)
    let new = Array(old[..<(count / 2)]) + generator.bytes(40) + Array(old[(count / 2)...])
    return (old, new)
  }

  private static func make(
    _ contents: (old: [UInt8], new: [UInt8]), file: ([UInt8]) throws -> [UInt8]
  ) throws -> ContainerPair {
    let old = try file(contents.old)
    let new = try file(contents.new)
    return ContainerPair(old: old, new: new, patch: try NativeEncoder.makePatch(old: old, new: new))
  }

  /// The patch with another recipe.
  func patch(changing change: (ContainerRecipe) -> ContainerRecipe) throws -> [UInt8] {
    let parsed = try ContainerPatch(patch.span)
    var header = parsed.header
    let front = header.serialized.count + Int(header.recipeSize)
    let recipe = change(parsed.recipe).serialized()
    header.recipeSize = UInt32(recipe.count)
    return header.serialized + recipe + patch[front...]
  }
}

/// Limits that have room for everything.
private let wide = Limits(imageSize: .max, payloadSize: .max, decoderMemory: .max)

private func apply(
  _ patch: [UInt8], to old: [UInt8], size: Int, limits: Limits = wide, chunking: Chunking = .whole
) throws -> Outcome {
  var decoder = try ContainerPatchDecoder(
    imageSize: UInt32(size), sourceSize: UInt32(old.count), limits: limits)
  return try drive(&decoder, patch, old: old, chunking: chunking)
}

@Suite("Container patches")
struct ContainerPatchTests {
  @Test("Every division of the patch gives the file", arguments: Chunking.all)
  func chunkings(chunking: Chunking) throws {
    let pair = try ContainerPair.gzip()
    #expect(pair.patch.starts(with: "OTAC".utf8))
    let outcome = try apply(pair.patch, to: pair.old, size: pair.new.count, chunking: chunking)
    #expect(outcome == Outcome(output: pair.new, error: nil))
  }

  @Test("squashfs images with gzip, xz and zstd", arguments: 0..<3)
  func squashfs(index: Int) throws {
    let pair = try ContainerPair.squashfs(index)
    #expect(pair.patch.starts(with: "OTAC".utf8))
    #expect(pair.patch.count * 4 < pair.new.count)
    for chunking in [Chunking.whole, .every(7)] {
      let outcome = try apply(pair.patch, to: pair.old, size: pair.new.count, chunking: chunking)
      #expect(outcome == Outcome(output: pair.new, error: nil))
    }
  }

  @Test("The header of a patch is these bytes")
  func header() throws {
    let header = ContainerPatchHeader(
      oldSize: 300, newSize: 5, oldContentSize: 128, recipeSize: 9, oldDigest: 0x0102_0304_0506_0708,
      newDigest: 0xf1f2_f3f4_f5f6_f7f8)
    let bytes: [UInt8] =
      [0x4f, 0x54, 0x41, 0x43, 1, 0xac, 2, 5, 0x80, 1, 9, 1, 2, 3, 4, 5, 6, 7, 8] + [
        0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8,
      ]
    #expect(header.serialized == bytes)
    for count in 0..<bytes.count {
      #expect(try ContainerPatchHeader.parse(Array(bytes[..<count]).span) == nil)
    }
    let parsed = try #require(try ContainerPatchHeader.parse((bytes + [77]).span))
    #expect(parsed.header == header)
    #expect(parsed.count == bytes.count)
  }

  @Test("Where containers are not taken apart, the patch is a plain one")
  func switchedOff() throws {
    let pair = try ContainerPair.gzip()
    let plain = try NativeEncoder.makePatch(
      old: pair.old, new: pair.new, options: .init(takesContainersApart: false))
    #expect(plain.starts(with: "OTAD".utf8))
    #expect(plain.count > 2 * pair.patch.count)
  }

  @Test("Files without streams, or in one of them only, get a plain patch")
  func noStreams() throws {
    let pair = try ContainerPair.gzip()
    var generator = SeededGenerator(seed: 4)
    let noise = generator.bytes(500)
    for (old, new) in [(pair.old, noise), (noise, pair.new), (noise, noise)] {
      #expect(try NativeEncoder.makePatch(old: old, new: new).starts(with: "OTAD".utf8))
    }
  }

  @Test("Memory: what the patch needs is enough, less is refused before anything is read")
  func memory() throws {
    let pair = try ContainerPair.squashfs(0)
    let needed = try #require(UInt32(exactly: try ContainerPatch(pair.patch.span).memoryRequirement))
    let enough = Limits(imageSize: .max, payloadSize: .max, decoderMemory: needed)
    let outcome = try apply(pair.patch, to: pair.old, size: pair.new.count, limits: enough)
    #expect(outcome == Outcome(output: pair.new, error: nil))
    let small = Limits(imageSize: .max, payloadSize: .max, decoderMemory: needed - 1)
    var decoder = try ContainerPatchDecoder(
      imageSize: UInt32(pair.new.count), sourceSize: UInt32(pair.old.count), limits: small)
    var source = FailingSource(base: MemorySource(pair.old), limit: 0)
    var sink = MemorySink()
    #expect(throws: PatchError<MediumError, Never>.delta(.memoryExceeded)) {
      try decoder.push(pair.patch.span, source: &source, sink: &sink)
    }
    #expect(throws: DeltaError.memoryExceeded) { try decoder.finish() }
  }

  @Test("The encoder keeps to the memory of the device")
  func encoderMemory() throws {
    let pair = try ContainerPair.squashfs(0)
    let patch = try ContainerPatch(pair.patch.span)
    func room(_ memory: UInt32) throws -> UInt32? {
      var given: UInt32?
      let none = try ContainerPatchEncoder.makePatch(
        old: pair.old, new: pair.new, memory: memory, isCancelled: { false }
      ) { (_, memory) throws(DeltaEncoderError) in
        given = memory
        return nil
      }
      #expect(none == nil)
      return given
    }
    let left = ContainerPatch.nativeMemory(header: patch.header, recipe: patch.recipe, limit: 64 << 20)
    #expect(try room(64 << 20) == left.flatMap(UInt32.init(exactly:)))
    #expect(left ?? 0 < 64 << 20 - pair.old.count)
    #expect(try room(UInt32(pair.old.count)) == nil)
    #expect(try room(1 << 20) == nil)
    let plain = try NativeEncoder.makePatch(old: pair.old, new: pair.new, options: .init(memory: 32 << 10))
    let header = try #require(try NativeHeader.parse(plain.span)).header
    #expect(NativeDecoder.memoryRequirement(of: header) <= 32 << 10)
  }

  @Test("Another old file is refused before the first write")
  func wrongOld() throws {
    let pair = try ContainerPair.gzip()
    var other = pair.old
    other[4] ^= 1
    #expect(
      try apply(pair.patch, to: other, size: pair.new.count) == Outcome(output: [], error: .sourceMismatch))
    #expect(
      try apply(pair.patch, to: pair.old + [0], size: pair.new.count)
        == Outcome(output: [], error: .sourceMismatch))
    #expect(
      try apply(pair.patch, to: pair.old, size: pair.new.count + 1)
        == Outcome(output: [], error: .imageSizeMismatch))
    let limits = Limits(imageSize: 10, payloadSize: .max, decoderMemory: .max)
    #expect(throws: DeltaError.imageTooLarge) {
      try apply(pair.patch, to: pair.old, size: pair.new.count, limits: limits)
    }
  }

  @Test("A declared content that the old file does not have is refused")
  func wrongContentSize() throws {
    let pair = try ContainerPair.gzip()
    let parsed = try ContainerPatch(pair.patch.span)
    let front = parsed.header.serialized.count + Int(parsed.header.recipeSize)
    for change in [-1, 1] {
      var header = parsed.header
      header.oldContentSize = UInt32(Int(header.oldContentSize) + change)
      var content = parsed.content
      let contentFront = content.serialized.count
      content.oldSize = header.oldContentSize
      let body = pair.patch[(front + contentFront)...]
      let recipe = parsed.recipe.serialized()
      let patch = header.serialized + recipe + content.serialized + body
      #expect(
        try apply(patch, to: pair.old, size: pair.new.count) == Outcome(output: [], error: .sourceMismatch))
      // The two headers contradict each other.
      let contradiction = header.serialized + recipe + parsed.content.serialized + body
      #expect(
        try apply(contradiction, to: pair.old, size: pair.new.count)
          == Outcome(output: [], error: .corruptStream))
    }
  }

  @Test("Another library is found before the first write by a probe, without one by the digest at the end")
  func otherLibrary() throws {
    let pair = try ContainerPair.squashfs(0)
    let other = CompressionMethod.zlib(
      level: 1, memoryLevel: 8, strategy: 0, windowBits: 15, isWrapped: true)
    let probed = try pair.patch { recipe in
      ContainerRecipe(
        fileSize: recipe.fileSize, methods: [other], probes: recipe.probes, steps: recipe.steps)
    }
    #expect(
      try apply(probed, to: pair.old, size: pair.new.count)
        == Outcome(output: [], error: .unsupportedCompression))
    // The same size, but another header of zlib.
    let unprobed = try pair.patch { recipe in
      ContainerRecipe(fileSize: recipe.fileSize, methods: [other], probes: [], steps: recipe.steps)
    }
    let outcome = try apply(unprobed, to: pair.old, size: pair.new.count)
    #expect([.outputMismatch, .imageSizeMismatch, .outputOverflow].contains(outcome.error))
  }

  @Test("A cut patch is truncated and leaves nothing complete, one with a byte more is refused")
  func length() throws {
    let pair = try ContainerPair.gzip()
    let front = try ContainerPatch(pair.patch.span).header.serialized.count
    for count in Array(0..<front + 8) + Array(stride(from: front + 8, to: pair.patch.count, by: 37)) {
      let outcome = try apply(Array(pair.patch[..<count]), to: pair.old, size: pair.new.count)
      #expect(outcome.error == .truncated)
      #expect(outcome.output.count < pair.new.count)
    }
    for chunking in [Chunking.whole, .every(1)] {
      let outcome = try apply(
        pair.patch + [0], to: pair.old, size: pair.new.count, chunking: chunking)
      #expect(outcome == Outcome(output: pair.new, error: .trailingData))
    }
  }

  @Test("Damage is an error or the right file, the same in one piece and in many")
  func damage() throws {
    var generator = SeededGenerator(for: "ContainerPatchTests.damage")
    let pair = try ContainerPair.gzip()
    let limits = Limits(imageSize: .max, payloadSize: .max, decoderMemory: 512 << 20)
    for round in 0..<50 {
      var damaged = pair.patch
      let place =
        round % 2 == 0
        ? Int.random(in: 0..<120, using: &generator) : Int.random(in: 0..<damaged.count, using: &generator)
      damaged[place] ^= UInt8.random(in: 1...255, using: &generator)
      let whole = try apply(damaged, to: pair.old, size: pair.new.count, limits: limits)
      // The last bytes of a coded stream may say the same in another way.
      #expect(whole.error != nil || whole.output == pair.new)
      let pieces = try apply(
        damaged, to: pair.old, size: pair.new.count, limits: limits, chunking: .random(seed: UInt64(round)))
      #expect(pieces == whole)
    }
  }

  @Test("Media that fail are reported as such, and the decoder is abandoned")
  func media() throws {
    let pair = try ContainerPair.gzip()
    func decoder() throws -> ContainerPatchDecoder {
      try ContainerPatchDecoder(
        imageSize: UInt32(pair.new.count), sourceSize: UInt32(pair.old.count), limits: wide)
    }
    var first = try decoder()
    var broken = FailingSource(base: MemorySource(pair.old), limit: 100)
    var memory = MemorySink()
    #expect(throws: PatchError<MediumError, Never>.source(.broken(at: 100))) {
      try first.push(pair.patch.span, source: &broken, sink: &memory)
    }
    #expect(throws: DeltaError.abandoned) { try first.finish() }
    var second = try decoder()
    var source = MemorySource(pair.old)
    var sink = FailingSink(limit: 12)
    #expect(throws: PatchError<MemorySource.Failure, MediumError>.sink(.broken(at: 12))) {
      try second.push(pair.patch.span, source: &source, sink: &sink)
    }
    #expect(second.outputCount == UInt32(sink.bytes.count))
    #expect(throws: PatchError<MemorySource.Failure, MediumError>.delta(.abandoned)) {
      try second.push([1].span, source: &source, sink: &sink)
    }
  }

  @Test("Cancelling stops")
  func cancelled() throws {
    let pair = try ContainerPair.gzip()
    #expect(throws: DeltaEncoderError.cancelled) {
      try NativeEncoder.makePatch(old: pair.old, new: pair.new, options: .init(), isCancelled: { true })
    }
  }
}
