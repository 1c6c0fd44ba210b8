import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

/// Whose images run, and whose are activated.
@Suite("Signers of images")
struct ImageSignerTests {
  private let board: TestBoard
  private let state: TrustState

  /// Key 4 was left out and boots still; key 6 installs.
  init() throws {
    board = try TestBoard.uniform()
    let first = try TrustBench.anchors(1, roots: [0, 1], manifest: [3], image: [4])
    let second = try TrustBench.anchors(2, roots: [0, 1], manifest: [5], image: [6])
    state = try TrustState(first).following(
      try TrustBench.verified(second, after: first, signedBy: [0, 1, 5, 6]), on: .confirmed(5))
  }

  private func image(_ number: UInt64, by key: Int) async throws -> TestImage {
    let signer = SodiumSigner(try TrustBench.privateKey(key))
    return try await ChainKeys.image(size: 700, sequenceNumber: number, by: signer).image
  }

  /// A verifier that trusts any of these.
  private func trusting(_ keys: [Int]) throws(MCUbootError) -> TrustedMCUbootKeys<SodiumVerifier> {
    var trusted = MCUbootKeys()
    for key in keys { try trusted.add(TrustBench.keys[key]) }
    return TrustedMCUbootKeys(trusted, verifier: SodiumVerifier())
  }

  private func signer(of image: TestImage) throws -> PublicKey {
    var storage = try DeviceStorage(opening: board.provisioned(image), layout: board.layout)
    let signers = try storage.signersOfRunningImage(
      trusting: state, by: try trusting([4, 6, 9]), using: SodiumSHA256.self)
    #expect(signers.count == 1)
    return signers[0]
  }

  /// What is said of an update to an image, before it is activated.
  private func refusal(of image: TestImage) async throws -> MCUbootError? {
    let old = try await self.image(5, by: 4)
    var storage = try DeviceStorage(opening: board.provisioned(old), layout: board.layout)
    var writer = try storage.beginStaging(image.verifiedManifest(), offer: image.offer)
    try storage.write(image.bytes.span, with: &writer)
    let verified = try storage.verify(try storage.finish(writer), using: SodiumSHA256.self)
    do throws(MCUbootError) {
      try storage.requireSignatures(
        under: verified, trusting: state, by: try trusting([4, 6, 9]), using: SodiumSHA256.self)
      return nil
    } catch {
      return error
    }
  }

  @Test("What runs may be signed with a key that is pending, and with none that only the verifier trusts")
  func running() async throws {
    #expect(try signer(of: try await image(5, by: 4)) == TrustBench.keys[4])
    #expect(try signer(of: try await image(5, by: 6)) == TrustBench.keys[6])
    let stranger = try await image(5, by: 9)
    #expect(throws: MCUbootError.keyNotTrusted) { try signer(of: stranger) }
    #expect(throws: MCUbootError.noImage) { try signer(of: .old) }
  }

  @Test("What is activated must be signed with a key that may install")
  func installing() async throws {
    #expect(try await refusal(of: try await image(6, by: 6)) == nil)
    #expect(try await refusal(of: try await image(6, by: 4)) == .keyNotTrusted)
    #expect(try await refusal(of: try await image(6, by: 9)) == .keyNotTrusted)
    #expect(try await refusal(of: .new) == .noImage)
  }

  @Test("What the journal says of the image that runs")
  func runningImage() async throws {
    let old = try await image(5, by: 4)
    let new = try await image(6, by: 6)
    var storage = try DeviceStorage(opening: board.provisioned(old), layout: board.layout)
    #expect(storage.runningImage == .confirmed(5))
    var writer = try storage.beginStaging(new.verifiedManifest(), offer: new.offer)
    #expect(storage.runningImage?.isSettled == false)
    try storage.write(new.bytes.span, with: &writer)
    try storage.activate(
      try storage.verify(try storage.finish(writer), using: SodiumSHA256.self), attempts: 2)
    #expect(
      storage.runningImage
        == RunningImage(sequenceNumber: SequenceNumber(6), isSettled: false, isConfirmed: false))
    var reverted = try DeviceStorage(opening: storage.closed(), layout: board.layout)
    try reverted.revert(.healthCheckFailed)
    #expect(reverted.runningImage == .confirmed(5))
    var again = try reverted.beginStaging(new.verifiedManifest(), offer: new.offer)
    try reverted.write(new.bytes.span, with: &again)
    try reverted.activate(
      try reverted.verify(try reverted.finish(again), using: SodiumSHA256.self), attempts: 2)
    try reverted.confirm()
    #expect(reverted.runningImage == .confirmed(6))
  }
}
