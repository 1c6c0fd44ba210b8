import OTACore
import OTADeltaEncoder
import Testing

@testable import OTADelta

@Suite("Decoder of native patches")
struct NativeDecoderTests {
  let old = NativeSample.old
  let new = NativeSample.new

  @Test("Any division of a patch gives the same", arguments: NativeSample.memories)
  func chunking(memory: UInt32) throws {
    let patch = try NativeSample.patch(memory: memory)
    for chunking in Chunking.all {
      #expect(
        try applyNative(patch, to: old, imageSize: new.count, chunking: chunking)
          == Outcome(output: new, error: nil), "\(chunking)")
    }
  }

  @Test(
    "A patch cut anywhere is truncated, and what was written is a prefix of the image",
    arguments: NativeSample.memories)
  func truncations(memory: UInt32) throws {
    let patch = try NativeSample.patch(memory: memory)
    for length in stride(from: 0, to: patch.count, by: memory > 100_000 ? 9 : 2) {
      let cut = Array(patch.prefix(length))
      let outcome = try applyNative(cut, to: old, imageSize: new.count)
      #expect(outcome.error == .truncated, "\(length) bytes")
      #expect(new.starts(with: outcome.output), "\(length) bytes")
      #expect(try applyNative(cut, to: old, imageSize: new.count, chunking: .every(1)) == outcome)
    }
  }

  @Test("A byte more is an error, after the whole image", arguments: NativeSample.memories)
  func trailing(memory: UInt32) throws {
    let patch = try NativeSample.patch(memory: memory) + [0]
    for chunking in Chunking.all {
      #expect(
        try applyNative(patch, to: old, imageSize: new.count, chunking: chunking)
          == Outcome(output: new, error: .trailingData))
    }
  }

  // Four bytes of zeros may be left out at the end of a body: more than those are too many in any case.
  @Test("Bytes more inside of the body are an error, however many there are", arguments: [5, 300])
  func trailingBody(count: Int) throws {
    let patch = try NativeSample.patch(memory: 10 << 10)
    let parsed = try nativeHeader(patch)
    var header = parsed.header
    header.bodySize += UInt32(count)
    let longer = header.serialized + patch[parsed.count...] + [UInt8](repeating: 1, count: count)
    for chunking in Chunking.all {
      #expect(
        try applyNative(longer, to: old, imageSize: new.count, chunking: chunking).error == .trailingData)
    }
  }

  @Test("A body that is declared shorter ends early, and nothing is called complete")
  func shortBody() throws {
    let patch = try NativeSample.patch(memory: 10 << 10)
    let parsed = try nativeHeader(patch)
    for size in [0, 1, 4, 5, 100, Int(parsed.header.bodySize) - 6] {
      var header = parsed.header
      header.bodySize = UInt32(size)
      let shorter = header.serialized + patch[parsed.count...].prefix(size)
      let outcome = try applyNative(shorter, to: old, imageSize: new.count)
      #expect(outcome.error != nil && outcome.error != .truncated, "\(size)")
      for chunking in Chunking.all {
        #expect(try applyNative(shorter, to: old, imageSize: new.count, chunking: chunking) == outcome)
      }
    }
  }

  @Test("Another old image is refused before anything is written")
  func wrongSource() throws {
    let patch = try NativeSample.patch(memory: nil)
    for index in [0, 511, 512, old.count - 1] {
      var other = old
      other[index] ^= 1
      #expect(
        try applyNative(patch, to: other, imageSize: new.count) == Outcome(output: [], error: .sourceMismatch)
      )
    }
    for other in [old + [0], Array(old.dropLast()), []] {
      #expect(
        try applyNative(patch, to: other, imageSize: new.count) == Outcome(output: [], error: .sourceMismatch)
      )
    }
  }

  @Test("Another size of the new image is refused before anything is written")
  func wrongSize() throws {
    let patch = try NativeSample.patch(memory: nil)
    for size in [0, new.count - 1, new.count + 1] {
      #expect(
        try applyNative(patch, to: old, imageSize: size) == Outcome(output: [], error: .imageSizeMismatch))
    }
    let limits = Limits(imageSize: 100)
    #expect(throws: DeltaError.imageTooLarge) {
      _ = try NativeDecoder(imageSize: 101, sourceSize: 1, limits: limits)
    }
    #expect(throws: DeltaError.imageTooLarge) {
      _ = try NativeDecoder(imageSize: 1, sourceSize: 101, limits: limits)
    }
  }

  @Test("An image that is not the promised one is an error, not a result")
  func wrongDigest() throws {
    let patch = try NativeSample.patch(memory: nil)
    let parsed = try nativeHeader(patch)
    for index in 0..<8 {
      var header = parsed.header
      header.newDigest[index] ^= 0x80
      let outcome = try applyNative(
        header.serialized + patch[parsed.count...], to: old, imageSize: new.count)
      #expect(outcome == Outcome(output: new, error: .outputMismatch))
    }
  }

  @Test("A stored image is the body, and both digests are checked", arguments: [0, 1, 700])
  func stored(size: Int) throws {
    let old: [UInt8] = [1, 2, 3]
    let new = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    var header = NativeHeader(
      coder: .stored, architecture: .none, slotBits: 0, matchBits: 0, oldSize: 3, newSize: UInt32(size),
      bodySize: UInt32(size), coverCount: 0, regionCount: 0, oldDigest: shortDigest(old),
      newDigest: shortDigest(new))
    let patch = header.serialized + new
    #expect(try applyNative(patch, to: old, imageSize: size) == Outcome(output: new, error: nil))
    #expect(
      try applyNative(patch + [0], to: old, imageSize: size) == Outcome(output: new, error: .trailingData))
    #expect(
      try applyNative(patch, to: [1, 2, 4], imageSize: size) == Outcome(output: [], error: .sourceMismatch))
    header.newDigest[7] ^= 1
    #expect(
      try applyNative(header.serialized + new, to: old, imageSize: size)
        == Outcome(output: new, error: .outputMismatch))
  }

  @Test(
    "Declared sizes of a model or of tables that are too large for the limit are refused before they are taken"
  )
  func hostileMemory() throws {
    let changes: [(inout NativeHeader) -> Void] = [
      { $0.slotBits = 24 }, { $0.matchBits = 24 }, { $0.coverCount = $0.newSize },
      { $0.regionCount = $0.oldSize },
      {
        $0.slotBits = 24
        $0.matchBits = 24
        $0.coverCount = $0.newSize
        $0.regionCount = $0.oldSize
      },
    ]
    let size = UInt32.max
    for change in changes {
      var header = NativeHeader(
        coder: .adaptive, architecture: .thumb, slotBits: 8, matchBits: 0, oldSize: size, newSize: size,
        bodySize: size, coverCount: 0, regionCount: 0, oldDigest: shortDigest([]), newDigest: shortDigest([]))
      change(&header)
      var decoder = try NativeDecoder(
        imageSize: size, sourceSize: size,
        limits: Limits(imageSize: size, payloadSize: size, decoderMemory: 32 << 10))
      var source = MemorySource([])
      var sink = MemorySink()
      #expect(throws: PatchError<MemorySource.Failure, Never>.delta(.memoryExceeded)) {
        try decoder.push(header.serialized.span, source: &source, sink: &sink)
      }
    }
  }

  @Test("Memory that somebody lends is enough, to the byte, and is not allocated")
  func borrowedMemory() throws {
    let patch = try NativeSample.patch(memory: 10 << 10)
    let needed = Int(NativeDecoder.memoryRequirement(of: try nativeHeader(patch).header))
    for (size, error) in [(needed, nil), (needed - 1, DeltaError.memoryExceeded), (0, .memoryExceeded)] {
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size + 4, alignment: 4)
      defer { unsafe buffer.deallocate() }
      unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0xa5)
      let memory = unsafe DecoderMemory(
        borrowing: UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: size))
      #expect(memory.byteCount == size)
      var decoder = NativeDecoder(
        imageSize: UInt32(new.count), sourceSize: UInt32(old.count), memory: memory)
      let outcome = try drive(&decoder, patch, old: old, chunking: .every(7))
      #expect(outcome == Outcome(output: error == nil ? new : [], error: error))
      // Nothing behind it was touched.
      for index in size..<size + 4 { #expect(unsafe buffer[index] == 0xa5) }
    }
  }

  @Test("No memory is memory, too")
  func noMemory() {
    let memory = unsafe DecoderMemory(borrowing: UnsafeMutableRawBufferPointer(start: nil, count: 0))
    #expect(memory.byteCount == 0)
  }

  @Test("A source that fails is reported, and the decoder is abandoned", arguments: [0, 1, 512, 2000])
  func sourceFails(limit: Int) throws {
    let patch = try NativeSample.patch(memory: 10 << 10)
    var decoder = try NativeDecoder(
      imageSize: UInt32(new.count), sourceSize: UInt32(old.count), limits: nativeLimits)
    var source = FailingSource(base: MemorySource(old), limit: limit)
    var sink = MemorySink()
    #expect(throws: PatchError<MediumError, Never>.source(.broken(at: limit))) {
      try decoder.push(patch.span, source: &source, sink: &sink)
    }
    #expect(sink.bytes.isEmpty)
    #expect(throws: PatchError<MediumError, Never>.delta(.abandoned)) {
      try decoder.push(Span(), source: &source, sink: &sink)
    }
    #expect(throws: DeltaError.abandoned) { try decoder.finish() }
  }

  @Test("A source that fails after it was checked is reported, too", arguments: NativeSample.memories)
  func sourceFailsLater(memory: UInt32) throws {
    let patch = try NativeSample.patch(memory: memory)
    var decoder = try NativeDecoder(
      imageSize: UInt32(new.count), sourceSize: UInt32(old.count), limits: nativeLimits)
    var good = MemorySource(old)
    var sink = MemorySink()
    let count = try nativeHeader(patch).count
    try decoder.push(patch.span.extracting(0..<count), source: &good, sink: &sink)
    var bad = FailingSource(base: MemorySource(old), limit: 0)
    #expect(throws: PatchError<MediumError, Never>.source(.broken(at: 0))) {
      try decoder.push(patch.span.extracting(count..<patch.count), source: &bad, sink: &sink)
    }
    #expect(throws: DeltaError.abandoned) { try decoder.finish() }
  }

  @Test("A sink that fails is reported, and the decoder is abandoned", arguments: [0, 255, 256, 2000])
  func sinkFails(limit: Int) throws {
    let patch = try NativeSample.patch(memory: 10 << 10)
    var decoder = try NativeDecoder(
      imageSize: UInt32(new.count), sourceSize: UInt32(old.count), limits: nativeLimits)
    var source = MemorySource(old)
    var sink = FailingSink(limit: limit)
    #expect(throws: PatchError<MemorySource.Failure, MediumError>.sink(.broken(at: limit))) {
      try decoder.push(patch.span, source: &source, sink: &sink)
    }
    #expect(new.starts(with: sink.bytes))
    #expect(decoder.outputCount == UInt32(sink.bytes.count))
    #expect(throws: DeltaError.abandoned) { try decoder.finish() }
  }

  @Test("An error stays the answer to every later call")
  func sticky() throws {
    let patch = try NativeSample.patch(memory: nil)
    var decoder = try NativeDecoder(imageSize: 1, sourceSize: UInt32(old.count), limits: nativeLimits)
    var source = MemorySource(old)
    var sink = MemorySink()
    for _ in 0..<2 {
      #expect(throws: PatchError<MemorySource.Failure, Never>.delta(.imageSizeMismatch)) {
        try decoder.push(patch.span, source: &source, sink: &sink)
      }
    }
    #expect(throws: DeltaError.imageSizeMismatch) { try decoder.finish() }
    #expect(throws: DeltaError.imageSizeMismatch) { try decoder.finish() }
  }
}
