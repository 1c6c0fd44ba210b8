import OTAAgent
import OTACore
import OTAServer
import Synchronization

extension DemoWorld {
  /// Somebody between device and server, or on the server, offers what he should not.
  func tellAttacks() async throws(CommandFailure) {
    try story.chapter("attacks", "Somebody in the middle offers four things that must be refused")
    let genuine = try await publisher.release(firmware.old, from: firmware.new, sequenceNumber: 4)
    try await server.publish(genuine)
    var tampered = genuine.payload
    tampered[0] ^= 1
    try await attack(
      "tampered", "a payload with one bit changed", genuine.envelope, tampered, mustBe: .payloadDigestMismatch
    )

    let stranger = try await DemoPublisher().release(firmware.old, from: nil, sequenceNumber: 5)
    try await attack(
      "stranger", "a manifest signed by a stranger", stranger.envelope, stranger.payload, mustBe: .unknownKey)

    try await attack(
      "replayed", "an older manifest with its good signature", patch.envelope, patch.payload,
      mustBe: .sequenceNumberReplayed)

    let foreign = try await publisher.release(
      firmware.old, from: nil, sequenceNumber: 6, hardwareRevisions: 7...9)
    try await attack(
      "otherHardware", "an image for other hardware", foreign.envelope, foreign.payload,
      mustBe: .hardwareRevisionMismatch)

    let deployment = try await server.deployment(of: genuine.updateID, on: leader)
    try story.check(
      "the server knows from the device that the tampered payload was refused",
      deployment?.state == .failed && deployment?.code == .payloadDigestMismatch)
    try story.check("the device still runs the new image", try leader.runningImage() == firmware.new.digest)
  }

  private func attack(
    _ name: String, _ what: String, _ envelope: [UInt8], _ payload: [UInt8], mustBe code: ErrorCode
  ) async throws(CommandFailure) {
    let refusals = RefusalLog()
    let before = leader.wear.operations
    let line = HostileTransport(
      server.transport, attack: HostileTransport.Attack(envelope: envelope, payload: payload))
    try await leader.run(over: line) { refusals.note($0) }
    let operations = leader.wear.operations - before
    let codes = refusals.codes
    if codes == [code] { totals.refusals += 1 }
    story.figure("\(name)FlashOperations", operations)
    story.figure("\(name)Code", Int(codes.first?.rawValue ?? 0))
    let names = codes.isEmpty ? "not refused" : codes.map(\.text).joined(separator: ", ")
    try story.check("\(what): \(names), \(operations) flash operations", codes == [code] && operations == 0)
  }
}

/// The refusals that an agent tells of.
private final class RefusalLog: Sendable {
  private let log = Mutex<[ErrorCode]>([])

  var codes: [ErrorCode] { log.withLock { $0 } }

  func note(_ notice: AgentNotice) {
    if case .refused(let code) = notice { log.withLock { $0.append(code) } }
  }
}
