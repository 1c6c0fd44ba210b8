import OTACore
import OTAServerSQLite
import Testing

@testable import OTAServer

@Suite struct CandidateTests {
  /// Random updates around the facts of one device, so that each rule is met and broken often.
  private static func update(
    _ number: Int, _ fixture: Fixture, using generator: inout SplitMix
  ) -> (manifest: Manifest, payload: [UInt8]) {
    func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &generator) == 0 }
    let payload =
      [UInt8](repeating: UInt8(number % 251), count: Int.random(in: 1...50, using: &generator))
      + [UInt8(number / 251), UInt8(number % 251)]
    let compatibility = Compatibility(
      vendorID: chance(6) ? UniversalIdentifier(high: 9, low: 9) : Fixture.vendor,
      classID: chance(6) ? UniversalIdentifier(high: 9, low: 9) : Fixture.product,
      deviceID: chance(4) ? (chance(2) ? fixture.device.id : UniversalIdentifier(high: 9, low: 9)) : nil,
      hardwareRevisions: chance(2) ? (chance(2) ? 0...1 : 2...3) : nil)
    let source: [UInt8] = chance(2) ? [0] : [1]
    let image: [UInt8] = [UInt8.random(in: 0...5, using: &generator)]
    return (
      Fixture.manifest(
        payload, sequenceNumber: UInt64.random(in: 1...8, using: &generator),
        required: chance(3) ? (chance(2) ? Version(1, 0) : Version(1, 0, 1)) : nil,
        delta: chance(2) ? (image: image, source: source, memory: chance(2) ? 100 : 200) : nil,
        compatibility: compatibility,
        component: chance(6) ? ComponentIdentifier("radio") : Fixture.component), payload
    )
  }

  @Test("the store leaves out no update that fits, and none that fits is one that history forbids")
  func agreement() async throws {
    let seed = UInt64.random(in: .min ... .max)
    print("Candidates seed: \(seed)")
    var generator = SplitMix(state: seed)
    for _ in 0..<10 {
      let fixture = try await Fixture()
      var all: [PublishedUpdate] = []
      for number in 0..<60 {
        let (manifest, payload) = CandidateTests.update(number, fixture, using: &generator)
        // Straight into the store: the files do not matter here.
        let update = PublishedUpdate(
          manifest: manifest, id: Fixture.digest(payload + [0]), envelopeSize: 1,
          publishedAt: fixture.clock.now)
        try await fixture.store.publish(
          update,
          artifacts: [
            ArtifactRecord(digest: update.id, size: 1),
            ArtifactRecord(digest: update.payload.digest, size: UInt64(payload.count)),
          ])
        all.append(update)
      }
      var failed: Set<Digest> = []
      var revertedImages: Set<Digest> = []
      for step in 0..<8 {
        let selection = UpdateSelection(
          profile: fixture.device.profile(component: Fixture.component), version: Version(1, 0),
          sequenceNumber: SequenceNumber(UInt64.random(in: 0...3, using: &generator)),
          imageDigest: Fixture.digest([0]), deltaFormats: [.bsdiff43], decoderMemory: 150)
        let query = UpdateQuery(
          profile: selection.profile, sequenceNumber: selection.sequenceNumber,
          imageDigest: selection.imageDigest)
        let candidates = try await fixture.store.candidates(for: query)
        let expected = all.filter { update in
          selection.refusal(of: update) == nil && !failed.contains(update.id)
            && !revertedImages.contains(update.image.digest)
        }
        #expect(Set(candidates.map(\.id)).isSuperset(of: expected.map(\.id)))
        #expect(selection.best(of: candidates) == selection.best(of: expected))
        guard let best = selection.best(of: candidates) else { break }

        let isReverted = step % 2 == 1
        let receipt = try await fixture.receipt(
          best.id, isReverted ? .reverted(.healthCheckFailed) : .failed(.imageTooLarge),
          sequenceNumber: UInt64(step))
        #expect(try await fixture.report(receipt).status == 204)
        if isReverted { revertedImages.insert(best.image.digest) } else { failed.insert(best.id) }
      }
    }
  }
}
