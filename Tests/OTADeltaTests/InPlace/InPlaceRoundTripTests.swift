import OTACore
import OTADelta
import OTADeltaEncoder
import Testing

@Suite("Patches that are applied in place")
struct InPlaceRoundTripTests {
  /// A slot with some blocks more than two images take.
  static func slot(_ old: [UInt8], _ new: [UInt8], spare: Int, eraseSize: Int = 256) throws -> InPlaceSlot {
    let blocks = (max(old.count, new.count) + eraseSize - 1) / eraseSize + spare
    return try #require(InPlaceSlot(size: UInt32(blocks * eraseSize), eraseSize: UInt32(eraseSize)))
  }

  private func expectRoundTrip(_ old: [UInt8], _ new: [UInt8], _ slot: InPlaceSlot) throws {
    let patch = try InPlaceEncoder.makePatch(old: old, new: new, slot: slot)
    let header = try #require(try InPlaceHeader.parse(patch.span))
    #expect(header.shift % slot.eraseSize == 0 && header.segmentSize % slot.eraseSize == 0)
    #expect(UInt32(old.count) + header.shift <= slot.size)
    #expect(header.patchSize == UInt32(patch.count))
    let made = try InPlaceRehearsal.apply(patch, old: old, slotSize: slot.size)
    #expect(made.new == new)
    // What follows a patch is another one: the patch back, for instance.
    let followed = try InPlaceRehearsal.apply(patch + [1, 2, 3], old: old, slotSize: slot.size)
    #expect(followed.new == new && followed.patchSize == patch.count)
  }

  @Test("Edits of all kinds, in slots with much and with little room", arguments: [1, 2, 3, 7, 40])
  func edits(spare: Int) throws {
    var generator = SeededGenerator(for: "InPlaceRoundTripTests.edits")
    for _ in 0..<12 {
      let old = generator.bytes(Int.random(in: 1...6000, using: &generator))
      var new = old
      for _ in 0..<Int.random(in: 0...5, using: &generator) {
        let place = Int.random(in: 0...new.count, using: &generator)
        let length = Int.random(in: 0...min(700, new.count - place), using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: new.insert(contentsOf: generator.bytes(length + 1), at: place)
        case 1: new.removeSubrange(place..<place + length)
        case 2: new.append(contentsOf: new[place..<place + length])
        default: for index in place..<place + length { new[index] ^= 1 }
        }
      }
      try expectRoundTrip(old, new, try InPlaceRoundTripTests.slot(old, new, spare: spare))
    }
  }

  @Test("Empty images, equal ones, and images that have nothing in common")
  func extremes() throws {
    var generator = SeededGenerator(seed: 5)
    let images = [[], [7], generator.bytes(255), generator.bytes(256), generator.bytes(1500)]
    for old in images {
      for new in images {
        try expectRoundTrip(old, new, try InPlaceRoundTripTests.slot(old, new, spare: 1))
      }
    }
  }

  @Test("Parts that change places are coded, wherever they can no longer be read")
  func swappedHalves() throws {
    var generator = SeededGenerator(seed: 6)
    let first = generator.bytes(2048)
    let second = generator.bytes(2048)
    let slot = try InPlaceRoundTripTests.slot(first + second, second + first, spare: 1)
    try expectRoundTrip(first + second, second + first, slot)
  }

  @Test("Addresses are corrected across segments", arguments: [2, 6])
  func firmware(spare: Int) throws {
    let firmware = Firmware.thumb
    let old = firmware.image(seed: 1, functionCount: 60, insertions: [])
    let new = firmware.image(seed: 1, functionCount: 60, insertions: [20, 50])
    let slot = try InPlaceRoundTripTests.slot(old, new, spare: spare)
    let options = NativeEncoder.Options(memory: 16384, architecture: "thumb")
    let patch = try InPlaceEncoder.makePatch(old: old, new: new, slot: slot, options: options)
    let header = try #require(try InPlaceHeader.parse(patch.span))
    #expect(header.segmentCount > 1)
    #expect(header.memoryRequirement <= 16384)
    let streamed = try NativeEncoder.makePatch(old: old, new: new, options: options)
    // Each segment begins with an empty model.
    #expect(patch.count < streamed.count + 60 * Int(header.segmentCount))
  }

  @Test("The same images give the same patch")
  func determinism() throws {
    let old = NativeSample.old
    let slot = try InPlaceRoundTripTests.slot(old, NativeSample.new, spare: 3)
    let patch = try InPlaceEncoder.makePatch(old: old, new: NativeSample.new, slot: slot)
    #expect(try InPlaceEncoder.makePatch(old: old, new: NativeSample.new, slot: slot) == patch)
  }

  @Test("What does not fit is refused")
  func refusals() throws {
    func error(_ oldSize: Int, _ newSize: Int, blocks: UInt32, memory: UInt32? = nil) throws
      -> DeltaEncoderError?
    {
      let slot = try #require(InPlaceSlot(size: blocks * 256, eraseSize: 256))
      do throws(DeltaEncoderError) {
        _ = try InPlaceEncoder.makePatch(
          old: [UInt8](repeating: 1, count: oldSize), new: [UInt8](repeating: 2, count: newSize), slot: slot,
          options: NativeEncoder.Options(memory: memory))
        return nil
      } catch {
        return error
      }
    }
    #expect(try error(512, 512, blocks: 3) == nil)
    // No block is free beside the old image.
    #expect(try error(513, 512, blocks: 3) == .slotTooSmall)
    #expect(try error(512, 769, blocks: 3) == .slotTooSmall)
    #expect(try error(5000, 1, blocks: 3) == .slotTooSmall)
    #expect(try error(0, 0, blocks: 0) == .slotTooSmall)
    #expect(try error(512, 512, blocks: 3, memory: 100) == .memoryTooSmall)
    #expect(InPlaceSlot(size: 1000, eraseSize: 256) == nil)
    #expect(InPlaceSlot(size: 0, eraseSize: 0) == nil)
  }

  @Test("Stops when it is cancelled")
  func cancellation() throws {
    let slot = try InPlaceRoundTripTests.slot(NativeSample.old, NativeSample.new, spare: 2)
    #expect(throws: DeltaEncoderError.cancelled) {
      try InPlaceEncoder.makePatch(
        old: NativeSample.old, new: NativeSample.new, slot: slot, options: NativeEncoder.Options(),
        isCancelled: { true })
    }
  }

  @Test(
    "Real firmware: in place costs little more than beside",
    arguments: ["m4-mpy-pyboard-patch", "m4-lua-insert"])
  func corpus(pair: String) throws {
    guard SharedFolder.hasCorpus(pair) else {
      print("skipped: no ../shared/corpus/\(pair)")
      return
    }
    let old = try SharedFolder.bytes(pair, "old.bin")
    let new = try SharedFolder.bytes(pair, "new.bin")
    let options = NativeEncoder.Options(memory: 10240, architecture: "thumb")
    let slot = try InPlaceRoundTripTests.slot(old, new, spare: 8, eraseSize: 4096)
    let patch = try InPlaceEncoder.makePatch(old: old, new: new, slot: slot, options: options)
    let streamed = try NativeEncoder.makePatch(old: old, new: new, options: options)
    print("\(pair): \(patch.count) bytes in place, \(streamed.count) beside")
    #expect(patch.count <= streamed.count * 5 / 4)
  }
}
