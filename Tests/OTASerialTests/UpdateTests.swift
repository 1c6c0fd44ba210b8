import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest
import OTASerial
import Testing

/// Whole updates over a line that loses nothing.
@Suite struct UpdateTests {
  let world: TestWorld

  init() throws { world = try TestWorld.shared.get() }

  @Test(arguments: [false, true]) func updateIsInstalledAndProved(isPatch: Bool) throws {
    let board = try TestBoard(world)
    let envelope = try world.envelope(world.manifest(isPatch: isPatch))
    let nonce: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
    var line = TestLine(
      board,
      .update(SerialUpdate(envelope: envelope, payloads: [world.new, world.patch], nonce: nonce)))
    let result = try line.run().get()
    #expect(try board.runningImage() == world.new)
    #expect(result.status.sequenceNumber == SequenceNumber(2))
    #expect(result.status.securityCounter == SequenceNumber(2))
    #expect(result.sentBytes == (isPatch ? world.patch.count : world.new.count))
    let bytes = try #require(result.receipt)
    let receipt = try verified(bytes, nonce: nonce)
    #expect(receipt.outcome == .installed)
    #expect(receipt.updateID == digest(envelope))
    #expect(receipt.runningImage == digest(world.new))
    let other: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 9]
    #expect(throws: ManifestError.crypto(.authenticationFailed)) { try verified(bytes, nonce: other) }
  }

  private func verified(_ bytes: [UInt8], nonce: [UInt8]) throws -> BootReceipt {
    try BootReceipt.verify(
      bytes.span, by: world.deviceKey.publicKey, nonce: nonce.span, using: SodiumVerifier())
  }

  @Test func sickImageIsReverted() throws {
    let board = try TestBoard(world)
    board.health = .bad
    let envelope = try world.envelope(world.manifest())
    var line = TestLine(board, .update(SerialUpdate(envelope: envelope, payloads: [world.new])))
    #expect(throws: SerialFailure.notInstalled(.reverted(.healthCheckFailed))) { try line.run().get() }
    #expect(try board.runningImage() == world.old)
    var receipt = TestLine(board, .receipt(nonce: []))
    let bytes = try #require(try receipt.run().get().receipt)
    // Without a nonce it is a receipt as servers take it.
    let said = try BootReceipt.verify(
      bytes.span, by: world.deviceKey.publicKey, using: SodiumVerifier())
    #expect(said.outcome == .reverted(.healthCheckFailed))
  }
}
