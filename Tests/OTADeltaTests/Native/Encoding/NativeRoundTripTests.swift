import CLZMA
import OTACore
import OTACrypto
import OTADeltaEncoder
import OTADeltaStreams
import Testing

@testable import OTADelta

@Suite("Native patches")
struct NativeRoundTripTests {
  /// Makes a patch and applies it in one piece and in single bytes.
  private func check(
    _ old: [UInt8], _ new: [UInt8], options: NativeEncoder.Options = NativeEncoder.Options()
  ) throws -> [UInt8] {
    var options = options
    options.usesStreams = false
    let patch = try NativeEncoder.makePatch(old: old, new: new, options: options)
    let expected = Outcome(output: new, error: nil)
    let comment: Comment = "\(old.count) to \(new.count) bytes, \(options)"
    #expect(try applyNative(patch, to: old, imageSize: new.count) == expected, comment)
    #expect(try applyNative(patch, to: old, imageSize: new.count, chunking: .every(1)) == expected, comment)
    let header = try nativeHeader(patch).header
    #expect(header.oldSize == UInt32(old.count))
    #expect(header.newSize == UInt32(new.count))
    if let memory = options.memory { #expect(NativeDecoder.memoryRequirement(of: header) <= memory, comment) }
    return patch
  }

  static let small: [(old: [UInt8], new: [UInt8])] = [
    ([], []), ([], [7]), ([7], []), ([7], [7]), ([7], [8]), ([1, 2, 3], [1, 2, 3, 4]),
    ([1, 2, 3, 4], [1, 2, 4]),
    ([], Array(repeating: 0, count: 1000)), (Array(repeating: 0, count: 1000), []),
    (Array(repeating: 0xff, count: 300), Array(repeating: 0xff, count: 700)),
  ]

  @Test("The smallest images, and empty ones", arguments: 0..<10)
  func smallest(_ index: Int) throws {
    let pair = NativeRoundTripTests.small[index]
    for memory in [nil, 10 << 10] as [UInt32?] {
      _ = try check(pair.old, pair.new, options: NativeEncoder.Options(memory: memory))
    }
  }

  @Test("An image that stays the same costs a header and little more")
  func identical() throws {
    var generator = SeededGenerator(seed: 1)
    let image = generator.bytes(20_000)
    #expect(try check(image, image).count < 80)
  }

  @Test("An image that has nothing to do with the old one costs little more than itself")
  func unrelated() throws {
    var generator = SeededGenerator(seed: 2)
    let patch = try check(generator.bytes(5000), generator.bytes(6000))
    #expect(patch.count < 6300)
  }

  @Test("Random images with parts of the old one, moved and changed, for any instruction set and memory")
  func random() throws {
    var generator = SeededGenerator(for: "NativeRoundTripTests.random")
    for round in 0..<60 {
      let old = generator.bytes(Int.random(in: 0...3000, using: &generator))
      var new: [UInt8] = []
      for _ in 0..<Int.random(in: 0...8, using: &generator) {
        if old.count > 10, Int.random(in: 0..<4, using: &generator) > 0 {
          let start = Int.random(in: 0..<old.count, using: &generator)
          var part = Array(old[start..<min(old.count, start + Int.random(in: 0...900, using: &generator))])
          for index in part.indices where Int.random(in: 0..<40, using: &generator) == 0 { part[index] &+= 3 }
          new += part
        } else {
          new += generator.bytes(Int.random(in: 0...200, using: &generator))
        }
      }
      let architectures = NativeEncoder.architectures
      let memories: [UInt32?] = [nil, 8 << 10, 32 << 10, 200 << 10]
      _ = try check(
        old, new,
        options: NativeEncoder.Options(
          memory: memories[round % 4], architecture: architectures.randomElement(using: &generator)))
    }
  }

  @Test("Code of one instruction set is a patch under every name", arguments: NativeEncoder.architectures)
  func forced(_ architecture: String) throws {
    for memory in [nil, 10 << 10] as [UInt32?] {
      _ = try check(
        NativeSample.old, NativeSample.new,
        options: NativeEncoder.Options(memory: memory, architecture: architecture))
    }
  }

  @Test("Two runs give the same bytes")
  func deterministic() throws {
    let first = try NativeEncoder.makePatch(old: NativeSample.old, new: NativeSample.new)
    #expect(try NativeEncoder.makePatch(old: NativeSample.old, new: NativeSample.new) == first)
  }

  @Test("A patch keeps to the memory that it may need", arguments: [10 << 10, 32 << 10, 1 << 20] as [UInt32])
  func memory(_ limit: UInt32) throws {
    let old = Firmware.thumb.image(seed: 8, functionCount: 150, insertions: [])
    let new = Firmware.thumb.image(seed: 8, functionCount: 150, insertions: [2, 20, 50, 51, 149])
    let patch = try check(old, new, options: NativeEncoder.Options(memory: limit))
    let needed = NativeDecoder.memoryRequirement(of: try nativeHeader(patch).header)
    #expect(needed > limit / 4, "a model for far less memory than there is")
    let enough = Limits(decoderMemory: UInt32(needed))
    #expect(
      try applyNative(patch, to: old, imageSize: new.count, limits: enough)
        == Outcome(output: new, error: nil))
    let less = Limits(decoderMemory: UInt32(needed - 1))
    #expect(
      try applyNative(patch, to: old, imageSize: new.count, limits: less)
        == Outcome(output: [], error: .memoryExceeded))
  }

  @Test("No decoder is so small")
  func tooLittleMemory() {
    #expect(throws: DeltaEncoderError.memoryTooSmall) {
      try NativeEncoder.makePatch(old: [1], new: [2], options: NativeEncoder.Options(memory: 1000))
    }
  }

  @Test("Whoever asks for it stops the encoder, at any of the times that it asks")
  func cancellation() throws {
    let old = NativeSample.old
    var total = 0
    _ = try NativeEncoder.makePatch(old: old, new: NativeSample.new, options: NativeEncoder.Options()) {
      total += 1
      return false
    }
    #expect(total > 5)
    // How often it asks while it waits for its other threads depends on them and on the machine; not before, though.
    for stop in 1...4 {
      var asked = 0
      #expect(throws: DeltaEncoderError.cancelled, "\(stop) of \(total)") {
        try NativeEncoder.makePatch(old: old, new: NativeSample.new, options: NativeEncoder.Options()) {
          asked += 1
          return asked >= stop
        }
      }
      #expect(asked == stop)
    }
  }

  @Test("No patch is larger than xz makes the new image, but for 64 bytes")
  func xzBound() throws {
    var generator = SeededGenerator(for: "NativeRoundTripTests.xzBound")
    let old = generator.bytes(3000)
    let block = generator.bytes(9000)
    let text = (0..<500).flatMap { "line \($0 &* 7919 % 1000) of a log that repeats itself\n".utf8 }
    for new in [
      block + block + block, text, [UInt8](repeating: 7, count: 20_000), generator.bytes(5000),
      old + block,
    ] {
      let patch = try NativeEncoder.makePatch(old: old, new: new)
      #expect(patch.count <= xzSize(new) + 64)
      try applyOnHost(patch, old: old, new: new)
    }
  }

  private func xzSize(_ image: [UInt8]) -> Int {
    var packed = [UInt8](repeating: 0, count: lzma_stream_buffer_bound(image.count))
    var size = 0
    let room = packed.count
    let status = unsafe lzma_easy_buffer_encode(
      9 | UInt32(bitPattern: 1 << 31), LZMA_CHECK_CRC64, nil, image, image.count, &packed, &size, room)
    #expect(status == LZMA_OK)
    return size
  }

  private func applyOnHost(_ patch: [UInt8], old: [UInt8], new: [UInt8]) throws {
    var decoder = try NativeHostDecoder<SHA256>(
      imageSize: UInt32(new.count), sourceSize: UInt32(old.count),
      limits: Limits(imageSize: .max, payloadSize: .max, decoderMemory: .max))
    var source = MemorySource(old)
    var sink = MemorySink()
    try decoder.push(patch.span, source: &source, sink: &sink)
    try decoder.finish()
    #expect(sink.bytes == new)
  }

  @Test("The encoder says how far it is, and never goes back")
  func progress() throws {
    var generator = SeededGenerator(seed: 3)
    let old = generator.bytes(150_000)
    let new = old + generator.bytes(60_000)
    var stages: [EncodingProgress] = []
    let patch = try NativeEncoder.makePatch(
      old: old, new: new, options: NativeEncoder.Options(memory: 20_000, architecture: "none"),
      isCancelled: { false }, report: { stages.append($0) })
    #expect(try applyNative(patch, to: old, imageSize: new.count).output == new)
    #expect(stages.first == .planning)
    #expect(stages.last == .verifying)
    let counts = stages.compactMap {
      if case .coding(let count, let total) = $0 { (count, total) } else { nil }
    }
    #expect(counts.count > 3)
    #expect(zip(counts, counts.dropFirst()).allSatisfy { $0.0 < $1.0 && $0.1 == $1.1 })
    #expect(counts.allSatisfy { $0.0 <= $0.1 })
  }
}
