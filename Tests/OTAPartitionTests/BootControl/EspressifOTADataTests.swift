import OTACore
import OTAFlashSimulator
import Testing

@testable import OTAPartition

@Suite("EspressifOTAData")
struct EspressifOTADataTests {
  private let partition: Range<UInt32> = 0x1000..<0x3000

  private func flash(
    _ first: [UInt8]?, _ second: [UInt8]?, writeSize: UInt32 = 4
  ) throws -> SharedFlash {
    let geometry = try FlashGeometry(
      eraseBlockSize: 0x1000, blockCount: 4, writeSize: writeSize, isMultiwrite: writeSize == 4)
    var flash = SimulatedFlash(geometry)
    var bytes = [UInt8](repeating: 0xff, count: Int(geometry.capacity))
    if let first { bytes.replaceSubrange(0x1000..<0x1020, with: first) }
    if let second { bytes.replaceSubrange(0x2000..<0x2020, with: second) }
    flash.setContents(bytes)
    return SharedFlash(flash)
  }

  @Test(
    "The checksum is that of the ROM", arguments: [(1, 0x4743_989a), (2, 0x55f6_3774)] as [(UInt32, UInt32)])
  func checksum(sequence: UInt32, expected: UInt32) {
    #expect(EspressifEntry(sequence: sequence, state: .valid).checksum == expected)
    #expect(EspressifModel.checksum(sequence) == expected)
  }

  @Test("An entry has the bytes of the real one")
  func bytes() throws {
    let bytes = EspressifEntry(sequence: 2, state: .pendingVerify).bytes
    let expected: [UInt8] =
      [2, 0, 0, 0] + [UInt8](repeating: 0xff, count: 20) + [1, 0, 0, 0] + [0x74, 0x37, 0xf6, 0x55]
    #expect((0..<32).map { bytes[$0] } == expected)
    #expect(EspressifEntry(expected.span) == EspressifEntry(sequence: 2, state: .pendingVerify))
    #expect(EspressifEntry(expected.span.extracting(0..<31)) == nil)
  }

  @Test("The next number is the lowest that selects the slot")
  func next() {
    for slotCount: UInt32 in 2...16 {
      for other: UInt32 in [0, 1, 2, 3, 17, 1000, 0xffff_fff0] {
        for slot in 0..<slotCount {
          let expected = (other...UInt32.max).dropFirst().prefix(16).first {
            $0 != .max && ($0 - 1) % slotCount == slot
          }
          let found = EspressifEntry.sequence(after: other, selecting: slot, of: slotCount)
          #expect(found == expected, "after \(other), slot \(slot) of \(slotCount)")
        }
      }
    }
  }

  @Test("The selectable entry with the highest number counts")
  func selection() throws {
    let cases: [([UInt8]?, [UInt8]?, BootSelection?)] = [
      (nil, nil, nil),
      (EspressifModel.entry(1, 2), nil, .confirmed(.a)),
      (EspressifModel.entry(1, 2), EspressifModel.entry(2, 0), .trial(.b, attemptsLeft: 1)),
      (EspressifModel.entry(1, 2), EspressifModel.entry(2, 1), .trial(.b, attemptsLeft: 0)),
      (EspressifModel.entry(1, 2), EspressifModel.entry(2, 3), .confirmed(.a)),
      (EspressifModel.entry(1, 2), EspressifModel.entry(2, 4), .confirmed(.a)),
      (EspressifModel.entry(3, .max), EspressifModel.entry(2, 2), .confirmed(.a)),
      (EspressifModel.entry(2, 2), EspressifModel.entry(2, 0), .confirmed(.b)),
      (nil, EspressifModel.entry(.max, 2), nil),
    ]
    for (first, second, expected) in cases {
      var control = try EspressifOTAData(try flash(first, second), partition: partition)
      let selection = try control.selection()
      #expect(selection == expected)
    }
  }

  @Test("A slot of another number is neither a nor b")
  func foreignSlot() throws {
    let device = try flash(EspressifModel.entry(3, 2), nil)
    var control = try EspressifOTAData(device, partition: partition, slotCount: 3)
    #expect(try control.selection() == nil)
    try control.requestTrial(of: .b, attempts: 1)
    #expect(try control.selection() == .trial(.b, attemptsLeft: 1))
    // The lowest number above 3 that selects the second of three.
    #expect(device.snapshot.contents(of: 0x2000..<0x2020) == EspressifModel.entry(5, 0))
  }

  @Test("Request, confirmation and revert write what the boot loader reads", arguments: [4, 16] as [UInt32])
  func life(writeSize: UInt32) throws {
    let device = try flash(EspressifModel.entry(1, 2), nil, writeSize: writeSize)
    var control = try EspressifOTAData(device, partition: partition)
    #expect(throws: StorageError.slotInUse) { try control.requestTrial(of: .a, attempts: 1) }
    #expect(throws: StorageError.notOnTrial) { try control.confirm(.b) }
    #expect(throws: StorageError.notOnTrial) { try control.revert(.cancelled) }
    try control.confirm(.a)
    try control.requestTrial(of: .b, attempts: 7)
    #expect(device.snapshot.contents(of: 0x2000..<0x2020) == EspressifModel.entry(2, 0))
    #expect(throws: StorageError.slotInUse) { try control.requestTrial(of: .a, attempts: 1) }
    #expect(throws: StorageError.notOnTrial) { try control.confirm(.a) }
    try control.revert(.healthCheckFailed)
    #expect(device.snapshot.contents(of: 0x2000..<0x2020) == EspressifModel.entry(2, 3))
    #expect(try control.selection() == .confirmed(.a))
    try control.requestTrial(of: .b, attempts: 1)
    try control.confirm(.b)
    #expect(device.snapshot.contents(of: 0x2000..<0x2020) == EspressifModel.entry(2, 2))
    #expect(device.snapshot.contents(of: 0x1000..<0x1020) == EspressifModel.entry(1, 2))
    try control.requestTrial(of: .a, attempts: 1)
    #expect(device.snapshot.contents(of: 0x1000..<0x1020) == EspressifModel.entry(3, 0))
  }

  @Test("The first update from a factory image has nothing to revert to but the factory image")
  func factory() throws {
    var without = try EspressifOTAData(try flash(nil, nil), partition: partition)
    try without.requestTrial(of: .a, attempts: 1)
    #expect(throws: StorageError.slotEmpty) { try without.revert(.cancelled) }
    // Confirmed in the other entry: this one stays until that is whole.
    try without.confirm(.a)
    #expect(try without.selection() == .confirmed(.a))
    var with = try EspressifOTAData(try flash(nil, nil), partition: partition, hasFactoryImage: true)
    try with.requestTrial(of: .a, attempts: 1)
    try with.revert(.cancelled)
    #expect(try with.selection() == nil)
  }

  @Test("Numbers that are used up are an error")
  func usedUp() throws {
    let device = try flash(EspressifModel.entry(.max - 1, 2), nil)
    var control = try EspressifOTAData(device, partition: partition)
    #expect(try control.selection() == .confirmed(.b))
    #expect(throws: StorageError.journalFull) { try control.requestTrial(of: .a, attempts: 1) }
    #expect(try control.selection() == .confirmed(.b))
  }

  @Test("Any content is read without a trap, as the boot loader reads it")
  func hostile() throws {
    var random = SplitMix64(seed: TestSeed.value)
    let special: [UInt32] = [0, 1, 2, 3, 4, 5, .max - 1, .max]
    for round in 0..<400 {
      let entries = (0..<2).map { _ -> [UInt8] in
        switch round % 4 {
        case 0: return (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        case 1: return [UInt8](repeating: round % 8 < 4 ? 0 : 0xff, count: 32)
        default:
          return EspressifModel.entry(
            special.randomElement(using: &random) ?? 0, special.randomElement(using: &random) ?? 0)
        }
      }
      let device = try flash(entries[0], entries[1])
      let model = EspressifModel(device.geometry, partition: partition)
      var control = try EspressifOTAData(device, partition: partition)
      let expected = try model.selected(on: device)
      let found = try control.selection()
      #expect(found?.slot == expected, "seed \(TestSeed.value), round \(round)")
      do throws(StorageError) {
        try control.requestTrial(of: .b, attempts: 1)
        #expect(try control.selection() == .trial(.b, attemptsLeft: 1))
      } catch {
        #expect(error == .slotInUse || error == .journalFull)
      }
    }
  }

  @Test("Partitions that do not fit are refused")
  func layout() throws {
    let cases: [(Range<UInt32>, LayoutError)] = [
      (0x1000..<0x1000, .tooSmall), (0x1000..<0x2000, .notAligned), (0x1000..<0x9000, .outOfBounds),
      (0x1004..<0x3004, .notAligned),
    ]
    for (range, expected) in cases {
      let device = try flash(nil, nil)
      #expect(throws: StorageError.layout(expected)) { _ = try EspressifOTAData(device, partition: range) }
    }
    let device = try flash(nil, nil)
    #expect(throws: StorageError.layout(.duplicatePartition)) {
      _ = try EspressifOTAData(device, partition: partition, slotA: 1, slotB: 1)
    }
    #expect(throws: StorageError.layout(.missingPartition)) {
      _ = try EspressifOTAData(device, partition: partition, slotCount: 2, slotB: 2)
    }
  }
}
