import OTACore
import OTACrypto
import OTADelta
import Testing

@Suite("Blocks of an image that are authenticated before they are written")
struct AuthenticatedMediaTests {
  private typealias Ends = PatchEnds<MemorySource, MemorySink>
  private typealias Gate = BlockGate<SHA256>
  private typealias Media = AuthenticatedMedia<Ends, SHA256>

  private let old = NativeSample.old
  private let new = NativeSample.new

  private func blocks(of image: [UInt8], size: Int) -> BlockDigests {
    BlockDigests(
      blockSize: UInt32(size),
      digests: stride(from: 0, to: image.count, by: size).map {
        SHA256.digest(of: image.span.extracting($0..<min($0 + size, image.count)))
      })
  }

  private func media(_ blocks: BlockDigests, imageSize: Int) -> Media {
    Media(
      PatchEnds(source: MemorySource(old), sink: MemorySink()),
      behind: Gate(
        blocks: blocks, imageSize: UInt32(imageSize),
        memory: DecoderMemory(
          allocating: Int(Gate.memoryRequirement(blocks: blocks, imageSize: UInt32(imageSize))))))
  }

  @Test("The output of a delta goes through in whole blocks", arguments: [1, 100, 4096, 1 << 20])
  func patch(blockSize: Int) throws {
    let patch = try NativeSample.patch(memory: 10 << 10)
    var media = media(blocks(of: new, size: blockSize), imageSize: new.count)
    var decoder = try NativeDecoder(
      imageSize: UInt32(new.count), sourceSize: UInt32(old.count), limits: Limits())
    for byte in patch { try decoder.push([byte].span, media: &media) }
    try decoder.finish()
    #expect(media.base.sink.bytes == new)
    #expect(media.writtenCount == UInt32(new.count))
  }

  @Test("A flipped bit writes zero bytes of its block, and everything before it")
  func flippedBit() throws {
    var generator = SeededGenerator(for: "AuthenticatedMediaTests.flippedBit")
    for _ in 0..<50 {
      let size = Int.random(in: 1...700, using: &generator)
      let blockSize = Int.random(in: 1...200, using: &generator)
      let image = generator.bytes(size)
      let place = Int.random(in: 0..<size, using: &generator)
      var wrong = image
      wrong[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      var media = media(blocks(of: image, size: blockSize), imageSize: size)
      var caught: BlockError<Never>?
      var position = 0
      do throws(BlockError<Never>) {
        while position < size {
          let end = min(size, position + Int.random(in: 1...90, using: &generator))
          try media.writeImage(wrong.span.extracting(position..<end))
          position = end
        }
      } catch {
        caught = error
      }
      #expect(caught == .wrongBlock(UInt32(place / blockSize)))
      #expect(media.base.sink.bytes == Array(image[..<(place / blockSize * blockSize)]))
    }
  }

  @Test("Bytes behind the end of the image are refused")
  func tooMany() throws {
    var media = media(blocks(of: new, size: 512), imageSize: new.count)
    try media.writeImage(new.span)
    var caught: BlockError<Never>?
    do throws(BlockError<Never>) { try media.writeImage([0].span) } catch { caught = error }
    #expect(caught == .wrongBlock(UInt32((new.count + 511) / 512)))
    #expect(media.base.sink.bytes == new)
  }

  @Test("An image without a byte has no block")
  func empty() {
    let media = media(BlockDigests(blockSize: 512, digests: []), imageSize: 0)
    #expect(media.writtenCount == 0)
  }
}
