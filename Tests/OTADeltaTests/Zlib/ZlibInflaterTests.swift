import CZlib
import Foundation
import OTADelta
import OTADeltaZlib
import Testing

/// What zlib has allocated, counted by the allocator that it is given.
private struct Allocations {
  var current = 0
  var peak = 0
  var sizes: [UInt: Int] = [:]
}

@Suite("Inflating with zlib")
struct ZlibInflaterTests {
  /// Inflates all of a stream with the given sizes of input and output.
  func inflateAll(_ stream: [UInt8], inputSize: Int, outputSize: Int) throws -> (
    output: [UInt8], consumed: Int
  ) {
    var inflater = try ZlibInflater()
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

  func compressed(_ bytes: [UInt8]) throws -> [UInt8] {
    var builder = PatchBuilder(size: 0)
    builder.content = bytes
    return try builder.stream()
  }

  @Test("Any sizes of input and output give the same bytes", arguments: [1, 3, 64, 100_000], [1, 5, 4096])
  func sizes(inputSize: Int, outputSize: Int) throws {
    var generator = SeededGenerator(seed: 3)
    let bytes = generator.bytes(700) + [UInt8](repeating: 9, count: 40_000) + generator.bytes(50)
    let stream = try compressed(bytes)
    let result = try inflateAll(stream, inputSize: inputSize, outputSize: outputSize)
    #expect(result.output == bytes)
    #expect(result.consumed == stream.count)
  }

  @Test("Nothing behind the end of the stream is consumed")
  func endOfStream() throws {
    let stream = try compressed([1, 2, 3])
    let result = try inflateAll(stream + [7, 7, 7], inputSize: 1000, outputSize: 64)
    #expect(result.output == [1, 2, 3])
    #expect(result.consumed == stream.count)
  }

  @Test("After the end nothing happens any more")
  func afterTheEnd() throws {
    let stream = try compressed([1, 2, 3])
    var inflater = try ZlibInflater()
    var buffer = [UInt8](repeating: 0, count: 10)
    var span = buffer.mutableSpan
    #expect(try inflater.decompress(stream.span, into: &span).isAtEnd)
    let again = try inflater.decompress(stream.span, into: &span)
    #expect(again == DecompressionProgress(consumed: 0, produced: 0, isAtEnd: true))
  }

  @Test("An error that comes with output waits for the next call, and stays")
  func errorAfterOutput() throws {
    var stream = try compressed([UInt8](repeating: 5, count: 100))
    stream[stream.count - 1] ^= 0xff
    var inflater = try ZlibInflater()
    var buffer = [UInt8](repeating: 0, count: 1000)
    var span = buffer.mutableSpan
    let progress = try inflater.decompress(stream.span, into: &span)
    #expect(progress.produced == 100)
    #expect(!progress.isAtEnd)
    for _ in 0..<2 {
      do {
        _ = try inflater.decompress(Span(), into: &span)
        Issue.record("the error is lost")
      } catch {
        #expect(error == .corruptStream)
      }
    }
  }

  @Test("The declared memory covers what zlib allocates, with the largest window in use")
  func memoryRequirement() throws {
    var generator = SeededGenerator(seed: 5)
    let bytes = generator.bytes(200_000)
    let stream = try compressed(bytes)
    var allocations = Allocations()
    var inflated = 0
    unsafe withUnsafeMutablePointer(to: &allocations) { counter in
      var state = unsafe z_stream()
      unsafe state.opaque = UnsafeMutableRawPointer(counter)
      unsafe state.zalloc = { opaque, items, size in
        guard let memory = unsafe calloc(Int(items), Int(size)),
          let counter = unsafe opaque?.assumingMemoryBound(to: Allocations.self)
        else { return nil }
        unsafe counter.pointee.sizes[UInt(bitPattern: memory)] = Int(items * size)
        unsafe counter.pointee.current += Int(items * size)
        unsafe counter.pointee.peak = max(counter.pointee.peak, counter.pointee.current)
        return unsafe memory
      }
      unsafe state.zfree = { opaque, memory in
        guard let counter = unsafe opaque?.assumingMemoryBound(to: Allocations.self) else { return }
        unsafe counter.pointee.current -= counter.pointee.sizes[UInt(bitPattern: memory)] ?? 0
        unsafe free(memory)
      }
      #expect(
        unsafe inflateInit2_(&state, MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK)
      var input = stream
      var buffer = [UInt8](repeating: 0, count: 512)
      unsafe input.withUnsafeMutableBufferPointer { source in
        unsafe state.next_in = source.baseAddress
        unsafe state.avail_in = UInt32(source.count)
        var status = Z_OK
        while status == Z_OK {
          unsafe buffer.withUnsafeMutableBufferPointer { destination in
            unsafe state.next_out = destination.baseAddress
            unsafe state.avail_out = 512
            status = unsafe inflate(&state, Z_NO_FLUSH)
            inflated += unsafe 512 - Int(state.avail_out)
          }
        }
        #expect(status == Z_STREAM_END)
      }
      unsafe inflateEnd(&state)
    }
    #expect(inflated == bytes.count)
    #expect(allocations.current == 0)
    #expect(allocations.peak > 32 << 10)
    let streamSize = unsafe MemoryLayout<z_stream>.size
    #expect(allocations.peak + streamSize <= Int(ZlibInflater.memoryRequirement))
  }
}
