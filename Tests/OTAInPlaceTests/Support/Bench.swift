import OTACore
import OTACrypto
import OTAFlashSimulator
import OTAInPlace
import OTAPartition
import OTATesting

typealias Storage = InPlaceStorage<SharedFlash, SHA256>

/// A device with an image, and an update for it; everything about either can be changed before it is used.
struct Bench {
  static let block: UInt32 = 128

  var geometry: FlashGeometry
  var layout: InPlaceLayout
  var old: [UInt8]
  var new: [UInt8]
  var forward: [UInt8]
  var back: [UInt8]
  var sequenceNumber: UInt64 = 6

  // The slot, and shift and segments of both patches, are counted in blocks.
  init(
    oldSize: Int = 300, newSize: Int = 460, slot: UInt32 = 8, shift: UInt32 = 1, segment: UInt32 = 1,
    writeSize: UInt32 = 4
  ) throws {
    let block = Self.block
    let store = UInt32(oldSize + newSize + 48 + 127) / block
    let areas = (slot + store) * block
    geometry = try FlashGeometry(eraseBlockSize: block, blockCount: slot + store + 32, writeSize: writeSize)
    layout = try InPlaceLayout(
      slot: 0..<slot * block, store: slot * block..<areas, journalA: areas..<areas + 16 * block,
      journalB: areas + 16 * block..<areas + 32 * block, on: geometry)
    old = Self.bytes(oldSize, seed: 1)
    new = Self.bytes(newSize, seed: 2)
    forward = DifferenceCodec.patch(from: old, to: new, shift: shift * block, segmentSize: segment * block)
    back = DifferenceCodec.patch(from: new, to: old, shift: shift * block, segmentSize: segment * block)
  }

  static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  static func record(_ image: [UInt8], _ sequenceNumber: UInt64) -> ImageRecord {
    ImageRecord(
      image: ImageDescription(digest: SHA256.digest(of: image.span), size: UInt32(image.count)),
      sequenceNumber: SequenceNumber(sequenceNumber), version: Version(1, 0))
  }

  var payload: [UInt8] { forward + back }
  var oldRecord: ImageRecord { Self.record(old, 5) }
  var newRecord: ImageRecord { Self.record(new, sequenceNumber) }
  var updateID: Digest { SHA256.digest(of: Self.bytes(10, seed: 3).span) }

  /// What the manifest verifier would hand over.
  func manifest(_ change: (inout Manifest) -> Void = { _ in }) -> VerifiedManifest {
    let identifier = UniversalIdentifier(high: 1, low: 2)
    let payload = payload
    var manifest = Manifest(
      sequenceNumber: newRecord.sequenceNumber, newVersion: newRecord.version,
      component: ComponentIdentifier("app"),
      compatibility: Compatibility(vendorID: identifier, classID: identifier), image: newRecord.image,
      payload: PayloadDescription(
        digest: SHA256.digest(of: payload.span), size: UInt32(payload.count), uri: [],
        encoding: .delta(DeltaDescription(format: .native, source: oldRecord.image, memory: 0)),
        blocks: BlockDigests(blockSize: 4096, digests: [])))
    change(&manifest)
    return VerifiedManifest(manifest: manifest, updateID: updateID)
  }

  /// The device with the old image.
  func device() throws -> SharedFlash {
    var flash = SimulatedFlash(geometry)
    var bytes = old
    while bytes.count % Int(geometry.writeSize) != 0 { bytes.append(geometry.erasedByte) }
    try flash.write(bytes.span, at: layout.slot.lowerBound)
    flash = try InPlaceStorage.provision(flash, layout: layout, image: oldRecord, hash: SHA256.self).closed()
    flash.resetCounters()
    return SharedFlash(flash)
  }

  func opened(_ device: SharedFlash) throws -> Storage {
    try Storage(opening: device, layout: layout, hash: SHA256.self)
  }

  /// Stages the payload, a few bytes at a time.
  func stage(_ storage: inout Storage) throws -> VerifiedPayload {
    var writer = try storage.beginStaging(manifest())
    let payload = payload
    while writer.remaining > 0 {
      let start = Int(writer.offset)
      let chunk = payload[start..<min(start + 61, payload.count)]
      try storage.write(chunk.span, with: &writer)
    }
    return try storage.finish(writer)
  }

  /// A device on which the update was requested.
  func requested(attempts: UInt8 = 2) throws -> SharedFlash {
    let device = try device()
    var storage = try opened(device)
    let payload = try stage(&storage)
    try storage.begin(payload, codec: DifferenceCodec.self, attempts: attempts)
    return device
  }

  /// A start of the device.
  func boot(_ device: SharedFlash) throws -> BootDecision {
    var storage = try opened(device)
    var codec = DifferenceCodec()
    return try storage.boot(with: &codec)
  }

  func phase(_ device: SharedFlash) throws -> InPlacePhase { try opened(device).state.phase }

  /// The first bytes of the slot.
  func slot(_ device: SharedFlash, _ count: Int) -> [UInt8] {
    device.withFlash { $0.contents(of: layout.slot.lowerBound..<layout.slot.lowerBound + UInt32(count)) }
  }

  // MARK: What tokens are refused with

  static func write(
    _ bytes: [UInt8], with writer: inout StoreWriter, _ storage: inout Storage
  ) -> InPlaceError? {
    do throws(InPlaceError) {
      try storage.write(bytes.span, with: &writer)
      return nil
    } catch {
      return error
    }
  }

  static func finish(_ writer: consuming StoreWriter, _ storage: inout Storage) -> InPlaceError? {
    do throws(InPlaceError) {
      _ = try storage.finish(writer)
      return nil
    } catch {
      return error
    }
  }

  static func begin(_ payload: consuming VerifiedPayload, _ storage: inout Storage) -> InPlaceError? {
    do throws(InPlaceError) {
      try storage.begin(payload, codec: DifferenceCodec.self, attempts: 1)
      return nil
    } catch {
      return error
    }
  }
}
