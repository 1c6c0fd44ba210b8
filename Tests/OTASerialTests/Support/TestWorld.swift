import OTACore
import OTACrypto
import OTACryptoSodium
import OTADeltaEncoder
import OTAFlashSimulator
import OTAManifest
import OTASerial

/// Two images, the patch between them, and the keys of vendor and device.
final class TestWorld: Sendable {
  let vendor: TestKey
  let deviceKey: TestKey
  let device = CompactDevice(
    deviceID: UniversalIdentifier(high: 7, low: 1), vendorID: UniversalIdentifier(high: 7, low: 2),
    classID: UniversalIdentifier(high: 7, low: 3), hardwareRevision: 2, component: CompactComponent("app"))
  let old: [UInt8]
  let new: [UInt8]
  let patch: [UInt8]
  /// The memory of the decoder that the patch is for.
  static let decoderMemory: UInt32 = 10 << 10

  /// The one of all tests: to make a patch takes a moment.
  static let shared = Result { try TestWorld() }

  private init(seed: UInt64 = 1) throws {
    vendor = try TestKey()
    deviceKey = try TestKey()
    var random = SplitMix64(seed: seed)
    var old: [UInt8] = []
    for index in 0..<2500 {
      // Something like code: words that repeat, and some that do not.
      let word = index % 7 == 0 ? random.next() : UInt64(index % 50) &* 0x0101_0203_0405
      for byte in 0..<6 { old.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * byte))) }
    }
    var new = old
    for _ in 0..<40 {
      new[Int(random.next() % UInt64(new.count))] ^= UInt8(truncatingIfNeeded: random.next())
    }
    new.insert(contentsOf: (0..<777).map { _ in UInt8(truncatingIfNeeded: random.next()) }, at: 5003)
    self.old = old
    self.new = new
    patch = try NativeEncoder.makePatch(
      old: old, new: new, options: NativeEncoder.Options(memory: TestWorld.decoderMemory))
  }

  /// A manifest for this device.
  func manifest(
    sequenceNumber: UInt64 = 2, payload: PayloadDescription? = nil, isPatch: Bool = false
  ) -> Manifest {
    Manifest(
      sequenceNumber: SequenceNumber(sequenceNumber), newVersion: Version(2, 0, 0),
      component: ComponentIdentifier("app"),
      compatibility: Compatibility(vendorID: device.vendorID, classID: device.classID),
      image: ImageDescription(digest: digest(new), size: UInt32(new.count)),
      payload: payload ?? (isPatch ? patchPayload : imagePayload))
  }

  var imagePayload: PayloadDescription {
    PayloadDescription(
      of: new, uri: "new.bin", encoding: .identity, hash: SodiumSHA256.self, blockSize: 1024)
  }

  var patchPayload: PayloadDescription {
    PayloadDescription(
      of: patch, uri: "new.patch",
      encoding: .delta(
        DeltaDescription(
          format: .native,
          source: ImageDescription(digest: digest(old), size: UInt32(old.count)),
          memory: TestWorld.decoderMemory)), hash: SodiumSHA256.self, blockSize: 512)
  }

  func envelope(_ manifest: Manifest, by key: TestKey? = nil) throws -> [UInt8] {
    let key = key ?? vendor
    let unsigned = try UnsignedEnvelope(manifest, signedBy: key.publicKey)
    return try unsigned.envelope(signature: try key.key.signature(for: unsigned.signedBytes.span))
  }
}
