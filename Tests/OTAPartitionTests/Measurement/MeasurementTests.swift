import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("Measurement")
struct MeasurementTests {
  /// SHA-256 of two runs of bytes, by another implementation than the one in use.
  static func hash(_ first: Digest, _ second: Digest) -> Digest {
    var hash = SodiumSHA256()
    hash.update(first.bytes)
    hash.update(second.bytes)
    return hash.finalize()
  }

  @Test("It begins with zeros, and an extension is SHA-256 of the old value and the digest")
  func extend() throws {
    var measurement = Measurement()
    #expect((0..<32).allSatisfy { measurement.value.bytes[$0] == 0 })
    // SHA-256 of 64 bytes of zero.
    let expected = try #require(
      [UInt8](hexadecimal: "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"))
    measurement.extend(with: measurement.value)
    #expect((0..<32).map { measurement.value.bytes[$0] } == expected)

    let before = measurement.value
    let digest = TestImage.old.description.digest
    measurement.extend(with: digest)
    #expect(measurement.value == Self.hash(before, digest))
  }

  @Test("Another order or another image gives another value")
  func order() {
    let (first, second) = (TestImage.old.description.digest, TestImage.new.description.digest)
    var values: [Digest] = []
    for digests in [[first, second], [second, first], [first], [first, first], []] {
      var measurement = Measurement()
      for digest in digests { measurement.extend(with: digest) }
      values.append(measurement.value)
    }
    #expect(Set(values).count == values.count)
  }

  @Test("A digest of another function stands for itself by its SHA-256")
  func otherFunctions() {
    let bytes: [UInt8] = [1, 2, 3]
    let long = SodiumSHA512.digest(of: bytes.span)
    var (left, right) = (Measurement(), Measurement())
    left.extend(with: long)
    right.extend(with: SodiumSHA256.digest(of: long.bytes))
    #expect(left == right)
    let same = SodiumBLAKE2b256.digest(of: bytes.span)
    #expect(same.measured != same && same.measured.algorithm == .sha256)
  }

  @Test("The entries of a log lead to its value")
  func replay() throws {
    var random = SplitMix64(seed: TestSeed.value)
    print("seed \(TestSeed.value)")
    for count in 0...MeasurementLog.capacity {
      var log = MeasurementLog()
      var value = Measurement().value
      for index in 0..<count {
        let image = TestImage(size: 40, sequenceNumber: 1, seed: random.next())
        try log.extend(.application, with: image.description.digest)
        value = Self.hash(value, image.description.digest)
        #expect(log[index] == MeasurementLog.Entry(kind: .application, digest: image.description.digest))
      }
      #expect(log.count == count && log.measurement.value == value && log.replay() == log.measurement)
    }
  }

  @Test("A full log takes no more, and has not changed")
  func full() throws {
    var log = MeasurementLog()
    for _ in 0..<MeasurementLog.capacity {
      try log.extend(.configuration, with: TestImage.old.description.digest)
    }
    let before = log
    #expect(throws: MeasurementError.logFull) {
      try log.extend(.application, with: TestImage.new.description.digest)
    }
    #expect(log == before)
    #expect(MeasurementError.logFull.code == .capacityExceeded)
  }
}
