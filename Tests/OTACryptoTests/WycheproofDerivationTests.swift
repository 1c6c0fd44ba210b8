import Foundation
import OTACore
import OTACrypto
import OTACryptoSodium
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

@Suite("Wycheproof on libsodium") struct WycheproofDerivationTests {
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
      let result = try? SodiumHKDFTests.derived(secret, salt: salt, info: info, count: size)
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
      let code = try SodiumHMACTests.code(
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
      let isZero = test.flags.contains("ZeroSharedSecret")
      #expect(isValid == true || isValid == nil, test.name)
      #expect(!(isZero && isValid == true), test.name)
      if isZero {
        #expect(throws: CryptoError.invalidKey, test.name) { try X25519Tests.secret(scalar, point) }
      } else {
        let expected = try Self.bytes(test.shared)
        #expect(try X25519Tests.secret(scalar, point) == expected, test.name)
      }
    }
  }

  @Test(
    "All Wycheproof verdicts on ChaCha20-Poly1305 are ours",
    .enabled(if: SharedVectors.has("wycheproof/chacha20_poly1305_test.json"), "needs ../shared/vectors"))
  func chaCha20Poly1305() throws {
    try DerivationFile.each("wycheproof/chacha20_poly1305_test.json", atLeast: 300) { test, _, isValid in
      let nonce = try Self.bytes(test.iv)
      guard nonce.count == SodiumChaCha20Poly1305.nonceSize else {
        // Misuse by the caller, which traps.
        #expect(isValid == false && test.flags == ["InvalidNonceSize"], test.name)
        return
      }
      let (key, data) = (try Self.bytes(test.key), try Self.bytes(test.aad))
      let (message, ciphertext, tag) = (
        try Self.bytes(test.msg), try Self.bytes(test.ct), try Self.bytes(test.tag)
      )
      let cipher = try SodiumChaCha20Poly1305(key: SecretBytes(copying: key.span))
      var buffer = ciphertext
      var span = buffer.mutableSpan
      var refusal: CryptoError?
      do throws(CryptoError) {
        try cipher.open(&span, tag: tag.span, nonce: nonce.span, associatedData: data.span)
      } catch {
        refusal = error
      }
      if isValid == true {
        #expect(refusal == nil && buffer == message, test.name)
        var sealed = message
        var made = [UInt8](repeating: 0, count: 16)
        var sealedSpan = sealed.mutableSpan
        var madeSpan = made.mutableSpan
        try cipher.seal(&sealedSpan, tag: &madeSpan, nonce: nonce.span, associatedData: data.span)
        #expect(sealed == ciphertext && made == tag, test.name)
      } else {
        #expect(isValid == false && refusal == .authenticationFailed, test.name)
        #expect(buffer.allSatisfy { $0 == 0 }, test.name)
      }
    }
  }
}
