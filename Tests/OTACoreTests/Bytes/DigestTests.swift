import OTACore
import Testing

@Suite("Digest")
struct DigestTests {
  @Test("takes just as many bytes as its algorithm makes", arguments: DigestAlgorithm.allCases)
  func lengths(algorithm: DigestAlgorithm) {
    for count in 0...65 {
      let bytes = (0..<count).map { UInt8($0) }
      let result = make(algorithm, bytes)
      if count == algorithm.byteCount {
        #expect(result.value.map { array($0.bytes) } == bytes)
      } else {
        #expect(result == .failure(ParseError(.invalidValue, at: 0)))
      }
    }
  }

  @Test("differs in every single bit", arguments: DigestAlgorithm.allCases)
  func equality(algorithm: DigestAlgorithm) throws {
    let bytes = (0..<algorithm.byteCount).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    let digest = try #require(make(algorithm, bytes).value)
    let same = try #require(make(algorithm, bytes).value)
    #expect(digest == same)
    #expect(digest.hashValue == same.hashValue)
    for bit in 0..<bytes.count * 8 {
      var changed = bytes
      changed[bit / 8] ^= 1 << (bit % 8)
      let other = try #require(make(algorithm, changed).value)
      #expect(digest != other, "bit \(bit)")
    }
  }

  @Test("of two algorithms with the same bytes is not the same digest")
  func algorithmsDiffer() throws {
    let bytes = [UInt8](repeating: 7, count: 32)
    let first = try #require(make(.sha256, bytes).value)
    let second = try #require(make(.blake2b256, bytes).value)
    #expect(first != second)
  }

  @Test("has the numbers of COSE (RFC 9054)")
  func numbers() {
    #expect(DigestAlgorithm.sha256.rawValue == -16)
    #expect(DigestAlgorithm.sha384.rawValue == -43)
    #expect(DigestAlgorithm.sha512.rawValue == -44)
    #expect(DigestAlgorithm.allCases.map(\.byteCount) == [32, 48, 64, 64, 32, 32, 48, 64])
    #expect(DigestAlgorithm.shake256.rawValue == -45)
  }

  @Test("is written in lower-case hexadecimal")
  func text() throws {
    let digest = try #require(make(.sha256, [0x0a, 0xff] + [UInt8](repeating: 0, count: 30)).value)
    #expect(digest.description == "0aff" + String(repeating: "0", count: 60))
  }

  private func make(_ algorithm: DigestAlgorithm, _ bytes: [UInt8]) -> Result<Digest, ParseError> {
    do throws(ParseError) {
      return .success(try Digest(algorithm: algorithm, bytes: bytes.span))
    } catch {
      return .failure(error)
    }
  }
}
