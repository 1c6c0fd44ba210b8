import OTACore
import OTACryptoSodium
import Testing

@testable import OTAAgent

@Suite struct BlockAuthenticatorTests {
  private func payload(_ bytes: [UInt8], blockSize: UInt32) async throws -> PayloadDescription {
    try await Vendor().release(bytes, blockSize: blockSize).manifest.payload
  }

  @Test("Any division of the bytes gives the same blocks", arguments: [1, 2, 3, 7, 63, 64, 65, 1000])
  func division(step: Int) async throws {
    let bytes = Images.old(size: 1000)
    var authenticator = BlockAuthenticator<SodiumSHA256>(
      payload: try await payload(bytes, blockSize: 64), containing: 0)
    var blocks: [Int] = []
    var taken: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: step) {
      try authenticator.append(Array(bytes[start..<min(start + step, bytes.count)])) {
        (block) throws(PayloadFailure) in
        blocks.append(block.count)
        for index in 0..<block.count { taken.append(block[index]) }
      }
      #expect(authenticator.receivedBytes == UInt32(min(start + step, bytes.count)))
    }
    #expect(taken == bytes)
    #expect(blocks == [Int](repeating: 64, count: 15) + [40])
    #expect(authenticator.isComplete)
  }

  @Test("A block that is not the signed one is not handed on, and comes again")
  func refusal() async throws {
    let bytes = Images.old(size: 300)
    var authenticator = BlockAuthenticator<SodiumSHA256>(
      payload: try await payload(bytes, blockSize: 128), containing: 0)
    var wrong = bytes
    wrong[200] ^= 1
    var handed = 0
    #expect(throws: PayloadFailure.refused(.payloadDigestMismatch)) {
      try authenticator.append(wrong) { (block) throws(PayloadFailure) in handed += block.count }
    }
    #expect(handed == 128)
    #expect(authenticator.receivedBytes == 128)
    try authenticator.append(Array(bytes[128...])) { (block) throws(PayloadFailure) in handed += block.count }
    #expect(handed == 300)
  }

  @Test("A start inside the payload begins with the block that holds it")
  func offset() async throws {
    let bytes = Images.old(size: 300)
    let payload = try await payload(bytes, blockSize: 128)
    for (offset, expected) in [(0, 0), (127, 0), (128, 128), (255, 128), (300, 256)] as [(UInt32, UInt32)] {
      let authenticator = BlockAuthenticator<SodiumSHA256>(payload: payload, containing: offset)
      #expect(authenticator.authenticatedBytes == expected)
    }
  }
}

@Suite struct BackoffTests {
  @Test("Waits double up to the limit, and never overflow")
  func doubling() {
    let backoff = Backoff(initial: .seconds(1), limit: .seconds(10))
    #expect((1...6).map { backoff.delay(afterFailures: $0) } == [1, 2, 4, 8, 10, 10].map { .seconds($0) })
    #expect(backoff.delay(afterFailures: 0) == .seconds(1))
    #expect(backoff.delay(afterFailures: 255) == .seconds(10))
    #expect(Backoff(initial: .seconds(20), limit: .seconds(10)).delay(afterFailures: 1) == .seconds(10))
  }
}
