import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTADeltaContainers
import OTADeltaZlib
import Testing

@testable import OTADelta
@testable import OTADeltaEncoder

@Suite("The decoder that a manifest chooses on a host")
struct HostPatchDecoderTests {
  private typealias Decoder = HostPatchDecoder<ZlibInflater, OpenSSLSHA256>

  /// Old and new image, and a patch of the format between them.
  private struct Sample {
    var format: DeltaFormat
    var old: [UInt8]
    var new: [UInt8]
    var patch: [UInt8]

    static func all() throws -> [Sample] {
      let builder = StreamPatchBuilder.sample
      let container = try ContainerPair.gzip()
      return [
        Sample(format: .native, old: builder.old, new: builder.new, patch: builder.patch),
        Sample(
          format: .native, old: builder.old, new: builder.new,
          patch: try NativeEncoder.makePatch(old: builder.old, new: builder.new)),
        Sample(format: .native, old: container.old, new: container.new, patch: container.patch),
        Sample(
          format: .bsdiff43, old: builder.old, new: builder.new,
          patch: try BSDiff43Encoder.makePatch(old: builder.old, new: builder.new)),
      ]
    }

    func delta(memory: UInt32) -> DeltaDescription {
      DeltaDescription(
        format: format,
        source: ImageDescription(digest: OpenSSLSHA256.digest(of: old.span), size: UInt32(old.count)),
        memory: memory)
    }
  }

  /// Room for what the libraries behind a container take.
  private static let limits = Limits(decoderMemory: 512 << 20)

  @Test("Every coder, and container patches, in any division")
  func patches() throws {
    for sample in try Sample.all() {
      let memory = try Decoder.memoryRequirement(of: sample.patch.span, format: sample.format)
      for chunking in [.whole, .every(1), .every(7)] as [Chunking] {
        var decoder = try Decoder(
          encoding: .delta(sample.delta(memory: memory)), imageSize: UInt32(sample.new.count),
          limits: Self.limits)
        #expect(
          try drive(&decoder, sample.patch, old: sample.old, chunking: chunking)
            == Outcome(output: sample.new, error: nil))
        #expect(decoder.outputCount == UInt32(sample.new.count))
      }
    }
  }

  @Test("Less memory than the patch needs is refused, before a byte is written")
  func memory() throws {
    for sample in try Sample.all() {
      let memory = try Decoder.memoryRequirement(of: sample.patch.span, format: sample.format)
      if memory > 0, sample.format == .native {
        var decoder = try Decoder(
          encoding: .delta(sample.delta(memory: memory - 1)), imageSize: UInt32(sample.new.count),
          limits: Self.limits)
        #expect(
          try drive(&decoder, sample.patch, old: sample.old, chunking: .whole)
            == Outcome(output: [], error: .memoryExceeded))
      }
      #expect(throws: DeltaError.memoryExceeded) {
        _ = try Decoder(
          encoding: .delta(sample.delta(memory: memory)), imageSize: UInt32(sample.new.count),
          limits: Limits(decoderMemory: memory - 1)
        ).outputCount
      }
    }
  }

  @Test("A patch that ends in its magic, and one with another magic")
  func noPatch() throws {
    let delta = try Sample.all()[0].delta(memory: 1 << 20)
    for (patch, error) in [
      ([], .truncated), ([0x4f, 0x54, 0x41], .truncated), ([0x4f, 0x54, 0x41, 0x43], .truncated),
      ([0x4f, 0x54, 0x41, 0x44], .truncated), ([0x4f, 0x54, 0x41, 0x45], .unsupportedFormat),
    ] as [([UInt8], DeltaError)] {
      for chunking in [.whole, .every(1)] as [Chunking] {
        var decoder = try Decoder(encoding: .delta(delta), imageSize: 100, limits: Self.limits)
        #expect(
          try drive(&decoder, patch, old: [], chunking: chunking) == Outcome(output: [], error: error))
      }
    }
  }

  @Test("The image itself")
  func identity() throws {
    let image = StreamPatchBuilder.sample.new
    var decoder = try Decoder(encoding: .identity, imageSize: UInt32(image.count), limits: Limits())
    #expect(
      try drive(&decoder, image, old: [], chunking: .every(9)) == Outcome(output: image, error: nil))
  }

  @Test("The decoder of devices refuses the coder of hosts")
  func embedded() throws {
    #expect(throws: DeltaError.unsupportedCompression) {
      _ = try PatchDecoder<ZlibInflater>.memoryRequirement(
        of: StreamPatchBuilder.sample.patch.span, format: .native)
    }
  }
}
