import Foundation
import OTACore
import OTACrypto
import OTACryptoOpenSSL
import Testing

/// The part of a Wycheproof file (testvectors_v1) on signatures that is needed here.
private struct SignatureFile: Decodable {
  struct Group: Decodable {
    struct Case: Decodable {
      var tcId: Int
      var comment: String
      var flags: [String]
      var msg: String
      var sig: String
      var result: String
    }
    var publicKeyDer: String
    var tests: [Case]
  }
  var numberOfTests: Int
  var testGroups: [Group]
}

@Suite struct WycheproofSignatureTests {
  static let ecdsaFile = "wycheproof/ecdsa_secp256r1_sha256_test.json"
  static let rsaFile = "wycheproof/rsa_signature_2048_sha256_test.json"

  @Test(
    "All Wycheproof verdicts on ECDSA with P-256 are ours",
    .enabled(if: SharedVectors.has(ecdsaFile), "needs ../shared/vectors"))
  func ecdsa() throws {
    try verify(Self.ecdsaFile, .ecdsaP256SHA256, acceptable: [])
  }

  // Docs/Crypto.md: "acceptable" is refused where the form is not the one of the standard.
  @Test(
    "All Wycheproof verdicts on RSA with PKCS #1 v1.5 are ours; a missing NULL is refused",
    .enabled(if: SharedVectors.has(rsaFile), "needs ../shared/vectors"))
  func rsa() throws {
    try verify(Self.rsaFile, .rsaPKCS1SHA256, acceptable: ["MissingNull"])
  }

  // acceptable: flags of cases that are called acceptable, and that the policy refuses.
  private func verify(_ path: String, _ scheme: OpenSSLSignatureScheme, acceptable: Set<String>) throws {
    let file = try JSONDecoder().decode(SignatureFile.self, from: SharedVectors.data(path))
    var count = 0
    for group in file.testGroups {
      let der = try #require([UInt8](hexadecimal: group.publicKeyDer))
      let key = try OpenSSLPublicKey(subjectPublicKeyInfo: der.span)
      #expect(try key.subjectPublicKeyInfo() == der)
      for test in group.tests {
        count += 1
        let message = try #require([UInt8](hexadecimal: test.msg))
        let signature = try #require([UInt8](hexadecimal: test.sig))
        let name: Comment = "tcId \(test.tcId): \(test.comment)"
        switch test.result {
        case "valid":
          #expect(throws: Never.self, name) {
            try key.verify(signature: signature.span, of: message.span, scheme: scheme)
          }
        case "acceptable" where acceptable.isSuperset(of: test.flags), "invalid":
          #expect(throws: CryptoError.authenticationFailed, name) {
            try key.verify(signature: signature.span, of: message.span, scheme: scheme)
          }
        default:
          Issue.record("verdict \(test.result) has no rule here, \(name)")
        }
      }
    }
    #expect(count == file.numberOfTests)
    #expect(count > 200)
  }
}
