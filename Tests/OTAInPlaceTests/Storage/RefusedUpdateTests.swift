import OTACore
import OTACrypto
import OTADelta
import OTAFlashSimulator
import OTAInPlace
import OTAPartition
import OTATesting
import Testing

/// What is refused before a byte of the slot changes.
@Suite("Updates in place that are refused")
struct RefusedUpdateTests {
  @Test("A manifest that does not fit the device is refused before the store is erased")
  func manifest() throws {
    let bench = try Bench()
    let device = try bench.device()
    var storage = try bench.opened(device)
    let other = try Digest(algorithm: .sha512, bytes: Bench.bytes(64, seed: 4).span)
    let cases: [(InPlaceError, (inout Manifest) -> Void)] = [
      (.storage(.sequenceNumberReplayed), { $0.sequenceNumber = SequenceNumber(4) }),
      (.storage(.imageCountMismatch), { $0.companions = CompanionImages($0.image) }),
      (.storage(.imageTooLarge), { $0.image.size = 8 * Bench.block + 1 }),
      (.storage(.unsupportedAlgorithm), { $0.image.digest = other }),
      (.storage(.unsupportedAlgorithm), { $0.payload.digest = other }),
      (.storeTooSmall, { $0.payload.size = UInt32(bench.layout.store.count) + 1 }),
      (.sourceMismatch, { $0.payload.encoding = .identity }),
      (
        .sourceMismatch,
        {
          $0.payload.encoding = .delta(
            DeltaDescription(format: .native, source: bench.newRecord.image, memory: 0))
        }
      ),
    ]
    for (index, (error, change)) in cases.enumerated() {
      #expect(throws: error, "case \(index)") { _ = try storage.beginStaging(bench.manifest(change)) }
    }
    #expect(device.snapshot.counters.modifications == 0)
  }

  @Test("A payload of another length or digest is refused")
  func payload() throws {
    let bench = try Bench()
    let device = try bench.device()
    var storage = try bench.opened(device)
    var payload = bench.payload
    do {
      var writer = try storage.beginStaging(bench.manifest())
      #expect(Bench.write(Array(payload.dropLast()), with: &writer, &storage) == nil)
      #expect(Bench.write([1, 2], with: &writer, &storage) == .payloadSizeMismatch)
      let remaining = writer.remaining
      #expect(remaining == 1)
      let failure = Bench.finish(writer, &storage)
      #expect(failure == .payloadSizeMismatch)
    }
    payload[77] ^= 1
    var writer = try storage.beginStaging(bench.manifest())
    try storage.write(payload.span, with: &writer)
    let failure = Bench.finish(writer, &storage)
    #expect(failure == .payloadDigestMismatch)
    #expect(try bench.phase(device) == .confirmed(bench.oldRecord, report: nil))
  }

  @Test("Tokens of a staging that was given up are void")
  func tokens() throws {
    let bench = try Bench()
    let device = try bench.device()
    var storage = try bench.opened(device)
    var stale = try storage.beginStaging(bench.manifest())
    let verified = try bench.stage(&storage)
    #expect(Bench.write([1], with: &stale, &storage) == .storage(.superseded))
    let unfinished = Bench.finish(stale, &storage)
    #expect(unfinished == .storage(.superseded))
    try storage.eraseStore()
    let notBegun = Bench.begin(verified, &storage)
    #expect(notBegun == .storage(.superseded))
    #expect(try bench.phase(device) == .confirmed(bench.oldRecord, report: nil))
  }

  @Test("While an update is on its way, there is no other, and the store stays")
  func busy() throws {
    let bench = try Bench()
    let device = try bench.requested()
    for _ in 0..<2 {
      var storage = try bench.opened(device)
      #expect(throws: InPlaceError.storage(.slotInUse)) { _ = try storage.beginStaging(bench.manifest()) }
      #expect(throws: InPlaceError.storage(.slotInUse)) { try storage.eraseStore() }
      #expect(try bench.boot(device).image == bench.newRecord)
    }
  }

  @Test("Patches that do not go with the slot or the images are refused", arguments: PatchChange.all)
  func patches(_ change: PatchChange) throws {
    var bench = try Bench()
    change.apply(&bench)
    let device = try bench.device()
    var storage = try bench.opened(device)
    let payload = try bench.stage(&storage)
    let before = device.snapshot.counters.modifications
    let failure = Bench.begin(payload, &storage)
    #expect(failure == change.error)
    #expect(device.snapshot.counters.modifications == before)
    #expect(bench.slot(device, 300) == bench.old)
  }

  /// One field of one header is another one.
  struct PatchChange: Sendable, CustomTestStringConvertible {
    var name: String
    var error: InPlaceError
    var apply: @Sendable (inout Bench) -> Void

    var testDescription: String { name }

    init(_ name: String, _ error: InPlaceError, _ apply: @escaping @Sendable (inout Bench) -> Void) {
      (self.name, self.error, self.apply) = (name, error, apply)
    }

    static func set(_ field: Int, _ value: UInt32, in patch: inout [UInt8]) {
      for index in 0..<4 { patch[4 + 4 * field + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
    }

    static let all = [
      PatchChange("magic", .patch(.unsupportedFormat)) { $0.forward[0] ^= 1 },
      PatchChange("magic of the way back", .patch(.unsupportedFormat)) { $0.back[0] ^= 1 },
      PatchChange("old size", .patch(.imageSizeMismatch)) { set(0, 301, in: &$0.forward) },
      PatchChange("new size", .patch(.imageSizeMismatch)) { set(1, 461, in: &$0.forward) },
      PatchChange("the way back leads elsewhere", .patch(.imageSizeMismatch)) { set(1, 299, in: &$0.back) },
      PatchChange("no shift", .notAligned) { set(2, 0, in: &$0.forward) },
      PatchChange("half a block of shift", .notAligned) { set(2, 64, in: &$0.forward) },
      PatchChange("shift out of the slot", .slotTooSmall) { set(2, 6 * 128, in: &$0.forward) },
      PatchChange("shift out of everything", .slotTooSmall) { set(2, .max - 127, in: &$0.forward) },
      PatchChange("the way back does not fit", .slotTooSmall) { set(2, 5 * 128, in: &$0.back) },
      PatchChange("no segments", .notAligned) { set(3, 0, in: &$0.forward) },
      PatchChange("half a block of segment", .notAligned) { set(3, 64, in: &$0.forward) },
      PatchChange("segments larger than the shift", .notAligned) { set(3, 256, in: &$0.forward) },
      PatchChange("nothing left for the way back", .payloadSizeMismatch) {
        set(4, UInt32($0.payload.count), in: &$0.forward)
      },
      PatchChange("no patch", .payloadSizeMismatch) { set(4, 0, in: &$0.forward) },
      PatchChange("a patch as long as everything", .payloadSizeMismatch) { set(4, .max, in: &$0.forward) },
      PatchChange("bytes behind the way back", .payloadSizeMismatch) {
        set(4, UInt32($0.back.count - 1), in: &$0.back)
      },
      PatchChange("the way back is too short for a header", .patch(.truncated)) { $0.back.removeLast(301) },
    ]
  }

  @Test("An image that is not the one in the slot is refused before the request")
  func source() throws {
    let bench = try Bench()
    let device = try bench.device()
    var storage = try bench.opened(device)
    let payload = try bench.stage(&storage)
    device.withFlash { $0.flipBits(1, at: 299) }
    let failure = Bench.begin(payload, &storage)
    #expect(failure == .sourceMismatch)
  }

  @Test("A layout that cannot be is refused")
  func layouts() throws {
    let block = Bench.block
    let regions = [
      FlashGeometry.Region(eraseBlockSize: block, blockCount: 64),
      FlashGeometry.Region(eraseBlockSize: 2 * block, blockCount: 8),
    ]
    let geometry = try FlashGeometry(regions: regions.span, writeSize: 4)
    func layout(
      slot: Range<UInt32> = 0..<4, store: Range<UInt32> = 4..<8, a: Range<UInt32> = 8..<24,
      b: Range<UInt32> = 24..<40
    ) throws -> InPlaceLayout {
      func bytes(_ range: Range<UInt32>) -> Range<UInt32> {
        range.lowerBound * block..<range.upperBound * block
      }
      return try InPlaceLayout(
        slot: bytes(slot), store: bytes(store), journalA: bytes(a), journalB: bytes(b), on: geometry)
    }
    #expect(throws: Never.self) { try layout() }
    #expect(throws: LayoutError.tooSmall) { try layout(slot: 0..<1) }
    #expect(throws: LayoutError.tooSmall) { try layout(slot: 0..<0) }
    #expect(throws: LayoutError.unequalBlocks) { try layout(slot: 60..<66) }
    #expect(throws: LayoutError.outOfBounds) { try layout(slot: 78..<82) }
    #expect(throws: LayoutError.notAligned) { try layout(slot: 65..<68) }
    #expect(throws: LayoutError.overlap) { try layout(slot: 0..<5) }
    #expect(throws: LayoutError.overlap) { try layout(store: 4..<9) }
    #expect(throws: LayoutError.overlap) { try layout(b: 23..<40) }
    #expect(throws: LayoutError.tooSmall) { try layout(a: 8..<19) }
    let layout = try layout()
    let other = try FlashGeometry(eraseBlockSize: 4 * block, blockCount: 64, writeSize: 4)
    #expect(throws: InPlaceError.self) {
      _ = try InPlaceStorage(opening: SharedFlash(SimulatedFlash(other)), layout: layout, hash: SHA256.self)
    }
  }
}
