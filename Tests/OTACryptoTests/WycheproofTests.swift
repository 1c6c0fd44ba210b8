import Foundation
import OTACore
import OTACrypto
import OTACryptoSodium
import Testing

/// The part of a Wycheproof file (testvectors_v1) that is needed here.
private struct WycheproofFile: Decodable {
  struct Group: Decodable {
    struct Key: Decodable { var pk: String }
    struct Case: Decodable {
      var tcId: Int
      var comment: String
      var msg: String
      var sig: String
      var result: String
    }
    var publicKey: Key
    var tests: [Case]
  }
  var numberOfTests: Int
  var testGroups: [Group]
}

@Suite struct WycheproofTests {
  static let file = "wycheproof/ed25519_test.json"

  @Test(
    "All Wycheproof verdicts on Ed25519 are ours",
    .enabled(if: SharedVectors.has(file), "needs ../shared/vectors"))
  func ed25519() throws {
    let file = try JSONDecoder().decode(WycheproofFile.self, from: SharedVectors.data(Self.file))
    let verifier = SodiumVerifier()
    var count = 0
    for group in file.testGroups {
      let bytes = try #require([UInt8](hexadecimal: group.publicKey.pk))
      let key = try PublicKey(algorithm: .ed25519, bytes: bytes)
      for test in group.tests {
        count += 1
        let message = try #require([UInt8](hexadecimal: test.msg))
        let signature = try #require([UInt8](hexadecimal: test.sig))
        let name: Comment = "tcId \(test.tcId): \(test.comment)"
        switch test.result {
        case "valid":
          #expect(throws: Never.self, name) {
            try verifier.verify(signature: signature.span, of: message.span, by: key)
          }
        case "invalid":
          #expect(throws: CryptoError.authenticationFailed, name) {
            try verifier.verify(signature: signature.span, of: message.span, by: key)
          }
        default:
          Issue.record("verdict \(test.result) has no rule here, \(name)")
        }
      }
    }
    #expect(count == file.numberOfTests)
    #expect(count > 100)
  }
}
