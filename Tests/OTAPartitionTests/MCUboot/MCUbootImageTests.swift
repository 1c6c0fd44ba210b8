import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("MCUbootImage")
struct MCUbootImageTests {
  private let bench: MCUbootBench

  init() throws { bench = try MCUbootBench() }

  /// The description of the vectors without protected TLVs.
  private let plain = MCUbootImage(version: MCUbootVersion(1, 2, 3, build: 4))

  /// The description of ``MCUbootVectors/signedProtected``.
  private func rich() throws -> MCUbootImage {
    var image = MCUbootImage(version: MCUbootVersion(2, 0, 513, build: 70_000), headerSize: 48)
    image.securityCounter = 7
    let vector = try MCUbootVectors.bytes(MCUbootVectors.signedProtected)
    image.bootRecord = Array(vector[101..<194])
    image.dependencies = [
      MCUbootDependency(image: 1, minimumVersion: MCUbootVersion(1, 2, 3, build: 4)),
      MCUbootDependency(image: 2, minimumVersion: MCUbootVersion(0, 9)),
    ]
    image.vendorID = UniversalIdentifier("bcc16965-6f3a-5338-9d83-d8b565c63bc7")
    image.classID = UniversalIdentifier("1e7fce30-b467-504f-8a77-cd970d5670a8")
    image.vendorTLVs = [MCUbootImage.VendorTLV(rawType: 0xa0, value: [1, 2, 3, 4, 5])]
    return image
  }

  @Test("images are those of imgtool, byte for byte")
  func sameBytes() async throws {
    let signer = try MCUbootBench.signer()
    let firmware = MCUbootVectors.firmware
    let hashOnly = try MCUbootVectors.bytes(MCUbootVectors.hashOnly)
    #expect(try plain.unsigned(firmware, using: SodiumSHA256.self) == hashOnly)
    var counted = MCUbootImage(version: MCUbootVersion(1, 2, 3))
    counted.securityCounter = 9
    let hashOnlyProtected = try MCUbootVectors.bytes(MCUbootVectors.hashOnlyProtected)
    #expect(try counted.unsigned(firmware, using: SHA256.self) == hashOnlyProtected)

    let signed = try await plain.signed(firmware, by: signer, using: SodiumSHA256.self)
    #expect(try signed == MCUbootVectors.bytes(MCUbootVectors.signed))
    let long = try await plain.signed(firmware, by: signer, using: SodiumSHA512.self)
    #expect(try long == MCUbootVectors.bytes(MCUbootVectors.signedSHA512))
    let protected = try await rich().signed(firmware, by: signer, using: SodiumSHA256.self)
    #expect(try protected == MCUbootVectors.bytes(MCUbootVectors.signedProtected))
    var described = try rich()
    (described.bootRecord, described.softwareType) = (nil, "APP")
    let made = try await described.signed(firmware, by: signer, using: SodiumSHA256.self)
    #expect(made == protected)
    var full = plain
    full.keyFormat = .full
    let withKey = try await full.signed(firmware, by: signer, using: SodiumSHA256.self)
    #expect(try withKey == MCUbootVectors.bytes(MCUbootVectors.signedFullKey))
  }

  @Test("whatever is written is verified and says the same")
  func roundTrip() async throws {
    var random = SplitMix64(seed: TestSeed.value)
    print("seed \(TestSeed.value)")
    let signer = try MCUbootBench.signer()
    for _ in 0..<200 {
      let number = UInt64.random(in: .min ... .max, using: &random)
      let version = MCUbootVersion(
        UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8),
        UInt16(truncatingIfNeeded: number >> 16), build: UInt32(truncatingIfNeeded: number >> 32))
      var image = MCUbootImage(version: version, headerSize: UInt16.random(in: 32...1024, using: &random))
      image.paddingByte = Bool.random(using: &random) ? 0xff : 0x00
      let flags: [MCUbootFlags] = [[], .loadsIntoRAM, .isFixedInROM, .nonBootable]
      image.flags = try #require(flags.randomElement(using: &random))
      image.loadAddress = UInt32.random(in: .min ... .max, using: &random)
      if Bool.random(using: &random) {
        image.securityCounter = UInt32.random(in: .min ... .max, using: &random)
      }
      for number in 0..<UInt8.random(in: 0...8, using: &random) {
        let version = MCUbootVersion(number, 1, 300, build: 5)
        image.dependencies.append(MCUbootDependency(image: number, minimumVersion: version))
      }
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        let value = [UInt8](repeating: 0x24, count: Int.random(in: 0...300, using: &random))
        image.vendorTLVs.append(
          MCUbootImage.VendorTLV(rawType: UInt16.random(in: 0xa0...0xfffe, using: &random), value: value))
      }
      image.keyFormat = Bool.random(using: &random) ? .hash : .full
      let firmware = [UInt8](repeating: 0x07, count: Int.random(in: 1...3000, using: &random))
      let bytes = try await image.signed(firmware, by: signer, using: SodiumSHA256.self)

      var flash = try MCUbootBench.flash(bytes)
      let container = try MCUbootContainer(reading: &flash, in: 0..<UInt32(bytes.count))
      let contents = try bench.verify(&flash, slot: 0..<UInt32(bytes.count))
      #expect(container.header.version == image.version && container.header.flags == image.flags)
      #expect(container.header.loadAddress == image.loadAddress)
      #expect(container.header.headerSize == image.headerSize && container.size == bytes.count)
      #expect(contents.securityCounter == image.securityCounter)
      #expect((0..<contents.dependencyCount).map { contents.dependency($0) } == image.dependencies)
      let range = container.firmware
      #expect(Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]) == firmware)
    }
  }

  @Test("what a reader would refuse is not written")
  func refusals() throws {
    func error(
      _ firmware: [UInt8] = [1], _ change: (inout MCUbootImage) -> Void
    ) -> MCUbootError? {
      var image = plain
      change(&image)
      do throws(MCUbootError) {
        _ = try image.unsigned(firmware, using: SHA256.self)
        return nil
      } catch {
        return error
      }
    }
    #expect(error { _ in } == nil)
    #expect(error([]) { _ in } == .emptyImage)
    #expect(error { $0.headerSize = 31 } == .headerTooShort)
    #expect(error { $0.flags = .encryptedAES128 } == .encrypted)
    #expect(error { $0.flags = .compressedLZMA2 } == .compressed)
    #expect(error { $0.flags = MCUbootFlags(rawValue: 0x1000) } == .unknownFlags(0x1000))
    let dependency = MCUbootDependency(image: 1, minimumVersion: MCUbootVersion(1, 0))
    #expect(
      error { $0.dependencies = [MCUbootDependency](repeating: dependency, count: 9) }
        == .tooManyDependencies)
    for type: UInt16 in [0, 0x50, 0x9f, 0xffff] {
      #expect(
        error { $0.vendorTLVs = [MCUbootImage.VendorTLV(rawType: type, value: [])] }
          == .reservedType(type))
    }
    // The area, with its own head and that of the TLV, has 16 bits.
    for (count, expected) in [(65_527, nil), (65_528, .tooLarge), (65_536, .tooLarge)]
      as [(Int, MCUbootError?)]
    {
      let value = [UInt8](repeating: 1, count: count)
      #expect(
        error { $0.vendorTLVs = [MCUbootImage.VendorTLV(rawType: 0xa0, value: value)] } == expected)
    }
    #expect(throws: MCUbootError.crypto(.unsupportedAlgorithm)) {
      try plain.unsigned([1], using: SodiumBLAKE2b256.self)
    }
  }

  /// A signer that is out of reach, or answers with something that is no signature.
  private struct BrokenSigner: Signer {
    var publicKey: PublicKey
    var answer: [UInt8]?

    func signature(for message: [UInt8]) async throws(CryptoError) -> [UInt8] {
      guard let answer else { throw .unavailable }
      return answer
    }
  }

  @Test("a signer that fails leaves no image")
  func brokenSigner() async throws {
    let key = try MCUbootBench.signer().publicKey
    for answer in [nil, [], [UInt8](repeating: 1, count: 63)] as [[UInt8]?] {
      await #expect(throws: MCUbootError.crypto(.unavailable)) {
        try await plain.signed([1], by: BrokenSigner(publicKey: key, answer: answer), using: SHA256.self)
      }
    }
  }

  @Test("versions in words")
  func versions() {
    for (text, version) in [
      ("1", MCUbootVersion(1, 0)), ("1.2", MCUbootVersion(1, 2)), ("1.2.3", MCUbootVersion(1, 2, 3)),
      ("1.2.3+4", MCUbootVersion(1, 2, 3, build: 4)), ("1+4", MCUbootVersion(1, 0, build: 4)),
      ("255.255.65535+4294967295", MCUbootVersion(255, 255, 65_535, build: .max)),
    ] {
      #expect(MCUbootVersion(text) == version)
      #expect(MCUbootVersion(version.description) == version)
    }
    for text in [
      "", "v1", "1.", ".1", "1.2.3.4", "256", "1.256", "1.2.65536", "1.2.3+", "1+2+3", "-1", "+1", "1+-2",
    ] {
      #expect(MCUbootVersion(text) == nil, "\(text)")
    }
    let ordered = ["0.0.0+9", "0.0.1", "0.1.0", "0.1.0+1", "1.0.0", "1.0.256", "2"].compactMap {
      MCUbootVersion($0)
    }
    #expect(ordered.count == 7 && ordered == ordered.sorted() && Set(ordered).count == 7)
  }
}
