import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

/// A small device with a layout, in the variants that tests run on.
struct TestBoard: Sendable, CustomTestStringConvertible {
  let name: String
  let geometry: FlashGeometry
  let layout: DeviceLayout
  let writeToUsed: SimulatedFlash.WriteToUsed

  var testDescription: String { name }

  /// Equal blocks of 1 KiB, 4-byte units, hardware that refuses to write over used units.
  static func uniform() throws -> TestBoard {
    let geometry = try FlashGeometry(eraseBlockSize: 1 << 10, blockCount: 24, writeSize: 4)
    let layout = try DeviceLayout(
      slotA: 4096..<12288, slotB: 12288..<20480, journalA: 0..<2048, journalB: 2048..<4096, on: geometry)
    return TestBoard(name: "uniform 1 KiB", geometry: geometry, layout: layout, writeToUsed: .isRefused)
  }

  /// Blocks of three sizes, 8-byte units, erased to zero, aligned reads, areas of several blocks, and hardware that
  /// carries out any write.
  static func mixed() throws -> TestBoard {
    let regions = [
      FlashGeometry.Region(eraseBlockSize: 512, blockCount: 8),
      FlashGeometry.Region(eraseBlockSize: 2048, blockCount: 8),
      FlashGeometry.Region(eraseBlockSize: 1024, blockCount: 4),
    ]
    let geometry = try FlashGeometry(regions: regions.span, writeSize: 8, readSize: 4, erasedByte: 0x00)
    let layout = try DeviceLayout(
      slotA: 4096..<12288, slotB: 12288..<20480, journalA: 0..<2048, journalB: 2048..<4096, on: geometry)
    return TestBoard(
      name: "mixed blocks, erased to 0", geometry: geometry, layout: layout, writeToUsed: .isUndefined)
  }

  static func all() throws -> [TestBoard] { [try uniform(), try mixed()] }

  /// The same device in each way of activation; the scratch area is behind slot b.
  func withEveryStrategy() throws -> [TestBoard] {
    try ActivationStrategy.Kind.allCases.map { kind in
      let strategy: ActivationStrategy =
        switch kind {
        case .direct: .direct
        case .swapWithScratch: .swapWithScratch(20480..<22528)
        case .swapByMove: .swapByMove
        case .swapByOffset: .swapByOffset
        case .overwrite: .overwrite
        }
      return TestBoard(
        name: "\(name), \(kind)", geometry: geometry,
        layout: try DeviceLayout(
          slotA: layout.slotA, slotB: layout.slotB, journalA: layout.journalA, journalB: layout.journalB,
          strategy: strategy, on: geometry),
        writeToUsed: writeToUsed)
    }
  }

  /// What the layout may change; the rest of the device is somebody else's.
  var ownRanges: [Range<UInt32>] {
    let slots = (0..<layout.imageCount).flatMap { [layout[.a, $0], layout[.b, $0]] }
    let ranges = slots + [layout.journalA, layout.journalB]
    guard case .swapWithScratch(let scratch) = layout.strategy else { return ranges }
    return ranges + [scratch]
  }

  /// A device full of old noise, as it comes from a shelf, to be provisioned.
  func used(seed: UInt64 = 1) -> SimulatedFlash {
    var flash = SimulatedFlash(geometry)
    var random = SplitMix64(seed: seed)
    flash.setContents((0..<Int(geometry.capacity)).map { _ in UInt8(truncatingIfNeeded: random.next()) })
    flash.writeToUsed = writeToUsed
    return flash
  }

  /// A device that runs the images of an update from slot a.
  func provisioned(_ image: TestImage) throws(StorageError) -> SimulatedFlash {
    guard image.companions.isEmpty else { return try provisionedSet(image) }
    let storage = try DeviceStorage.provision(
      used(), layout: layout, factoryImage: image.bytes.span, sequenceNumber: image.sequenceNumber,
      version: image.version, hash: SodiumSHA256.self)
    var flash = storage.closed()
    flash.resetCounters()
    return flash
  }

  private func provisionedSet(_ image: TestImage) throws(StorageError) -> SimulatedFlash {
    var flash = used()
    do throws(FlashError) {
      for (index, bytes) in image.images.enumerated() {
        try flash.erase(layout[.a, index])
        let unit = Int(geometry.writeSize)
        let padding = (unit - bytes.count % unit) % unit
        let padded = bytes + [UInt8](repeating: geometry.erasedByte, count: padding)
        try flash.write(padded.span, at: layout[.a, index].lowerBound)
      }
    } catch {
      throw .flash(error)
    }
    var provisioned = try DeviceStorage.provision(flash, layout: layout, image: image.record).closed()
    provisioned.resetCounters()
    return provisioned
  }

  /// Whether all images of an update are where they run when a slot boots.
  func runs(_ image: TestImage, of slot: SlotIdentifier, on flash: SimulatedFlash) -> Bool {
    image.images.enumerated().allSatisfy { index, bytes in
      let start = layout[layout.strategy == .direct ? slot : .a, index].lowerBound
      return flash.contents(of: start..<start + UInt32(bytes.count)) == bytes
    }
  }

  /// The bytes that a slot begins with.
  func bytes(_ count: Int, of slot: SlotIdentifier, on flash: SimulatedFlash) -> [UInt8] {
    let start = layout[slot].lowerBound
    return flash.contents(of: start..<start + UInt32(count))
  }
}

/// An image made of noise, or several, and the manifest that would bring them.
struct TestImage: Sendable {
  let bytes: [UInt8]
  /// The images beside the first.
  let companions: [[UInt8]]
  let sequenceNumber: SequenceNumber
  let version: Version

  init(size: Int, companions: [Int] = [], sequenceNumber: UInt64, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    bytes = (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    self.companions = companions.map { size in
      (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
    self.sequenceNumber = SequenceNumber(sequenceNumber)
    version = Version(1, UInt32(truncatingIfNeeded: sequenceNumber))
  }

  /// Images of given bytes.
  init(bytes: [UInt8], companions: [[UInt8]] = [], sequenceNumber: UInt64) {
    self.bytes = bytes
    self.companions = companions
    self.sequenceNumber = SequenceNumber(sequenceNumber)
    version = Version(1, UInt32(truncatingIfNeeded: sequenceNumber))
  }

  static let old = TestImage(size: 3001, sequenceNumber: 5, seed: 100)
  static let new = TestImage(size: 5003, sequenceNumber: 6, seed: 200)

  /// All images.
  var images: [[UInt8]] { [bytes] + companions }

  /// All images, one behind the other, as the update brings them.
  var payload: [UInt8] { images.flatMap(\.self) }

  var description: ImageDescription { Self.description(of: bytes) }

  var record: ImageRecord {
    var others = CompanionImages()
    for bytes in companions {
      do throws(ParseError) {
        try others.append(Self.description(of: bytes))
      } catch {
        preconditionFailure("the sets here have four images at most")
      }
    }
    return ImageRecord(
      image: description, companions: others, sequenceNumber: sequenceNumber, version: version)
  }

  private static func description(of bytes: [UInt8]) -> ImageDescription {
    ImageDescription(digest: SodiumSHA256.digest(of: bytes.span), size: UInt32(bytes.count))
  }

  var updateID: Digest {
    let name: [UInt8] = [UInt8](payload.prefix(16))
    return SodiumSHA256.digest(of: name.span)
  }

  var offer: Offer {
    Offer(updateID: updateID, sequenceNumber: sequenceNumber, imageSize: UInt32(payload.count))
  }

  /// What the manifest verifier would hand over.
  func verifiedManifest() -> VerifiedManifest {
    let identifier = UniversalIdentifier(high: 1, low: 2)
    let payload = self.payload
    let description = PayloadDescription(
      digest: SodiumSHA256.digest(of: payload.span), size: UInt32(payload.count), uri: [],
      encoding: .identity,
      blocks: BlockDigests(blockSize: 4096, digests: []))
    let manifest = Manifest(
      sequenceNumber: sequenceNumber, newVersion: version, component: ComponentIdentifier("app"),
      compatibility: Compatibility(vendorID: identifier, classID: identifier), image: self.description,
      companions: record.companions, payload: description)
    return VerifiedManifest(manifest: manifest, updateID: updateID)
  }
}
