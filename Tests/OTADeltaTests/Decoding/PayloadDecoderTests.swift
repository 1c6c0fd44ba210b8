import OTACore
import OTADelta
import OTADeltaEncoder
import OTADeltaZlib
import Testing

@Suite("Choosing a decoder")
struct PayloadDecoderTests {
  static func digest() throws -> Digest {
    try Digest(algorithm: .sha256, bytes: [UInt8](repeating: 0, count: 32).span)
  }

  static func delta(memory: UInt32 = 64 << 10, sourceSize: Int) throws -> PayloadEncoding {
    .delta(
      DeltaDescription(
        format: .bsdiff43, source: ImageDescription(digest: try digest(), size: UInt32(sourceSize)),
        memory: memory))
  }

  @Test("A payload that is the image passes through", arguments: Chunking.all)
  func identity(chunking: Chunking) throws {
    let image = [UInt8](0..<200)
    var decoder = try PatchDecoder<ZlibInflater>(encoding: .identity, imageSize: 200, limits: Limits())
    let outcome = try drive(&decoder, image, old: [], chunking: chunking)
    #expect(outcome == Outcome(output: image, error: nil))
  }

  @Test("An image that is too long is refused after its size, in every chunking", arguments: Chunking.all)
  func identityTooLong(chunking: Chunking) throws {
    let image = [UInt8](0..<200)
    var decoder = try PatchDecoder<ZlibInflater>(encoding: .identity, imageSize: 199, limits: Limits())
    let outcome = try drive(&decoder, image, old: [], chunking: chunking)
    #expect(outcome == Outcome(output: Array(image.prefix(199)), error: .trailingData))
    #expect(throws: DeltaError.trailingData) { try decoder.finish() }
  }

  @Test("An image that is too short is refused at the end", arguments: Chunking.all)
  func identityTooShort(chunking: Chunking) throws {
    let image = [UInt8](0..<200)
    var decoder = try PatchDecoder<ZlibInflater>(encoding: .identity, imageSize: 201, limits: Limits())
    let outcome = try drive(&decoder, image, old: [], chunking: chunking)
    #expect(outcome == Outcome(output: image, error: .imageSizeMismatch))
    #expect(throws: DeltaError.imageSizeMismatch) { try decoder.finish() }
  }

  @Test("A failing sink abandons the passing through")
  func identitySinkFails() throws {
    var decoder = try PatchDecoder<ZlibInflater>(encoding: .identity, imageSize: 10, limits: Limits())
    var source = MemorySource([])
    var sink = FailingSink(limit: 4)
    #expect(throws: PatchError<MemorySource.Failure, MediumError>.sink(.broken(at: 4))) {
      try decoder.push([1, 2, 3, 4, 5].span, source: &source, sink: &sink)
    }
    #expect(decoder.outputCount == 0)
    #expect(throws: DeltaError.abandoned) { try decoder.finish() }
  }

  @Test("A patch is applied by the decoder that the manifest names", arguments: Chunking.all)
  func patch(chunking: Chunking) throws {
    let (old, new) = CorruptionTests.pair()
    let patch = try BSDiff43Encoder.makePatch(old: old, new: new)
    var decoder = try PatchDecoder<ZlibInflater>(
      encoding: try PayloadDecoderTests.delta(sourceSize: old.count), imageSize: UInt32(new.count),
      limits: Limits())
    let outcome = try drive(&decoder, patch, old: old, chunking: chunking)
    #expect(outcome == Outcome(output: new, error: nil))
    try decoder.finish()
  }

  @Test("A malformed patch keeps its error through the choice")
  func malformed() throws {
    var decoder = try PatchDecoder<ZlibInflater>(
      encoding: try PayloadDecoderTests.delta(sourceSize: 5), imageSize: 5, limits: Limits())
    let outcome = try drive(&decoder, [0], old: [], chunking: .whole)
    #expect(outcome == Outcome(output: [], error: .unsupportedFormat))
    #expect(throws: DeltaError.unsupportedFormat) { try decoder.finish() }
  }

  @Test("Declared memory over the limit is refused before a decoder exists")
  func declaredMemory() throws {
    let encoding = try PayloadDecoderTests.delta(memory: 8 << 20 + 1, sourceSize: 5)
    #expect(throws: DeltaError.memoryExceeded) {
      _ = try PatchDecoder<ZlibInflater>(
        encoding: encoding, imageSize: 5, limits: Limits(decoderMemory: 8 << 20))
    }
  }

  @Test("A limit one byte below the need of the decoder is refused, the need itself is not")
  func neededMemory() throws {
    let need = BSDiff43Decoder<ZlibInflater>.memoryRequirement
    #expect(try need == PatchDecoder<ZlibInflater>.memoryRequirement(of: [UInt8]().span, format: .bsdiff43))
    #expect(need == BSDiff43Encoder.decoderMemory)
    let encoding = try PayloadDecoderTests.delta(memory: 0, sourceSize: 5)
    #expect(throws: DeltaError.memoryExceeded) {
      _ = try PatchDecoder<ZlibInflater>(
        encoding: encoding, imageSize: 5, limits: Limits(decoderMemory: need - 1))
    }
    _ = try PatchDecoder<ZlibInflater>(
      encoding: encoding, imageSize: 5, limits: Limits(decoderMemory: need))
  }

  @Test("Images over the limit are refused for both encodings")
  func imageLimit() throws {
    let limits = Limits(imageSize: 100)
    #expect(throws: DeltaError.imageTooLarge) {
      _ = try PatchDecoder<ZlibInflater>(encoding: .identity, imageSize: 101, limits: limits)
    }
    let small = try PayloadDecoderTests.delta(sourceSize: 100)
    #expect(throws: DeltaError.imageTooLarge) {
      _ = try PatchDecoder<ZlibInflater>(encoding: small, imageSize: 101, limits: limits)
    }
    let large = try PayloadDecoderTests.delta(sourceSize: 101)
    #expect(throws: DeltaError.imageTooLarge) {
      _ = try PatchDecoder<ZlibInflater>(encoding: large, imageSize: 100, limits: limits)
    }
    _ = try PatchDecoder<ZlibInflater>(encoding: small, imageSize: 100, limits: limits)
  }

  @Test("Every error has a stable number of the payload layer, or of limits")
  func codes() {
    for error in DeltaError.allCases {
      let layer = error.code.rawValue >> 8
      #expect(layer == 0x04 || error.code == .limitExceeded)
    }
    #expect(DeltaError.truncated.code == .deltaMalformed)
    #expect(DeltaError.unsupportedFormat.code == .deltaUnsupportedFormat)
    #expect(DeltaError.sourceOutOfRange.code == .deltaSourceOutOfRange)
    #expect(DeltaError.memoryExceeded.code == .deltaMemoryExceeded)
    #expect(DeltaError.outputMismatch.code == .deltaOutputMismatch)
    #expect(DeltaError.sourceMismatch.code == .deltaSourceMismatch)
  }
}
