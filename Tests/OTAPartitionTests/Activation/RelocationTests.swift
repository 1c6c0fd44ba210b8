import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import Testing

@testable import OTAPartition

@Suite("Steps of a relocation")
struct RelocationTests {
  /// Groups of 256 bytes; slot a at 8192, slot b at 10752, the scratch area at 13312.
  private static func steps(
    _ kind: ActivationStrategy.Kind, to target: SlotIdentifier, arriving: UInt32, leaving: UInt32?
  ) throws -> [BlockCopy] {
    let board = try TestBoard.set(of: 1, kind)
    let relocation = Relocation(
      layout: board.layout, geometry: board.geometry, target: target, arriving: .sized([arriving]),
      leaving: leaving.map { .sized([$0]) })
    return (0..<relocation.stepCount).compactMap(relocation.step)
  }

  private static func copies(_ steps: [(UInt32, UInt32, UInt32)]) -> [BlockCopy] {
    steps.map { BlockCopy(source: $0.0, destination: $0.1, size: $0.2) }
  }

  @Test("Where images boot from both slots, there is none")
  func direct() throws {
    #expect(try Self.steps(.direct, to: .b, arriving: 402, leaving: 300) == [])
  }

  @Test("Over a scratch area, three copies for each group")
  func scratch() throws {
    #expect(
      try Self.steps(.swapWithScratch, to: .b, arriving: 402, leaving: 300)
        == Self.copies([
          (10752, 13312, 256), (8192, 10752, 256), (13312, 8192, 256),
          (11008, 13312, 146), (8448, 11008, 44), (13312, 8448, 146),
        ]))
    // An image that is gone is not copied, one that is shorter or longer only as far as it goes.
    #expect(
      try Self.steps(.swapWithScratch, to: .a, arriving: 256, leaving: nil)
        == Self.copies([(10752, 13312, 256), (13312, 8192, 256)]))
    #expect(
      try Self.steps(.swapWithScratch, to: .a, arriving: 1, leaving: 257)
        == Self.copies([(10752, 13312, 1), (8192, 10752, 256), (13312, 8192, 1), (8448, 11008, 1)]))
    #expect(
      try Self.steps(.swapWithScratch, to: .b, arriving: 0, leaving: 10) == Self.copies([(8192, 10752, 10)]))
  }

  @Test("By moving, the leaving image goes up by one group first, the last group first")
  func move() throws {
    let swapped = Self.copies([
      (8448, 8704, 44), (8192, 8448, 256),
      (10752, 8192, 256), (8448, 10752, 256), (11008, 8448, 146), (8704, 11008, 44),
    ])
    #expect(try Self.steps(.swapByMove, to: .b, arriving: 402, leaving: 300) == swapped)
    #expect(try Self.steps(.swapByMove, to: .a, arriving: 402, leaving: 300) == swapped)
    #expect(
      try Self.steps(.swapByMove, to: .a, arriving: 300, leaving: nil)
        == Self.copies([(10752, 8192, 256), (11008, 8448, 44)]))
  }

  @Test(
    "By offset, slot b waits one group further up, and comes from the front; slot a goes back from the end")
  func offset() throws {
    #expect(
      try Self.steps(.swapByOffset, to: .b, arriving: 402, leaving: 300)
        == Self.copies([(8192, 10752, 256), (11008, 8192, 256), (8448, 11008, 44), (11264, 8448, 146)]))
    #expect(
      try Self.steps(.swapByOffset, to: .a, arriving: 300, leaving: 402)
        == Self.copies([(8448, 11264, 146), (11008, 8448, 44), (8192, 11008, 256), (10752, 8192, 256)]))
    #expect(
      try Self.steps(.swapByOffset, to: .a, arriving: 300, leaving: nil)
        == Self.copies([(11008, 8448, 44), (10752, 8192, 256)]))
  }

  @Test("Overwriting, one copy for each group")
  func overwrite() throws {
    #expect(
      try Self.steps(.overwrite, to: .b, arriving: 402, leaving: nil)
        == Self.copies([(10752, 8192, 256), (11008, 8448, 146)]))
    #expect(try Self.steps(.overwrite, to: .b, arriving: 0, leaving: nil) == [])
  }

  @Test("Images follow one another, each in its own places, and an empty one takes no step")
  func several() throws {
    let board = try TestBoard.set(of: 3, .overwrite)
    let relocation = Relocation(
      layout: board.layout, geometry: board.geometry, target: .b, arriving: .sized([300, 0, 7]), leaving: nil)
    // The places of the third image begin 1280 bytes further.
    #expect(
      (0..<relocation.stepCount).compactMap(relocation.step)
        == Self.copies([(10752, 8192, 256), (11008, 8448, 44), (12032, 9472, 7)]))
  }
}

extension ImageRecord {
  /// A record of images of these sizes; one at least, four at most.
  static func sized(_ sizes: [UInt32]) -> ImageRecord {
    let nothing: [UInt8] = []
    let digest = SodiumSHA256.digest(of: nothing.span)
    let images = sizes.map { ImageDescription(digest: digest, size: $0) }
    var companions = CompanionImages()
    if images.count > 1 {
      companions = CompanionImages(
        images[1], images.count > 2 ? images[2] : nil, images.count > 3 ? images[3] : nil)
    }
    return ImageRecord(
      image: images[0], companions: companions, sequenceNumber: SequenceNumber(1), version: Version(1, 0, 0))
  }
}
