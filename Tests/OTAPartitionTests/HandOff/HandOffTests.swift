import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("HandOff")
struct HandOffTests {
  /// Any hand-off that a boot loader can make.
  static func random(_ random: inout SplitMix64) throws -> HandOff {
    var log = MeasurementLog()
    for _ in 0..<Int(random.next() % 9) {
      let kinds: [StageKind] = [.firstStage, .secondStage, .application, .recovery, .configuration]
      try log.extend(kinds[Int(random.next() % 5)], with: digest(&random))
    }
    let codes = ErrorCode.allCases
    let code = codes[Int(random.next() % UInt64(codes.count))]
    let counter = SequenceNumber(random.next())
    let kind = random.next() % 5
    if kind == 4 {
      let image = AuthenticImage(firmware: 0..<1, digest: digest(&random))
      let isKnown = random.next() % 2 == 0
      return HandOff(
        RecoveryDecision(image: image, cause: code, securityCounter: isKnown ? counter : nil),
        measurements: log)
    }
    let kinds: [BootDecision.Kind] = [
      .confirmed, .trial(attemptsLeft: UInt8(truncatingIfNeeded: random.next())), .reverted(code), .fallback,
    ]
    let image = ImageRecord(
      image: ImageDescription(digest: digest(&random), size: 1), sequenceNumber: counter,
      version: Version(1, 0))
    let slot: SlotIdentifier = random.next() % 2 == 0 ? .a : .b
    return HandOff(
      BootDecision(slot: slot, image: image, kind: kinds[Int(kind)], isRecorded: random.next() % 2 == 0),
      boot: BootState(
        selection: .confirmed(slot), securityCounter: counter, lastRevert: random.next() % 2 == 0 ? code : nil
      ),
      measurements: log)
  }

  private static func digest(_ random: inout SplitMix64) -> Digest {
    let bytes = (0..<16).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    switch random.next() % 3 {
    case 0: return SodiumSHA256.digest(of: bytes.span)
    case 1: return SodiumSHA512.digest(of: bytes.span)
    default: return SodiumBLAKE2b256.digest(of: bytes.span)
    }
  }

  static func bytes(of handOff: HandOff) throws -> [UInt8] {
    try [UInt8](capacity: HandOff.byteCount) { writer throws(ParseError) in
      try handOff.serialize(into: &writer)
    }
  }

  private static func error(_ bytes: [UInt8]) -> ParseError.Kind? {
    do throws(ParseError) {
      _ = try HandOff(parsing: bytes.span)
      return nil
    } catch {
      return error.kind
    }
  }

  /// Puts the right checksum under changed bytes.
  private static func sealed(_ bytes: [UInt8]) -> [UInt8] {
    let body = Array(bytes.dropLast(4))
    let checksum = CRC32.checksum(of: body.span)
    return body + (0..<4).map { UInt8(truncatingIfNeeded: checksum >> UInt32(8 * $0)) }
  }

  @Test("What was left is what is found")
  func roundTrip() throws {
    var random = SplitMix64(seed: TestSeed.value)
    print("seed \(TestSeed.value)")
    for _ in 0..<500 {
      let handOff = try Self.random(&random)
      let bytes = try Self.bytes(of: handOff)
      #expect(bytes.count == HandOff.byteCount)
      #expect(try HandOff(parsing: bytes.span) == handOff)
    }
  }

  @Test("It is taken once, and bytes behind it are left alone")
  func taken() throws {
    var random = SplitMix64(seed: 3)
    let handOff = try Self.random(&random)
    var memory = [UInt8](repeating: 0xa5, count: HandOff.byteCount + 7)
    var span = memory.mutableSpan
    try handOff.store(in: &span)
    #expect(try HandOff.take(from: &span) == handOff)
    #expect(throws: ParseError(.invalidValue, at: 0)) { try Self.take(&memory) }
    #expect(Array(memory.suffix(7)) == [UInt8](repeating: 0xa5, count: 7))
    var short = [UInt8](repeating: 0, count: HandOff.byteCount - 1)
    #expect(throws: ParseError(.capacityExceeded, at: 0)) { try Self.store(handOff, &short) }
    #expect(throws: ParseError(.truncated, at: HandOff.byteCount - 1)) { try Self.take(&short) }
  }

  private static func take(_ memory: inout [UInt8]) throws -> HandOff {
    var span = memory.mutableSpan
    return try HandOff.take(from: &span)
  }

  private static func store(_ handOff: HandOff, _ memory: inout [UInt8]) throws {
    var span = memory.mutableSpan
    try handOff.store(in: &span)
  }

  @Test("Every flipped bit is found, and so is every other length")
  func flips() throws {
    var random = SplitMix64(seed: TestSeed.value)
    print("seed \(TestSeed.value)")
    let bytes = try Self.bytes(of: Self.random(&random))
    for bit in 0..<HandOff.byteCount * 8 {
      var changed = bytes
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(Self.error(changed) != nil, "bit \(bit)")
    }
    for count in 0..<HandOff.byteCount { #expect(Self.error(Array(bytes.prefix(count))) == .truncated) }
    #expect(Self.error(bytes + [0]) == .trailingBytes)
  }

  @Test("Noise, zeros and erased memory are errors")
  func noise() {
    var random = SplitMix64(seed: TestSeed.value)
    print("seed \(TestSeed.value)")
    #expect(Self.error([UInt8](repeating: 0, count: HandOff.byteCount)) == .invalidValue)
    #expect(Self.error([UInt8](repeating: 0xff, count: HandOff.byteCount)) == .invalidValue)
    for _ in 0..<2000 {
      var bytes = (0..<HandOff.byteCount).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      #expect(Self.error(bytes) != nil)
      bytes.replaceSubrange(0..<5, with: [0x4f, 0x54, 0x41, 0x48, HandOff.formatVersion])
      #expect(Self.error(bytes) == .checksumMismatch)
    }
  }

  /// Behind a good checksum there is still only one form of every value.
  @Test("Any byte changed under a good checksum is an error, or the value that these bytes stand for")
  func hostile() throws {
    var random = SplitMix64(seed: TestSeed.value)
    print("seed \(TestSeed.value)")
    var refused = 0
    var accepted = 0
    for _ in 0..<12 {
      let bytes = try Self.bytes(of: Self.random(&random))
      for index in 0..<HandOff.byteCount - 4 {
        var changed = bytes
        changed[index] ^= UInt8(truncatingIfNeeded: random.next() | 1)
        changed = Self.sealed(changed)
        if Self.error(changed) == nil {
          accepted += 1
          #expect(try Self.bytes(of: HandOff(parsing: changed.span)) == changed, "byte \(index)")
        } else {
          refused += 1
        }
        // The measurements cannot part, whoever computes the checksum.
        if index >= 92 { #expect(Self.error(changed) != nil || Self.isKind(index), "byte \(index)") }
      }
    }
    #expect(refused > 1000 && accepted > 30)
  }

  /// Whether a byte is the kind of an entry, which is not measured.
  private static func isKind(_ index: Int) -> Bool { index >= 124 && index < 388 && (index - 124) % 33 == 0 }

  @Test(
    "Each rule has its error",
    arguments: [
      (4, 2, ParseError.Kind.unsupported), (5, 0, .invalidValue), (5, 6, .invalidValue),
      (5, 3, .invalidValue),
      (5, 5, .invalidValue), (6, 2, .invalidValue), (6, 0xff, .invalidValue), (7, 4, .invalidValue),
      (8, 1, .invalidValue), (9, 9, .limitExceeded), (10, 1, .invalidValue), (12, 1, .invalidValue),
      (14, 1, .invalidValue), (24, 0, .invalidValue), (61, 1, .invalidValue), (92, 1, .invalidValue),
      (395, 1, .invalidValue),
    ])
  func rules(_ offset: Int, _ value: Int, _ kind: ParseError.Kind) throws {
    let plain = HandOff(
      BootDecision(slot: .a, image: TestImage.old.record, kind: .confirmed),
      boot: BootState(selection: .confirmed(.a), securityCounter: SequenceNumber(5)))
    var bytes = try Self.bytes(of: plain)
    #expect(Self.error(bytes) == nil && bytes[offset] != UInt8(value))
    bytes[offset] = UInt8(value)
    #expect(Self.error(Self.sealed(bytes)) == kind)
  }
}
