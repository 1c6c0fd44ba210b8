import CBZip2
import Foundation
import OTADelta
import OTADeltaBZip2
import Testing

@testable import OTADeltaEncoder

/// What libbz2 has allocated, counted by the allocator that it is given.
private struct Allocations {
  var current = 0
  var peak = 0
  var sizes: [UInt: Int] = [:]
}

@Suite("Decompressing with libbz2")
struct BZip2InflaterTests {
  /// Decompresses all of a stream with the given sizes of input and output.
  func inflateAll(_ stream: [UInt8], inputSize: Int, outputSize: Int) throws -> (
    output: [UInt8], consumed: Int
  ) {
    var inflater = try BZip2Inflater()
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: outputSize)
    var position = 0
    while true {
      let end = min(stream.count, position + inputSize)
      let input = Array(stream[position..<end])
      var span = buffer.mutableSpan
      let progress = try inflater.decompress(input.span, into: &span)
      output += buffer[0..<progress.produced]
      position += progress.consumed
      if progress.isAtEnd { return (output, position) }
      if progress.produced == 0, position == stream.count { return (output, position) }
    }
  }

  @Test("Any sizes of input and output give the same bytes", arguments: [1, 3, 64, 100_000], [1, 5, 4096])
  func sizes(inputSize: Int, outputSize: Int) throws {
    var generator = SeededGenerator(seed: 3)
    let bytes = generator.bytes(700) + [UInt8](repeating: 9, count: 40_000) + generator.bytes(50)
    let stream = try BSDiff40Builder.compressed(bytes)
    let result = try inflateAll(stream, inputSize: inputSize, outputSize: outputSize)
    #expect(result.output == bytes)
    #expect(result.consumed == stream.count)
  }

  @Test("Pieces do not change what is compressed")
  func compressor() throws {
    var generator = SeededGenerator(seed: 4)
    let bytes = generator.bytes(100_000) + [UInt8](repeating: 1, count: 1_000_000)
    var deflater = try BZip2Deflater()
    for start in stride(from: 0, to: bytes.count, by: 4096) {
      deflater.write(Array(bytes[start..<min(bytes.count, start + 4096)]).span)
      deflater.write(Span())
    }
    let stream = deflater.finish()
    #expect(try stream == BSDiff40Builder.compressed(bytes))
    #expect(try inflateAll(stream, inputSize: 1000, outputSize: 1000).output == bytes)
  }

  @Test("Nothing behind the end of the stream is consumed", arguments: [[], [1, 2, 3]] as [[UInt8]])
  func endOfStream(bytes: [UInt8]) throws {
    let stream = try BSDiff40Builder.compressed(bytes)
    let result = try inflateAll(stream + [7, 7, 7], inputSize: 1000, outputSize: 64)
    #expect(result.output == bytes)
    #expect(result.consumed == stream.count)
  }

  @Test("After the end nothing happens any more")
  func afterTheEnd() throws {
    let stream = try BSDiff40Builder.compressed([1, 2, 3])
    var inflater = try BZip2Inflater()
    var buffer = [UInt8](repeating: 0, count: 10)
    var span = buffer.mutableSpan
    #expect(try inflater.decompress(stream.span, into: &span).isAtEnd)
    let again = try inflater.decompress(stream.span, into: &span)
    #expect(again == DecompressionProgress(consumed: 0, produced: 0, isAtEnd: true))
  }

  @Test("An error that comes with output waits for the next call, and stays", arguments: [1, 99, 100, 1000])
  func errorAfterOutput(outputSize: Int) throws {
    var stream = try BSDiff40Builder.compressed([UInt8](repeating: 5, count: 100))
    // The checksum of the block.
    stream[10] ^= 0xff
    var inflater = try BZip2Inflater()
    var buffer = [UInt8](repeating: 0, count: outputSize)
    var span = buffer.mutableSpan
    var position = 0
    var produced = 0
    while produced < 100 {
      let progress = try inflater.decompress(stream.span.extracting(position..<stream.count), into: &span)
      position += progress.consumed
      produced += progress.produced
      try #require(!progress.isAtEnd && progress.produced > 0)
    }
    for _ in 0..<2 {
      do {
        _ = try inflater.decompress(stream.span.extracting(position..<stream.count), into: &span)
        Issue.record("the error is lost")
      } catch {
        #expect(error == .corruptStream)
      }
    }
    #expect(produced == 100)
  }

  @Test("A stream of another kind is said to be one, a damaged one damaged")
  func otherStreams() throws {
    let rows: [([UInt8], DeltaError)] = [
      (Array("PK\u{3}\u{4}".utf8), .unsupportedCompression), (Array("BZ0".utf8), .unsupportedCompression),
      (Array("BZh0".utf8), .unsupportedCompression), (Array("BZh9hello".utf8), .corruptStream),
    ]
    for (bytes, expected) in rows {
      for size in [1, 100] {
        #expect(throws: expected) { try inflateAll(bytes, inputSize: size, outputSize: 10) }
      }
    }
  }

  @Test("The declared memory covers what libbz2 allocates, with the largest block in use")
  func memoryRequirement() throws {
    var generator = SeededGenerator(seed: 5)
    let bytes = generator.bytes(1_000_000)
    let stream = try BSDiff40Builder.compressed(bytes)
    var allocations = Allocations()
    var inflated = 0
    unsafe withUnsafeMutablePointer(to: &allocations) { counter in
      var state = unsafe bz_stream()
      unsafe state.opaque = UnsafeMutableRawPointer(counter)
      unsafe state.bzalloc = { opaque, items, size in
        guard let memory = unsafe calloc(Int(items), Int(size)),
          let counter = unsafe opaque?.assumingMemoryBound(to: Allocations.self)
        else { return nil }
        unsafe counter.pointee.sizes[UInt(bitPattern: memory)] = Int(items) * Int(size)
        unsafe counter.pointee.current += Int(items) * Int(size)
        unsafe counter.pointee.peak = max(counter.pointee.peak, counter.pointee.current)
        return unsafe memory
      }
      unsafe state.bzfree = { opaque, memory in
        guard let counter = unsafe opaque?.assumingMemoryBound(to: Allocations.self) else { return }
        unsafe counter.pointee.current -= counter.pointee.sizes[UInt(bitPattern: memory)] ?? 0
        unsafe free(memory)
      }
      #expect(unsafe BZ2_bzDecompressInit(&state, 0, 0) == BZ_OK)
      var input = stream.map { CChar(bitPattern: $0) }
      var buffer = [CChar](repeating: 0, count: 4096)
      unsafe input.withUnsafeMutableBufferPointer { source in
        unsafe state.next_in = source.baseAddress
        unsafe state.avail_in = UInt32(source.count)
        var status = BZ_OK
        while status == BZ_OK {
          unsafe buffer.withUnsafeMutableBufferPointer { destination in
            unsafe state.next_out = destination.baseAddress
            unsafe state.avail_out = 4096
            status = unsafe BZ2_bzDecompress(&state)
            inflated += unsafe 4096 - Int(state.avail_out)
          }
        }
        #expect(status == BZ_STREAM_END)
      }
      unsafe BZ2_bzDecompressEnd(&state)
    }
    #expect(inflated == bytes.count)
    #expect(allocations.current == 0)
    #expect(allocations.peak > 3_600_000)
    let streamSize = unsafe MemoryLayout<bz_stream>.size
    #expect(allocations.peak + streamSize <= Int(BZip2Inflater.memoryRequirement))
  }
}
