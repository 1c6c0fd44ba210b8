import OTACore
import OTADelta
import OTADeltaEncoder
import OTADeltaZlib
import Testing

enum MediumError: Error, Equatable {
  case broken(at: Int)
}

/// A source that fails when a byte from `limit` on is read.
struct FailingSource: ImageSource {
  let base: MemorySource
  let limit: Int

  func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(MediumError) {
    guard Int(offset) + destination.count <= limit else { throw .broken(at: limit) }
    do throws(MemorySource.Failure) {
      try base.read(into: &destination, at: offset)
    } catch {
      throw .broken(at: -1)
    }
  }
}

/// A sink that fails when a byte from `limit` on is written.
struct FailingSink: ImageSink {
  var bytes: [UInt8] = []
  let limit: Int

  init(limit: Int) {
    self.limit = limit
  }

  mutating func write(_ span: Span<UInt8>) throws(MediumError) {
    guard bytes.count + span.count <= limit else { throw .broken(at: limit) }
    for index in 0..<span.count { bytes.append(span[index]) }
  }
}

@Suite("Failing media")
struct MediaFailureTests {
  let old: [UInt8]
  let new: [UInt8]
  let patch: [UInt8]

  init() throws {
    var generator = SeededGenerator(seed: 7)
    old = generator.bytes(3000)
    new = old + generator.bytes(100)
    patch = try BSDiff43Encoder.makePatch(old: old, new: new)
  }

  func decoder() throws -> BSDiff43Decoder<ZlibInflater> {
    try BSDiff43Decoder(imageSize: UInt32(new.count), sourceSize: UInt32(old.count), limits: Limits())
  }

  @Test(
    "A source that fails is reported as such, and the decoder is abandoned",
    arguments: [0, 1, 511, 512, 2999])
  func sourceFails(limit: Int) throws {
    var decoder = try decoder()
    var source = FailingSource(base: MemorySource(old), limit: limit)
    var sink = MemorySink()
    #expect(throws: PatchError<MediumError, Never>.source(.broken(at: limit))) {
      try decoder.push(patch.span, source: &source, sink: &sink)
    }
    #expect(new.starts(with: sink.bytes))
    #expect(sink.bytes.count <= limit)
    #expect(throws: PatchError<MediumError, Never>.delta(.abandoned)) {
      try decoder.push(Span(), source: &source, sink: &sink)
    }
    #expect(throws: DeltaError.abandoned) { try decoder.finish() }
  }

  @Test(
    "A sink that fails is reported as such, and the decoder is abandoned", arguments: [0, 1, 511, 512, 3050])
  func sinkFails(limit: Int) throws {
    var decoder = try decoder()
    var source = MemorySource(old)
    var sink = FailingSink(limit: limit)
    #expect(throws: PatchError<MemorySource.Failure, MediumError>.sink(.broken(at: limit))) {
      try decoder.push(patch.span, source: &source, sink: &sink)
    }
    #expect(decoder.outputCount == UInt32(sink.bytes.count))
    #expect(new.starts(with: sink.bytes))
    #expect(throws: DeltaError.abandoned) { try decoder.finish() }
  }

  @Test("An error of the patch stays the answer to every later call")
  func errorsAreSticky() throws {
    var decoder = try decoder()
    var source = MemorySource(old)
    var sink = MemorySink()
    let expected = PatchError<MemorySource.Failure, Never>.delta(.unsupportedFormat)
    #expect(throws: expected) { try decoder.push([0x42].span, source: &source, sink: &sink) }
    #expect(throws: expected) { try decoder.push(patch.span, source: &source, sink: &sink) }
    #expect(throws: DeltaError.unsupportedFormat) { try decoder.finish() }
    #expect(sink.bytes.isEmpty)
  }

  @Test("Ending early is an error that stays")
  func finishIsSticky() throws {
    var decoder = try decoder()
    var source = MemorySource(old)
    var sink = MemorySink()
    let (start, last) = (Array(patch.dropLast()), Array(patch.suffix(1)))
    try decoder.push(start.span, source: &source, sink: &sink)
    #expect(throws: DeltaError.truncated) { try decoder.finish() }
    #expect(throws: PatchError<MemorySource.Failure, Never>.delta(.truncated)) {
      try decoder.push(last.span, source: &source, sink: &sink)
    }
  }

  @Test("A tee writes to both sinks and stops at the first failure")
  func teeSink() throws {
    var tee = TeeSink(MemorySink(), FailingSink(limit: 5))
    try tee.write([1, 2, 3].span)
    #expect(throws: TeeError<Never, MediumError>.second(.broken(at: 5))) { try tee.write([4, 5, 6].span) }
    #expect(tee.first.bytes == [1, 2, 3, 4, 5, 6])
    #expect(tee.second.bytes == [1, 2, 3])
    var reverse = TeeSink(FailingSink(limit: 2), MemorySink())
    #expect(throws: TeeError<MediumError, Never>.first(.broken(at: 2))) { try reverse.write([1, 2, 3].span) }
    #expect(reverse.second.bytes.isEmpty)
  }

  @Test("Copying a source reads it once from end to end", arguments: [0, 1, 511, 512, 513, 3000])
  func copySource(size: Int) throws {
    var source = MemorySource(old)
    var sink = MemorySink()
    try source.copy(size: UInt32(size), to: &sink)
    #expect(sink.bytes == Array(old.prefix(size)))
  }

  @Test("Copying says whether the source or the sink failed")
  func copyFailures() throws {
    var source = FailingSource(base: MemorySource(old), limit: 600)
    var sink = MemorySink()
    #expect(throws: TeeError<MediumError, Never>.first(.broken(at: 600))) {
      try source.copy(size: 3000, to: &sink)
    }
    #expect(sink.bytes == Array(old.prefix(512)))
    var whole = MemorySource(old)
    var full = FailingSink(limit: 100)
    #expect(throws: TeeError<MemorySource.Failure, MediumError>.second(.broken(at: 100))) {
      try whole.copy(size: 3000, to: &full)
    }
  }

  @Test("A source in memory refuses ranges outside itself")
  func memorySource() {
    let source = MemorySource([1, 2, 3])
    var buffer: [UInt8] = [0, 0]
    #expect(throws: MemorySource.Failure.outOfRange) {
      var span = buffer.mutableSpan
      try source.read(into: &span, at: 2)
    }
    #expect(throws: MemorySource.Failure.outOfRange) {
      var span = buffer.mutableSpan
      try source.read(into: &span, at: .max)
    }
  }
}
