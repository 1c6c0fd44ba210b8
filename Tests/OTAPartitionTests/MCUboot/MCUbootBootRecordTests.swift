import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("MCUbootBootRecord")
struct MCUbootBootRecordTests {
  private let record = MCUbootBootRecord(
    softwareType: "APP", version: "1.2.3", signerID: [UInt8](repeating: 7, count: 32),
    measurementDescription: "SHA256", measurement: [UInt8](repeating: 0, count: 32))

  @Test("the record of imgtool is read, and written the same")
  func sameBytes() throws {
    let vector = try Array(MCUbootVectors.bytes(MCUbootVectors.signedProtected)[101..<194])
    let read = try MCUbootBootRecord(parsing: vector.span)
    #expect(
      read.softwareType == "APP" && read.version == "2.0.513" && read.measurementDescription == "SHA256")
    #expect(try read.encoded() == vector)
    let written = try record.encoded()
    #expect(try MCUbootBootRecord(parsing: written.span) == record)
  }

  @Test("anything else is refused, and never traps")
  func refused() throws {
    let bytes = try record.encoded()
    for count in 0..<bytes.count {
      let cut = Array(bytes[..<count])
      #expect(throws: ParseError.self) { try MCUbootBootRecord(parsing: cut.span) }
    }
    let longer = bytes + [0]
    #expect(throws: ParseError.self) { try MCUbootBootRecord(parsing: longer.span) }
    // Four entries, six, one twice, one that nobody knows, one of another type, and far too much.
    for changed in [
      [0xa4] + bytes.dropFirst(), [0xa6] + bytes.dropFirst() + [0x07, 0x60],
      [0xa5, 0x01, 0x60] + bytes.dropFirst(),
      [0xa5, 0x03] + bytes.dropFirst(2), [0xa5, 0x01, 0x43] + bytes.dropFirst(3),
      bytes + [UInt8](repeating: 0, count: 1024),
    ] as [[UInt8]] {
      #expect(throws: ParseError.self) { try MCUbootBootRecord(parsing: changed.span) }
    }
    var random = SplitMix64(seed: TestSeed.value)
    print("seed \(TestSeed.value)")
    for _ in 0..<5_000 {
      var changed = bytes
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        changed[Int.random(in: 0..<changed.count, using: &random)] = UInt8.random(
          in: .min ... .max, using: &random)
      }
      guard let read = try? MCUbootBootRecord(parsing: changed.span) else { continue }
      let written = try read.encoded()
      #expect(try MCUbootBootRecord(parsing: written.span) == read, "seed \(TestSeed.value)")
    }
  }

  @Test("types of software have at most twelve bytes")
  func types() throws {
    var image = MCUbootImage(version: MCUbootVersion(1, 2, 3))
    image.softwareType = "123456789012"
    let bytes = try image.unsigned([1], using: SodiumSHA256.self)
    var flash = try MCUbootBench.flash(bytes)
    let container = try MCUbootContainer(reading: &flash, in: 0..<16_384)
    let range = try #require(try container.digest(on: &flash, using: SodiumSHA256.self).bootRecord)
    let read = try MCUbootBootRecord(
      parsing: bytes.span.extracting(Int(range.lowerBound)..<Int(range.upperBound)))
    // Nobody has signed it.
    #expect(read.signerID == [UInt8](repeating: 0, count: 32) && read.softwareType == "123456789012")
    image.softwareType = "1234567890123"
    #expect(throws: MCUbootError.tooLarge) { try image.unsigned([1], using: SodiumSHA256.self) }
  }

  @Test("security counters of versions are those of imgtool")
  func counters() {
    for (version, counter) in [
      (MCUbootVersion(0, 0), 0), (MCUbootVersion(1, 2, 3, build: 4), 0x0102_0003),
      (MCUbootVersion(255, 255, .max, build: .max), .max),
    ] as [(MCUbootVersion, UInt32)] {
      #expect(MCUbootImage.securityCounter(of: version) == counter)
    }
  }
}
