import Foundation
import OTACore
import OTACrypto
import OTACryptoOpenSSL
import Testing

/// A Wycheproof file (testvectors_v1) on something else than signatures; each kind has some of the members.
private struct DerivationFile: Decodable {
  struct Group: Decodable {
    struct Case: Decodable {
      var tcId: Int
      var comment: String
      var flags: [String]
      var result: String
      var key: String?
      var msg: String?
      var tag: String?
      var iv: String?
      var aad: String?
      var ct: String?
      var ikm: String?
      var salt: String?
      var info: String?
      var size: Int?
      var okm: String?
      var `public`: String?
      var `private`: String?
      var shared: String?

      var name: Comment { "tcId \(tcId): \(comment)" }
    }
    var tagSize: Int?
    var tests: [Case]
  }
  var numberOfTests: Int
  var testGroups: [Group]

  /// Calls `body` with every case, and whether the verdict is "valid"; `nil` for "acceptable".
  static func each(
    _ path: String, atLeast least: Int, _ body: (Group.Case, _ group: Group, _ isValid: Bool?) throws -> Void
  ) throws {
    let file = try JSONDecoder().decode(DerivationFile.self, from: SharedVectors.data(path))
    var count = 0
    for group in file.testGroups {
      for test in group.tests {
        count += 1
        switch test.result {
        case "valid": try body(test, group, true)
        case "invalid": try body(test, group, false)
        case "acceptable": try body(test, group, nil)
        default: Issue.record("verdict \(test.result) has no rule here, \(test.name)")
        }
      }
    }
    #expect(count == file.numberOfTests)
    #expect(count >= least)
  }
}

@Suite struct WycheproofDerivationTests {
  private static func bytes(_ text: String?) throws -> [UInt8] {
    let text = try #require(text)
    return try #require([UInt8](hexadecimal: text))
  }

  @Test(
    "All Wycheproof verdicts on HKDF with SHA-256 are ours",
    .enabled(if: SharedVectors.has("wycheproof/hkdf_sha256_test.json"), "needs ../shared/vectors"))
  func hkdf() throws {
    try DerivationFile.each("wycheproof/hkdf_sha256_test.json", atLeast: 80) { test, _, isValid in
      let size = try #require(test.size)
      let (secret, salt, info) = (
        try Self.bytes(test.ikm), try Self.bytes(test.salt), try Self.bytes(test.info)
      )
      let result = try? HKDFTests.derived(secret, salt: salt, info: info, count: size)
      if isValid == true {
        let expected = try Self.bytes(test.okm)
        #expect(result == expected, test.name)
      } else {
        #expect(isValid == false && result == nil, test.name)
      }
    }
  }

  @Test(
    "All Wycheproof verdicts on HMAC with SHA-256 are ours, also where only half of the code came",
    .enabled(if: SharedVectors.has("wycheproof/hmac_sha256_test.json"), "needs ../shared/vectors"))
  func hmac() throws {
    try DerivationFile.each("wycheproof/hmac_sha256_test.json", atLeast: 150) { test, group, isValid in
      let count = try #require(group.tagSize) / 8
      let code = try HMACTests.code(
        .sha256, key: Self.bytes(test.key), [Self.bytes(test.msg)], count: count)
      let tag = try Self.bytes(test.tag)
      let isEqual = isEqualInConstantTime(code.span, tag.span)
      #expect(isValid == isEqual, test.name)
    }
  }

  // Docs/Crypto.md: "acceptable" is refused where the secret would be zero, and agreed on otherwise.
  @Test(
    "All Wycheproof verdicts on X25519 are ours; a secret of zeros is refused",
    .enabled(if: SharedVectors.has("wycheproof/x25519_test.json"), "needs ../shared/vectors"))
  func x25519() throws {
    try DerivationFile.each("wycheproof/x25519_test.json", atLeast: 500) { test, _, isValid in
      let (scalar, point) = (try Self.bytes(test.private), try Self.bytes(test.public))
      let key = try OpenSSLPrivateKey(.x25519, scalar: scalar.span)
      let peer = try OpenSSLPublicKey(.x25519, point: point.span)
      let isZero = test.flags.contains("ZeroSharedSecret")
      #expect(isValid == true || isValid == nil, test.name)
      #expect(!(isZero && isValid == true), test.name)
      if isZero {
        #expect(throws: CryptoError.invalidKey, test.name) { try KeyAgreementTests.secret(key, peer) }
      } else {
        let expected = try Self.bytes(test.shared)
        #expect(try KeyAgreementTests.secret(key, peer) == expected, test.name)
      }
    }
  }

  @Test(
    "All Wycheproof verdicts on ChaCha20-Poly1305 are ours",
    .enabled(if: SharedVectors.has("wycheproof/chacha20_poly1305_test.json"), "needs ../shared/vectors"))
  func chaCha20Poly1305() throws {
    try DerivationFile.each("wycheproof/chacha20_poly1305_test.json", atLeast: 300) { test, _, isValid in
      let nonce = try Self.bytes(test.iv)
      guard nonce.count == OpenSSLChaCha20Poly1305.nonceSize else {
        // Misuse by the caller, which traps: see AEADTests.
        #expect(isValid == false && test.flags == ["InvalidNonceSize"], test.name)
        return
      }
      let vector = AEADVector(
        testDescription: "", cipher: .chaCha20Poly1305, key: try Self.bytes(test.key), nonce: nonce,
        associatedData: try Self.bytes(test.aad), message: try Self.bytes(test.msg),
        ciphertext: try Self.bytes(test.ct), tag: try Self.bytes(test.tag))
      let opened = try vector.open()
      if isValid == true {
        #expect(opened.error == nil && opened.buffer == vector.message, test.name)
        let sealed = try vector.seal()
        #expect(sealed.ciphertext == vector.ciphertext && sealed.tag == vector.tag, test.name)
      } else {
        #expect(isValid == false && opened.error == .authenticationFailed, test.name)
        #expect(opened.buffer.allSatisfy { $0 == 0 }, test.name)
      }
    }
  }
}
