import OTACore
import Testing

@testable import OTAServer

@Suite struct UpdateSelectionTests {
  static let running: [UInt8] = [1]

  static func selection(
    formats: [DeltaFormat] = [.bsdiff43], memory: UInt32 = 1000, version: Version = Version(1, 0)
  ) -> UpdateSelection {
    UpdateSelection(
      profile: DeviceProfile(
        deviceID: UniversalIdentifier(high: 3, low: 3), vendorID: Fixture.vendor, classID: Fixture.product,
        hardwareRevision: 2, component: Fixture.component),
      version: version, sequenceNumber: SequenceNumber(5), imageDigest: Fixture.digest(running),
      deltaFormats: formats, decoderMemory: memory)
  }

  static func update(
    _ payload: UInt8, _ sequenceNumber: UInt64, delta source: [UInt8]? = nil, memory: UInt32 = 1000,
    required: Version? = nil, compatibility: Compatibility? = nil,
    component: ComponentIdentifier = Fixture.component,
    size: Int = 10
  ) -> PublishedUpdate {
    let bytes = [UInt8](repeating: payload, count: size)
    let manifest = Fixture.manifest(
      bytes, sequenceNumber: sequenceNumber, required: required,
      delta: source.map { (image: [9], source: $0, memory: memory) }, compatibility: compatibility,
      component: component)
    return PublishedUpdate(
      manifest: manifest, id: Fixture.digest(bytes + [0]), envelopeSize: 1,
      publishedAt: Timestamp(secondsSince1970: 0))
  }

  static func compatibility(
    vendor: UInt64 = 1, product: UInt64 = 2, device: UInt64? = nil, revisions: ClosedRange<UInt32>? = nil
  ) -> Compatibility {
    Compatibility(
      vendorID: UniversalIdentifier(high: vendor, low: vendor),
      classID: UniversalIdentifier(high: product, low: product),
      deviceID: device.map { UniversalIdentifier(high: $0, low: $0) }, hardwareRevisions: revisions)
  }

  static let refusals: [(update: PublishedUpdate, code: ErrorCode?)] = [
    (update(1, 6), nil),
    (update(1, 6, required: Version(1, 0)), nil),
    (update(1, 6, compatibility: compatibility(device: 3, revisions: 2...2)), nil),
    (update(1, 6, delta: running), nil),
    (update(1, 5), .sequenceNumberReplayed),
    (update(1, 4), .sequenceNumberReplayed),
    (update(1, 6, component: ComponentIdentifier("radio")), .unknownComponent),
    (update(1, 6, compatibility: compatibility(vendor: 9)), .vendorMismatch),
    (update(1, 6, compatibility: compatibility(product: 9)), .classMismatch),
    (update(1, 6, compatibility: compatibility(device: 9)), .deviceMismatch),
    (update(1, 6, compatibility: compatibility(revisions: 3...4)), .hardwareRevisionMismatch),
    (update(1, 6, compatibility: compatibility(revisions: 0...1)), .hardwareRevisionMismatch),
    (update(1, 6, required: Version(1, 0, 1)), .requiredVersionMissing),
    (update(1, 6, delta: [2]), .deltaSourceMismatch),
    (update(1, 6, delta: running, memory: 1001), .deltaMemoryExceeded),
  ]

  @Test("each rule refuses what breaks it, and only that", arguments: refusals)
  func refusal(update: PublishedUpdate, code: ErrorCode?) {
    #expect(UpdateSelectionTests.selection().refusal(of: update) == code)
    #expect((UpdateSelectionTests.selection().best(of: [update]) == nil) == (code != nil))
  }

  @Test("a patch in a format that the device has not is refused")
  func format() {
    let update = UpdateSelectionTests.update(1, 6, delta: UpdateSelectionTests.running)
    #expect(UpdateSelectionTests.selection(formats: []).refusal(of: update) == .deltaUnsupportedFormat)
  }

  @Test("the highest number wins, then a patch, then the shorter one, in whatever order they come")
  func order() throws {
    let running = UpdateSelectionTests.running
    let ranked = [
      UpdateSelectionTests.update(1, 8, delta: running, size: 20),
      UpdateSelectionTests.update(2, 8, delta: running, size: 30),
      UpdateSelectionTests.update(3, 8, size: 5),
      UpdateSelectionTests.update(4, 8, size: 6),
      UpdateSelectionTests.update(5, 7, delta: running, size: 1),
      UpdateSelectionTests.update(6, 6, size: 1),
    ]
    let seed = UInt64.random(in: .min ... .max)
    print("UpdateSelection order seed: \(seed)")
    var generator = SplitMix(state: seed)
    for first in ranked.indices {
      for _ in 0..<20 {
        let candidates = ranked[first...].shuffled(using: &generator)
        #expect(UpdateSelectionTests.selection().best(of: candidates) == ranked[first])
      }
    }
    #expect(UpdateSelectionTests.selection().best(of: []) == nil)
  }

  @Test("when every variant of the newest is unusable, the next older one is offered")
  func fallback() {
    let unusable = UpdateSelectionTests.update(1, 9, delta: [2])
    let older = UpdateSelectionTests.update(2, 8)
    #expect(UpdateSelectionTests.selection().best(of: [unusable, older]) == older)
  }
}
