import Foundation
import OTACore
import OTACrypto
import OTACryptoSodium
import Testing

/// RFC 4231, section 4.
struct HMACVector: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var key: [UInt8]
  var message: [UInt8]
  var sha256: String
  var sha512: String

  static let all = [
    HMACVector(
      testDescription: "test case 1", key: [UInt8](repeating: 0x0b, count: 20),
      message: Array("Hi There".utf8),
      sha256: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
      sha512: "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
        + "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"),
    HMACVector(
      testDescription: "test case 2", key: Array("Jefe".utf8),
      message: Array("what do ya want for nothing?".utf8),
      sha256: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      sha512: "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
        + "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"),
    HMACVector(
      testDescription: "test case 3", key: [UInt8](repeating: 0xaa, count: 20),
      message: [UInt8](repeating: 0xdd, count: 50),
      sha256: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
      sha512: "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
        + "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb"),
    HMACVector(
      testDescription: "test case 6", key: [UInt8](repeating: 0xaa, count: 131),
      message: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
      sha256: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
      sha512: "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
        + "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"),
  ]
}

@Suite struct HMACTests {
  private static func code<Hash: HashFunction & ~Copyable>(
    _ hash: Hash.Type, _ key: [UInt8], _ message: [UInt8]
  ) -> String {
    HMAC<Hash>.code(for: message.span, key: key.span).description
  }

  @Test("The published codes come out, with every backend", arguments: HMACVector.all)
  func published(_ vector: HMACVector) throws {
    #expect(Self.code(SHA256.self, vector.key, vector.message) == vector.sha256)
    #expect(Self.code(SodiumSHA256.self, vector.key, vector.message) == vector.sha256)
    #expect(Self.code(SHA512.self, vector.key, vector.message) == vector.sha512)
    for split in vector.message.indices {
      var code = HMAC<SHA256>(key: vector.key.span)
      code.update(vector.message.span.extracting(0..<split))
      code.update(vector.message.span.extracting(split..<vector.message.count))
      #expect(code.finalize().description == vector.sha256)
    }
  }

  @Test("Only all of the code, and no other, is accepted", arguments: HMACVector.all)
  func verified(_ vector: HMACVector) throws {
    let tag = try #require([UInt8](hexadecimal: vector.sha256))
    func verify(_ tag: [UInt8]) throws(CryptoError) {
      var code = HMAC<SHA256>(key: vector.key.span)
      code.update(vector.message.span)
      try code.verify(tag: tag.span)
    }
    try verify(tag)
    for bit in 0..<256 {
      #expect(throws: CryptoError.authenticationFailed) { try verify(tag.flipping(bit)) }
    }
    for count in 0..<32 {
      #expect(throws: CryptoError.authenticationFailed) { try verify(Array(tag.prefix(count))) }
    }
    #expect(throws: CryptoError.authenticationFailed) { try verify(tag + [0]) }
  }

  private struct File: Decodable {
    struct Group: Decodable {
      struct Case: Decodable { var tcId: Int, key: String, msg: String, tag: String, result: String }
      var tagSize: Int
      var tests: [Case]
    }
    var numberOfTests: Int
    var testGroups: [Group]
  }

  @Test(
    "All Wycheproof verdicts on HMAC with SHA-256 are ours",
    .enabled(if: SharedVectors.has("wycheproof/hmac_sha256_test.json"), "needs ../shared/vectors"))
  func wycheproof() throws {
    let file = try JSONDecoder().decode(
      File.self, from: SharedVectors.data("wycheproof/hmac_sha256_test.json"))
    var count = 0
    for group in file.testGroups {
      for test in group.tests {
        count += 1
        let key = try #require([UInt8](hexadecimal: test.key))
        let message = try #require([UInt8](hexadecimal: test.msg))
        let tag = try #require([UInt8](hexadecimal: test.tag))
        let code = HMAC<SHA256>.code(for: message.span, key: key.span)
        let isEqual = isEqualInConstantTime(
          code.bytes.extracting(0..<group.tagSize / 8), tag.span)
        #expect(isEqual == (test.result == "valid"), "tcId \(test.tcId)")
      }
    }
    #expect(count == file.numberOfTests)
    #expect(count > 150)
  }
}
