import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition

/// States that no device has written, with fields at their limits.
struct HostileStates {
  let board: TestBoard
  /// What is in slot a, and nothing else that verifies is anywhere.
  let image: TestImage
  let offered: TestImage
  var random: SplitMix64

  mutating func next() throws(ParseError) -> DeviceState {
    let slot: SlotIdentifier = random.isOne(in: 2) ? .a : .b
    var boot = BootState(
      selection: random.isOne(in: 2)
        ? .confirmed(slot) : .trial(slot, attemptsLeft: random.pick([0, 1, 2, 0x7f, 0x80, 0xfe, 0xff])),
      securityCounter: SequenceNumber(
        random.pick([0, 0, 1, image.sequenceNumber.rawValue, .max - 1, .max])))
    boot.slotA = try record()
    boot.slotB = try record()
    boot.lastRevert = random.isOne(in: 2) ? .bootAttemptsExhausted : nil
    if random.isOne(in: 6) { boot.placement = .settled(primary: slot) }
    if random.isOne(in: 6) {
      boot.placement = .moving(to: slot, step: random.pick([0, 1, 2, 3, .max - 1, .max]))
    }
    return DeviceState(boot: boot, update: try update())
  }

  private mutating func record() throws(ParseError) -> ImageRecord? {
    guard !random.isOne(in: 6) else { return nil }
    var record = image.record
    guard !random.isOne(in: 3) else { return record }
    if random.isOne(in: 8) { record.companions = CompanionImages(record.image) }
    let slot = board.layout.slotA
    let size = UInt32(slot.count)
    record.image.size = random.pick([
      0, 1, record.image.size, record.image.size - 1, size - 1, size, size + 1, .max - size, .max - 1, .max,
    ])
    if random.isOne(in: 3) { record.image.digest = try digest() }
    // The digest of nothing is known to everybody.
    if random.isOne(in: 4) {
      let nothing: [UInt8] = []
      record.image = ImageDescription(digest: SodiumSHA256.digest(of: nothing.span), size: 0)
    }
    record.sequenceNumber = SequenceNumber(random.pick([0, record.sequenceNumber.rawValue, .max - 1, .max]))
    record.version = Version(random.pick([0, .max]), random.pick([0, .max]), random.pick([0, .max]))
    return record
  }

  private mutating func update() throws(ParseError) -> UpdateRecord {
    switch random.next() % 6 {
    case 0: return .idle
    case 1: return .applying(try offer())
    case 2: return .rollingBack(try offer(), .healthCheckFailed)
    case 3: return .reporting(Report(updateID: try digest(), outcome: .installed))
    default:
      let size = UInt32(offered.bytes.count)
      return .staging(
        try offer(),
        stagedBytes: random.pick([0, 1, 1023, 1024, 1025, size - 1, size, size + 1, .max - 1024, .max]))
    }
  }

  private mutating func offer() throws(ParseError) -> Offer {
    var offer = offered.offer
    guard !random.isOne(in: 2) else { return offer }
    offer.updateID = try digest()
    offer.sequenceNumber = SequenceNumber(random.pick([0, offer.sequenceNumber.rawValue, .max - 1, .max]))
    offer.imageSize = random.pick([0, 1, offer.imageSize, UInt32(board.layout.slotA.count), .max - 1, .max])
    return offer
  }

  private mutating func digest() throws(ParseError) -> Digest {
    let algorithm = random.pick(DigestAlgorithm.allCases)
    let bytes = random.bytes(algorithm.byteCount)
    return try Digest(algorithm: algorithm, bytes: bytes.span)
  }

  static func serialized(_ state: DeviceState) throws(ParseError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: DeviceState.maximumSize(images: 4))
    var writer = ByteWriter(bytes.mutableSpan)
    try state.serialize(into: &writer)
    let count = writer.count
    return Array(bytes.prefix(count))
  }
}
