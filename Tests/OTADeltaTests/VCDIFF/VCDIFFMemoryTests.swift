import OTACore
import OTADelta
import OTADeltaVCDIFF
import Testing

@Suite("VCDIFF: windows and memory")
struct VCDIFFMemoryTests {
  static func limits(_ windows: Int) -> Limits {
    Limits(decoderMemory: VCDIFFDecoder.baseMemory + UInt32(windows))
  }

  @Test("Images over the limit and less memory than the decoder itself takes are refused at once")
  func initialLimits() {
    #expect(throws: DeltaError.imageTooLarge) {
      _ = try VCDIFFDecoder(imageSize: 11, sourceSize: 0, limits: Limits(imageSize: 10))
    }
    #expect(throws: DeltaError.imageTooLarge) {
      _ = try VCDIFFDecoder(imageSize: 0, sourceSize: 11, limits: Limits(imageSize: 10))
    }
    #expect(throws: DeltaError.memoryExceeded) {
      _ = try VCDIFFDecoder(
        imageSize: 0, sourceSize: 0, limits: Limits(decoderMemory: VCDIFFDecoder.baseMemory - 1))
    }
    #expect(MemoryLayout<VCDIFFDecoder>.size + (64 << 10) < VCDIFFDecoder.baseMemory)
  }

  @Test("A window takes its bytes and its sections, and not one byte less", arguments: Chunking.all)
  func windowLimit(chunking: Chunking) throws {
    let bytes = [UInt8](repeating: 3, count: 1000)
    // 1000 of the window, 1000 new bytes, 3 of the instruction.
    let patch = vcdiff(.adding(bytes), .adding(bytes))
    let enough = try applyVCDIFF(
      patch, to: [], imageSize: 2000, limits: VCDIFFMemoryTests.limits(2003), chunking: chunking)
    #expect(enough == Outcome(output: bytes + bytes, error: nil))
    let less = try applyVCDIFF(
      patch, to: [], imageSize: 2000, limits: VCDIFFMemoryTests.limits(2002), chunking: chunking)
    #expect(less == Outcome(output: [], error: .memoryExceeded))
  }

  @Test("What an earlier window has left does not count against a later one")
  func memoryIsGivenBack() throws {
    // A window of long sections and few bytes beside one of few sections and many bytes.
    let wide = VCDIFFWindow(targetSize: 900, data: [7], instructions: [0] + VCDIFFWindow.integer(900))
    let long = VCDIFFWindow.adding([UInt8](repeating: 1, count: 470))
    let patch = vcdiff(wide, long, wide)
    let outcome = try applyVCDIFF(patch, to: [], imageSize: 2270, limits: VCDIFFMemoryTests.limits(950))
    #expect(outcome.error == nil)
    #expect(outcome.output.count == 2270)
  }

  static func copying(_ segment: (size: Int, position: Int)) -> VCDIFFWindow {
    VCDIFFWindow(
      indicator: 2, segment: segment, targetSize: segment.size,
      instructions: [19] + VCDIFFWindow.integer(segment.size), addresses: [0])
  }

  @Test("A window copies from the new image, in every chunking", arguments: Chunking.all)
  func targetWindow(chunking: Chunking) throws {
    let first = (0..<200).map { UInt8($0) }
    let patch = vcdiff(
      .adding(first), VCDIFFMemoryTests.copying((size: 50, position: 100)),
      VCDIFFMemoryTests.copying((size: 250, position: 0)))
    let expected = first + first[100..<150]
    let outcome = try applyVCDIFF(patch, to: [], imageSize: 500, chunking: chunking)
    #expect(outcome == Outcome(output: expected + expected, error: nil))
  }

  @Test("A segment may end where the window begins, and no byte later")
  func targetSegmentEnd() throws {
    let first = (0..<200).map { UInt8($0) }
    let last = vcdiff(.adding(first), VCDIFFMemoryTests.copying((size: 1, position: 199)))
    #expect(try applyVCDIFF(last, to: [], imageSize: 201).output == first + [199])
    let behind = vcdiff(.adding(first), VCDIFFMemoryTests.copying((size: 2, position: 199)))
    #expect(
      try applyVCDIFF(behind, to: [], imageSize: 202) == Outcome(output: first, error: .sourceOutOfRange))
  }

  @Test("The new image is kept while it fits beside the sections; then copying from it is refused")
  func targetWindowLimit() throws {
    let first = [UInt8](repeating: 3, count: 1000)
    // 2000 of the image, 1000 new bytes and 3 of the instruction.
    let patch = vcdiff(.adding(first), VCDIFFMemoryTests.copying((size: 1000, position: 0)))
    let enough = try applyVCDIFF(patch, to: [], imageSize: 2000, limits: VCDIFFMemoryTests.limits(3003))
    #expect(enough == Outcome(output: first + first, error: nil))
    let less = try applyVCDIFF(patch, to: [], imageSize: 2000, limits: VCDIFFMemoryTests.limits(3002))
    #expect(less == Outcome(output: first, error: .memoryExceeded))
  }

  @Test("Windows without a byte are accepted, their checksum too; they are bounded by the payload")
  func emptyWindows() throws {
    // 1 is the Adler-32 of nothing.
    let empty = VCDIFFWindow(indicator: 4, checksum: [0, 0, 0, 1])
    let patch = vcdiff(empty, empty, .adding([9]), VCDIFFWindow())
    for chunking in Chunking.all {
      #expect(try applyVCDIFF(patch, to: [], imageSize: 1, chunking: chunking) == Outcome(output: [9]))
    }
    #expect(try applyVCDIFF(vcdiffHeader, to: [], imageSize: 0) == Outcome(output: []))
  }

  @Test("Failing media abandon the patch, and no byte of a wrong window is written")
  func failingMedia() throws {
    var decoder = try VCDIFFDecoder(imageSize: 10, sourceSize: 0, limits: Limits())
    var source = MemorySource([])
    var sink = FailingSink(limit: 4)
    let patch = vcdiff(.adding([UInt8](repeating: 1, count: 10)))
    #expect(throws: PatchError<MemorySource.Failure, MediumError>.sink(.broken(at: 4))) {
      try decoder.push(patch.span, source: &source, sink: &sink)
    }
    #expect(decoder.outputCount == 0)
    #expect(throws: DeltaError.abandoned) { try decoder.finish() }

    // The old image is shorter than was said.
    var reader = try VCDIFFDecoder(imageSize: 100, sourceSize: 1000, limits: Limits())
    var memory = MemorySink()
    let whole = vcdiff(VCDIFFMalformedTests.window())
    #expect(throws: PatchError<MemorySource.Failure, Never>.source(.outOfRange)) {
      try reader.push(whole.span, source: &source, sink: &memory)
    }
    #expect(memory.bytes.isEmpty)
    #expect(throws: DeltaError.abandoned) { try reader.finish() }
  }
}
