import OTACore
import OTACrypto
import OTACryptoSodium
import Testing

@Suite struct BlockVerifierTests {
  private static let backends = CryptoBackends([.sodium, .portable])

  private static func blocks(of bytes: [UInt8], size: Int) -> BlockDigests {
    let digests = stride(from: 0, to: bytes.count, by: size).map { start in
      SHA256.digest(of: Array(bytes[start..<min(start + size, bytes.count)]).span)
    }
    return BlockDigests(blockSize: UInt32(size), digests: digests)
  }

  /// Why bytes are refused, in memory and piece by piece.
  private static func refusals(
    _ blocks: BlockDigests, _ bytes: [UInt8], size: Int, workers: Int = 3
  ) async throws -> [CryptoError?] {
    let verifier = try BlockVerifier(blocks, size: UInt32(size), backends: backends)
    var refusals: [CryptoError?] = []
    do throws(CryptoError) {
      try await verifier.verify(bytes, workers: workers)
      refusals.append(nil)
    } catch {
      refusals.append(error)
    }
    do throws(CryptoError) {
      try await verifier.verify(workers: workers) { offset, buffer in
        guard offset + buffer.count <= bytes.count else { return false }
        for index in 0..<buffer.count { buffer[index] = bytes[offset + index] }
        return true
      }
      refusals.append(nil)
    } catch {
      refusals.append(error)
    }
    return refusals
  }

  @Test(
    "Whole blocks, a short one at the end, one block, and none", arguments: [0, 1, 99, 100, 101, 1000, 1001])
  func good(_ count: Int) async throws {
    var generator = SeededGenerator()
    let bytes = generator.bytes(count)
    let blocks = Self.blocks(of: bytes, size: 100)
    for workers in [1, 2, 7, 100] {
      #expect(try await Self.refusals(blocks, bytes, size: count, workers: workers) == [nil, nil])
    }
  }

  @Test("Many short blocks, several of them taken at a time, and a changed one among them")
  func short() async throws {
    var generator = SeededGenerator()
    var bytes = generator.bytes(200_010)
    let blocks = Self.blocks(of: bytes, size: 1000)
    #expect(try await Self.refusals(blocks, bytes, size: bytes.count) == [nil, nil])
    for index in [0, 64_999, 65_000, 131_072, 199_999, 200_009] {
      bytes[index] ^= 1
      #expect(
        try await Self.refusals(blocks, bytes, size: bytes.count)
          == [.authenticationFailed, .authenticationFailed])
      bytes[index] ^= 1
    }
  }

  @Test("A changed byte in any block is found by any number of workers")
  func changed() async throws {
    var generator = SeededGenerator()
    let bytes = generator.bytes(1050)
    let blocks = Self.blocks(of: bytes, size: 100)
    for index in Array(stride(from: 0, to: bytes.count, by: 7)) + [bytes.count - 1] {
      var wrong = bytes
      wrong[index] ^= 1
      for workers in [1, 4] {
        #expect(
          try await Self.refusals(blocks, wrong, size: bytes.count, workers: workers)
            == [.authenticationFailed, .authenticationFailed])
      }
    }
  }

  @Test("Another number of bytes or of digests is refused, and so is what can not be read")
  func lengths() async throws {
    let bytes = [UInt8](repeating: 1, count: 250)
    let blocks = Self.blocks(of: bytes, size: 100)
    #expect(
      try await Self.refusals(blocks, Array(bytes.dropLast()), size: 250) == [
        .authenticationFailed, .unavailable,
      ])
    for size: UInt32 in [0, 200, 301] {
      #expect(throws: CryptoError.authenticationFailed) {
        try BlockVerifier(blocks, size: size, backends: Self.backends)
      }
    }
    #expect(throws: CryptoError.authenticationFailed) {
      try BlockVerifier(
        BlockDigests(blockSize: 0, digests: blocks.digests), size: 250, backends: Self.backends)
    }
    #expect(throws: CryptoError.authenticationFailed) {
      try BlockVerifier(BlockDigests(blockSize: 0, digests: []), size: 0, backends: Self.backends)
    }
    #expect(throws: CryptoError.unsupportedAlgorithm) {
      try BlockVerifier(blocks, size: 250, backends: CryptoBackends([]))
    }
  }
}
