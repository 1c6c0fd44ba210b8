import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("Images of ESP-IDF, read and checked")
struct EspressifContainerTests {
  @Test("header, segments and description say what was written", arguments: [1, 4, 16, 32] as [UInt32])
  func reading(unit: UInt32) throws {
    let application = RawApplication()
    // Somewhere in the middle of a device, where neither end is a border of units.
    var flash = try ByteFlash([UInt8](repeating: 0xaa, count: 21) + application.bytes, unit: unit)
    let container = try EspressifContainer(reading: &flash, in: 21..<flash.geometry.capacity)
    #expect(container.header.segmentCount == 2 && container.header.chip == EspressifChip(rawValue: 5))
    #expect(container.header.chip.description == "ESP32-C3" && container.header.hasDigest)
    #expect(container.header.entryPoint == 0x4038_0fd6 && container.header.flashMode == 2)
    #expect(container.header.minimumRevision == 3 && container.header.maximumRevision == 199)
    #expect(container.segment(0).loadAddress == 0x3c00_0020 && container.segment(0).data == 53..<349)
    #expect(container.segment(1).data.count == 8 && container.signatureSector == nil)
    #expect(Int(container.size) == application.bytes.count)
    // The portable hash, as a boot loader has it.
    let contents = try container.check(on: &flash, using: SHA256.self)
    let description = try #require(contents.description)
    #expect(description.version.description == "v1.2.3" && description.projectName.description == "sensor")
    #expect(description.time.description == "12:00:00" && description.date.description == "Nov 20 2026")
    #expect(description.frameworkVersion.description == "v5.5.1" && description.secureVersion == 4)
    #expect(description.minimumFuseRevision == 1 && description.maximumFuseRevision == 99)
    #expect(description.pageSizeExponent == 16 && description.elfDigest.bytes[0] == 0xe1)
    #expect(contents.digest == OpenSSLSHA256.digest(of: application.hashedPart.span))
  }

  @Test("an image may have no SHA-256, no description, and sixteen segments")
  func variants() throws {
    var application = RawApplication()
    application.hasDigest = 0
    try RawApplication.check(application.bytes)
    application.segments = (0..<16).map { (UInt32($0), [UInt8](repeating: UInt8($0), count: 4 * $0)) }
    #expect(try RawApplication.check(application.bytes).description == nil)
    application.segments[0].bytes = Array(RawApplication.description().prefix(252))
    #expect(try RawApplication.check(application.bytes).description == nil)
    application.segments.append((0, []))
    #expect(throws: EspressifError.segmentCount(17)) { try RawApplication.check(application.bytes) }
    application.segments = []
    #expect(throws: EspressifError.segmentCount(0)) { try RawApplication.check(application.bytes) }
  }

  @Test("every length of data behind the last segment has its checksum", arguments: 0..<8)
  func alignment(count: Int) throws {
    var application = RawApplication()
    application.segments[1].bytes = [UInt8](repeating: 9, count: 4 * count)
    try RawApplication.check(application.bytes)
  }

  @Test("what cannot be is refused by its name")
  func refused() throws {
    func expect(_ error: EspressifError, _ change: (inout RawApplication) -> Void) {
      var application = RawApplication()
      change(&application)
      #expect(throws: error) { try RawApplication.check(application.bytes) }
    }
    expect(.noImage) { $0.magic = 0xea }
    expect(.invalidHeader) { $0.hasDigest = 2 }
    expect(.segmentLength(1)) { $0.segments[1].bytes.removeLast() }
    expect(.outOfSlot) { $0.segmentCount = 3 }
    #expect(throws: EspressifError.outOfSlot) {
      try RawApplication.check(Array(RawApplication().bytes.dropLast()))
    }
    var bytes = RawApplication().bytes
    bytes[40] ^= 1
    #expect(throws: EspressifError.checksumMismatch) { try RawApplication.check(bytes) }
    bytes[41] ^= 1
    #expect(throws: EspressifError.digestMismatch) { try RawApplication.check(bytes) }
    var flash = try ByteFlash(bytes)
    #expect(throws: EspressifError.flash(.outOfBounds)) {
      _ = try EspressifContainer(reading: &flash, in: 0..<UInt32(bytes.count) + 1)
    }
    var right = try ByteFlash(RawApplication().bytes)
    let container = try EspressifContainer(reading: &right, in: 0..<right.geometry.capacity)
    #expect(throws: EspressifError.unsupportedHash(.sha512)) {
      try container.check(on: &right, using: SHA512.self)
    }
  }

  @Test("chip, revision and security version are held against those of the device")
  func requirements() throws {
    var flash = try ByteFlash(RawApplication().bytes)
    let container = try EspressifContainer(reading: &flash, in: 0..<flash.geometry.capacity)
    var header = container.header
    let chip = EspressifChip(rawValue: 5)
    for revision in [3, 100, 199] as [UInt16] { try header.require(chip, revision: revision) }
    for revision in [0, 2, 200, .max] as [UInt16] {
      #expect(throws: EspressifError.wrongRevision) { try header.require(chip, revision: revision) }
    }
    #expect(throws: EspressifError.wrongChip(chip)) {
      try header.require(EspressifChip(rawValue: 9), revision: 100)
    }
    for any in [0, 65535] as [UInt16] {
      header.maximumRevision = any
      try header.require(chip, revision: 60_000)
    }
    let contents = try container.check(on: &flash, using: OpenSSLSHA256.self)
    try contents.requireSecureVersion(atLeast: 4)
    #expect(throws: EspressifError.secureVersionTooLow) { try contents.requireSecureVersion(atLeast: 5) }
    var plain = RawApplication()
    plain.segments.removeFirst()
    let other = try RawApplication.check(plain.bytes)
    #expect(throws: EspressifError.descriptionMissing) { try other.requireSecureVersion(atLeast: 0) }
  }

  @Test("every end that comes too early is refused")
  func truncated() throws {
    let bytes = RawApplication().bytes
    for count in 1..<bytes.count {
      #expect(throws: EspressifError.outOfSlot, "\(count)") {
        try RawApplication.check(Array(bytes.prefix(count)))
      }
    }
  }

  @Test("every flipped bit is refused, but for the one that says whether there is a SHA-256")
  func flippedBits() throws {
    let bytes = RawApplication().bytes
    for bit in 0..<8 * bytes.count where bit != 8 * 23 {
      var changed = bytes
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(throws: EspressifError.self, "\(bit)") { try RawApplication.check(changed) }
    }
    // Nothing but a signature protects that bit: the boot loader believes it too.
    var changed = bytes
    changed[23] = 0
    try RawApplication.check(changed)
  }

  @Test("lengths that overflow are refused, and nothing is allocated for them")
  func hugeLengths() throws {
    let bytes = RawApplication().bytes
    for offset in [28, 24 + 8 + 296 + 4] {
      for length in [0xffff_fffc, 0x8000_0000, 0x7fff_fffc, 0xffff_fff0, 0x1000_0000] as [UInt32] {
        var changed = bytes
        changed.replaceSubrange(offset..<offset + 4, with: RawApplication.word(length))
        #expect(throws: EspressifError.outOfSlot) { try RawApplication.check(changed) }
      }
    }
  }

  @Test("noise behind the first byte is refused, and never traps")
  func noise() throws {
    var random = SplitMix64(seed: TestSeed.value)
    print("seed \(TestSeed.value)")
    let original = RawApplication().bytes
    var kinds: Set<UInt16> = []
    for round in 0..<5_000 {
      var bytes = original
      if round % 2 == 0 {
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          let place = Int.random(in: 0..<340, using: &random)
          bytes[place] = [0, 1, 4, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
        }
        guard bytes != original, bytes[23] != 0 else { continue }
      } else {
        for place in 2..<bytes.count { bytes[place] = UInt8.random(in: .min ... .max, using: &random) }
        bytes[1] = UInt8.random(in: 0...17, using: &random)
        for place in stride(from: 29, to: 32, by: 1) { bytes[place] = 0 }
      }
      do {
        try RawApplication.check(bytes)
        Issue.record("noise was accepted, seed \(TestSeed.value)")
      } catch {
        kinds.insert(try #require(error as? EspressifError).code.rawValue)
      }
    }
    #expect(kinds.count >= 4)
  }
}
