import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

/// A firmware in its container, as it is in a slot.
struct ChainImage: Sendable {
  /// What the updates bring: the container.
  let image: TestImage
  /// What runs.
  let firmware: [UInt8]
  /// What is measured: the hash that is signed.
  let digest: Digest
}

/// Who signs what on the device.
struct ChainKeys: Sendable {
  let root: SodiumSigner
  let application: SodiumSigner
  let stranger: SodiumSigner

  init() throws {
    root = try Self.signer(1)
    application = try Self.signer(2)
    stranger = try Self.signer(3)
  }

  private static func signer(_ number: UInt8) throws -> SodiumSigner {
    let seed = try SecretBytes(capacity: 32) { (writer) throws(ParseError) in
      try writer.write(repeating: number, count: 32)
    }
    return SodiumSigner(try Ed25519PrivateKey(seed: seed))
  }

  /// A container with noise in it.
  static func image(
    size: Int, sequenceNumber: UInt64, by signer: SodiumSigner, classID: UniversalIdentifier? = nil,
    counter: UInt32? = nil
  ) async throws -> ChainImage {
    let firmware = TestImage(size: size, sequenceNumber: sequenceNumber, seed: UInt64(size)).bytes
    var container = MCUbootImage(version: MCUbootVersion(1, UInt8(truncatingIfNeeded: sequenceNumber)))
    container.classID = classID
    container.securityCounter = counter
    let bytes = try await container.signed(firmware, by: signer, using: SodiumSHA256.self)
    var flash = try MCUbootBench.flash(bytes)
    let digest = try MCUbootContainer(reading: &flash, in: 0..<16384)
      .digest(on: &flash, using: SodiumSHA256.self).digest
    return ChainImage(
      image: TestImage(bytes: bytes, sequenceNumber: sequenceNumber), firmware: firmware, digest: digest)
  }
}

/// A device with a first stage in ROM, a second stage and an application in slots of their own, and a golden image: all
/// on one flash.
struct ChainBoard: Sendable, CustomTestStringConvertible {
  let name: String
  let geometry: FlashGeometry
  let writeToUsed: SimulatedFlash.WriteToUsed
  let secondStage: DeviceLayout
  let application: DeviceLayout
  let goldenRange: Range<UInt32>
  let keys: ChainKeys
  let oldStage: ChainImage
  let newStage: ChainImage
  let oldApplication: ChainImage
  let newApplication: ChainImage
  let golden: ChainImage

  var testDescription: String { name }

  static func uniform() async throws -> ChainBoard {
    try await ChainBoard(
      "units of 4",
      FlashGeometry(eraseBlockSize: 1024, blockCount: 18, writeSize: 4), .isRefused)
  }

  static func all() async throws -> [ChainBoard] {
    [
      try await uniform(),
      try await ChainBoard(
        "units of 16, erased to 0",
        FlashGeometry(eraseBlockSize: 1024, blockCount: 18, writeSize: 16, readSize: 8, erasedByte: 0),
        .isUndefined),
      try await ChainBoard(
        "application swapped with scratch",
        FlashGeometry(eraseBlockSize: 1024, blockCount: 19, writeSize: 4), .isRefused,
        strategy: .swapWithScratch(18432..<19456)),
    ]
  }

  private init(
    _ name: String, _ geometry: FlashGeometry, _ writeToUsed: SimulatedFlash.WriteToUsed,
    strategy: ActivationStrategy = .direct
  ) async throws {
    self.name = name
    self.geometry = geometry
    self.writeToUsed = writeToUsed
    secondStage = try DeviceLayout(
      slotA: 4096..<6144, slotB: 6144..<8192, journalA: 0..<2048, journalB: 2048..<4096, on: geometry)
    application = try DeviceLayout(
      slotA: 12288..<14336, slotB: 14336..<16384, journalA: 8192..<10240, journalB: 10240..<12288,
      strategy: strategy, on: geometry)
    goldenRange = 16384..<18432
    keys = try ChainKeys()
    oldStage = try await ChainKeys.image(size: 501, sequenceNumber: 3, by: keys.root)
    newStage = try await ChainKeys.image(size: 1103, sequenceNumber: 4, by: keys.root)
    oldApplication = try await ChainKeys.image(size: 907, sequenceNumber: 10, by: keys.application)
    newApplication = try await ChainKeys.image(size: 1511, sequenceNumber: 11, by: keys.application)
    golden = try await ChainKeys.image(size: 777, sequenceNumber: 1, by: keys.root)
  }

  /// What updates may change: the golden image is not in it.
  var ownRanges: [Range<UInt32>] {
    [0..<goldenRange.lowerBound, goldenRange.upperBound..<geometry.capacity]
  }

  var recovery: RecoveryPartition<SignedImages<SodiumVerifier>> {
    RecoveryPartition(
      goldenRange, authority: SignedImages(MCUbootKeys(keys.root.publicKey), verifier: SodiumVerifier()))
  }

  /// A device that runs the old second stage and the old application.
  func provisioned() throws -> SimulatedFlash {
    var flash = SimulatedFlash(geometry)
    var random = SplitMix64(seed: 1)
    flash.setContents((0..<Int(geometry.capacity)).map { _ in UInt8(truncatingIfNeeded: random.next()) })
    flash.writeToUsed = writeToUsed
    for (layout, image) in [(secondStage, oldStage.image), (application, oldApplication.image)] {
      let storage = try DeviceStorage.provision(
        flash, layout: layout, factoryImage: image.bytes.span, sequenceNumber: image.sequenceNumber,
        version: image.version, hash: SodiumSHA256.self)
      flash = storage.closed()
    }
    var contents = flash.contents
    contents.replaceSubrange(
      Int(goldenRange.lowerBound)..<Int(goldenRange.lowerBound) + golden.image.bytes.count,
      with: golden.image.bytes)
    flash.setContents(contents)
    flash.resetCounters()
    return flash
  }

  /// Runs one link of the chain, with the keys of that stage.
  func link(
    _ kind: StageKind, of chain: consuming BootChain, keys signer: SodiumSigner, on device: SharedFlash
  ) throws(StartError) -> VerifiedStage {
    try chain.next(
      kind, layout: kind == .secondStage ? secondStage : application,
      authority: SignedImages(MCUbootKeys(signer.publicKey), verifier: SodiumVerifier()),
      recovery: recovery, hash: SodiumSHA256.self
    ) { device }
  }
}
