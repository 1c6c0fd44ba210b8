import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTAEspressif
import OTAPartition

/// An application of ESP-IDF that is put together piece by piece, right or wrong.
struct RawApplication {
  var magic: UInt8 = 0xe9
  var segmentCount: UInt8?
  var chip: UInt8 = 5
  var minimumRevision: UInt16 = 3
  var maximumRevision: UInt16 = 199
  var hasDigest: UInt8 = 1
  var segments: [(address: UInt32, bytes: [UInt8])] = [
    (0x3c00_0020, RawApplication.description() + [UInt8](repeating: 7, count: 40)),
    (0x4038_0000, [1, 2, 3, 4, 5, 6, 7, 8]),
  ]

  static func word(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
  }

  static func pair(_ value: UInt16) -> [UInt8] { Array(word(UInt32(value)).prefix(2)) }

  static func text(_ text: String, _ count: Int) -> [UInt8] {
    Array((Array(text.utf8) + [UInt8](repeating: 0, count: count)).prefix(count))
  }

  static func description(secureVersion: UInt32 = 4) -> [UInt8] {
    let words = word(0xabcd_5432) + word(secureVersion) + word(0) + word(0)
    let names = text("v1.2.3", 32) + text("sensor", 32) + text("12:00:00", 16) + text("Nov 20 2026", 16)
    let digest = [UInt8](repeating: 0xe1, count: 32)
    let rest = pair(1) + pair(99) + [16, 0, 0, 0] + [UInt8](repeating: 0, count: 72)
    return words + names + text("v5.5.1", 32) + digest + rest
  }

  /// Everything before the SHA-256.
  var hashedPart: [UInt8] {
    var bytes: [UInt8] = [magic, segmentCount ?? UInt8(segments.count), 2, 0x2f] + Self.word(0x4038_0fd6)
    bytes += [0xee, 0, 0, 0, chip, 0, 0] + Self.pair(minimumRevision) + Self.pair(maximumRevision)
    bytes += [0, 0, 0, 0, hasDigest]
    var checksum: UInt8 = 0xef
    for segment in segments {
      bytes += Self.word(segment.address) + Self.word(UInt32(segment.bytes.count)) + segment.bytes
      for byte in segment.bytes { checksum ^= byte }
    }
    bytes += [UInt8](repeating: 0, count: 15 - bytes.count % 16)
    return bytes + [checksum]
  }

  /// The application, without signatures.
  var bytes: [UInt8] {
    let part = hashedPart
    guard hasDigest == 1 else { return part }
    let digest = OpenSSLSHA256.digest(of: part.span)
    return part + (0..<32).map { digest.bytes[$0] }
  }

  /// The application with one more signature.
  static func signed(
    _ bytes: [UInt8], by key: OpenSSLPrivateKey, keepsOthers: Bool = false
  ) async throws -> [UInt8] {
    var flash = try ByteFlash(bytes)
    let container = try EspressifContainer(reading: &flash, in: 0..<flash.geometry.capacity)
    let signer = try OpenSSLEspressifSigner(key)
    let tail = try await container.signature(on: &flash, by: signer, keepsOthers: keepsOthers)
    return Array(bytes.prefix(Int(container.end))) + tail
  }

  /// Reads and checks.
  @discardableResult
  static func check(_ bytes: [UInt8]) throws -> EspressifContents {
    var flash = try ByteFlash(bytes)
    let container = try EspressifContainer(reading: &flash, in: 0..<flash.geometry.capacity)
    return try container.check(on: &flash, using: OpenSSLSHA256.self)
  }

  /// Reads and verifies.
  ///
  /// - Returns: who signed.
  @discardableResult
  static func verify(_ bytes: [UInt8], trusting keys: [OpenSSLPublicKey]) throws -> EspressifPublicKey {
    var flash = try ByteFlash(bytes)
    return try verify(&flash, trusting: keys).signer
  }

  static func verify(
    _ flash: inout ByteFlash, trusting keys: [OpenSSLPublicKey]
  ) throws -> (contents: EspressifContents, signer: EspressifPublicKey) {
    var digests = EspressifKeyDigests()
    for key in keys { try digests.add(try EspressifPublicKey(key).digest) }
    let container = try EspressifContainer(reading: &flash, in: 0..<flash.geometry.capacity)
    let image = try container.verify(on: &flash, keys: digests)
    return (image.contents, image.signer)
  }
}
