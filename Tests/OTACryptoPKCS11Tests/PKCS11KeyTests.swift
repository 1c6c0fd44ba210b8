import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoPKCS11
import OTACryptoSodium
import Testing

/// One after the other: a token has one login for the whole process, and a test of wrong PINs needs that there is none.
@Suite(
  "Keys on tokens",
  .serialized, .enabled(if: SoftToken.isInstalled, "needs Debian's softhsm2"))
struct PKCS11KeyTests {
  private static let message = Array("what is signed".utf8)

  /// Why a key could not be opened.
  private static func refusal(
    _ name: String, pin: String = SoftToken.pin, publicKey: PKCS11PublicKey? = nil
  ) async throws -> PKCS11Error? {
    do {
      _ = try await SoftToken.shared.get().open(name, pin: pin, publicKey: publicKey)
      return nil
    } catch let error as PKCS11Error {
      return error
    }
  }

  @Test(
    "An Ed25519 key signs, found by its label, its identifier, or both",
    arguments: [
      "token=release;object=manifest%20key%3B%202026", "token=release;id=%A1%b2;type=private",
      "object=manifest%20key%3b%202026;id=%a1%b2;token=release;manufacturer=SoftHSM%20project",
    ])
  func ed25519(_ name: String) async throws {
    let token = try SoftToken.shared.get()
    let signer = try PKCS11Signer(await token.open(name))
    #expect(signer.publicKey == token.ed25519)
    #expect(signer.keyIdentifier == KeyIdentifier(of: token.ed25519))
    let signature = try await signer.signature(for: Self.message)
    try SodiumVerifier().verify(signature: signature.span, of: Self.message.span, by: token.ed25519)
    let empty = try await signer.signature(for: [])
    let nothing: [UInt8] = []
    try SodiumVerifier().verify(signature: empty.span, of: nothing.span, by: token.ed25519)
  }

  @Test(
    "Keys of other kinds sign in each of their ways, and in no other",
    arguments: [
      ("p256", [PKCS11Scheme.ecdsaP256SHA256]), ("p384", [.ecdsaP384SHA384]),
      ("rsa", [.rsaPKCS1SHA256, .rsaPSSSHA256]),
    ])
  func kinds(_ label: String, _ schemes: [PKCS11Scheme]) async throws {
    let token = try SoftToken.shared.get()
    let key = try await token.open("token=release;object=\(label)")
    #expect(key.schemes == schemes)
    let publicKey = try #require(token.keys[label]).publicKey
    guard case .openSSL(let found) = key.publicKey else {
      Issue.record("the public key of \(label) is of another kind")
      return
    }
    #expect(try found.subjectPublicKeyInfo() == publicKey.subjectPublicKeyInfo())
    for scheme in PKCS11Scheme.allCases {
      if schemes.contains(scheme) {
        let signature = try await key.signature(for: Self.message, scheme: scheme)
        try publicKey.verify(
          signature: signature.span, of: Self.message.span, scheme: #require(scheme.openSSL))
      } else {
        await #expect(throws: CryptoError.unsupportedAlgorithm) {
          _ = try await key.signature(for: Self.message, scheme: scheme)
        }
      }
    }
  }

  @Test("Names that fit nothing, or more than one thing, are refused")
  func names() async throws {
    #expect(try await Self.refusal("token=release;object=other") == .keyMissing)
    #expect(try await Self.refusal("token=release;object=p256;id=%02") == .keyMissing)
    #expect(try await Self.refusal("token=Release;object=p256") == .tokenMissing)
    #expect(try await Self.refusal("token=release;serial=0;object=p256") == .tokenMissing)
    #expect(try await Self.refusal("token=release;slot-id=999999;object=p256") == .tokenMissing)
    #expect(try await Self.refusal("token=twin;object=p256") == .tokenAmbiguous)
    #expect(try await Self.refusal("token=release;object=same") == .keyAmbiguous)
    #expect(try await Self.refusal("token=release;object=same;id=%05") == nil)
  }

  @Test("A wrong PIN and none are refused, also after somebody else had the right one and left")
  func pins() async throws {
    #expect(try await Self.refusal("token=release;object=p256") == nil)
    #expect(try await Self.refusal("token=release;object=p256", pin: "111111") == .pinRefused)
    #expect(try await Self.refusal("token=release;object=p256", pin: "") == .pinMissing)
    #expect(try await Self.refusal("token=release;object=p256") == nil)
  }

  @Test(
    "Files that are no modules are refused", arguments: ["/usr/lib/none.so", "libc.so.6", "/etc/hostname"])
  func modules(_ path: String) async throws {
    let uri = try PKCS11URI("pkcs11:token=release;object=p256?module-path=\(path)")
    await #expect(throws: PKCS11Error.moduleUnavailable) {
      _ = try await PKCS11Key.open(uri, pin: SecretBytes(copying: Array("1".utf8).span))
    }
  }

  @Test("A public key that is not on the token is given, and a wrong one shows with the first signature")
  func publicKeys() async throws {
    let token = try SoftToken.shared.get()
    #expect(try await Self.refusal("token=release;object=alone") == .publicKeyMissing)
    let right = try #require(token.keys["alone"]).publicKey
    let key = try await token.open("token=release;object=alone", publicKey: .openSSL(right))
    let signature = try await key.signature(for: Self.message, scheme: .ecdsaP256SHA256)
    try right.verify(signature: signature.span, of: Self.message.span, scheme: .ecdsaP256SHA256Fixed)
    let wrong = try #require(token.keys["p256"]).publicKey
    let other = try await token.open("token=release;object=alone", publicKey: .openSSL(wrong))
    await #expect(throws: CryptoError.authenticationFailed) {
      _ = try await other.signature(for: Self.message, scheme: .ecdsaP256SHA256)
    }
  }

  @Test("Many signatures at once, with two keys and two sessions of one, are all good")
  func concurrency() async throws {
    let token = try SoftToken.shared.get()
    let keys = [
      try await token.open("token=release;object=p256"), try await token.open("token=release;object=p256"),
      try await token.open("token=release;object=p384"),
    ]
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<90 {
        group.addTask {
          let key = keys[number % 3]
          let message = [UInt8(number)] + Self.message
          let signature = try await key.signature(for: message, scheme: key.schemes[0])
          // Checked inside, too; here that no task got the signature of another.
          guard case .openSSL(let publicKey) = key.publicKey else { return }
          try publicKey.verify(
            signature: signature.span, of: message.span, scheme: #require(key.schemes[0].openSSL))
        }
      }
      try await group.waitForAll()
    }
  }

  @Test("A token that is pulled out while its key is in use is unavailable, and another one goes on")
  func removed() async throws {
    let token = try SoftToken.shared.get()
    let signer = try PKCS11Signer(await token.open("token=lost;object=manifest"))
    let other = try await token.open("token=release;object=p256")
    _ = try await signer.signature(for: Self.message)
    try token.remove(label: "lost")
    await #expect(throws: CryptoError.unavailable) { _ = try await signer.signature(for: Self.message) }
    _ = try await other.signature(for: Self.message, scheme: .ecdsaP256SHA256)
  }

  @Test(
    "A key that wants the PIN for each signature gets it",
    .enabled(if: SoftToken.hasPkcs11Tool, "needs Debian's opensc"))
  func alwaysAuthenticate() async throws {
    let token = try SoftToken.shared.get()
    try SoftToken.generateCautiousKey(label: "cautious", identifier: "77")
    let key = try await token.open("token=release;object=cautious")
    for number in 0..<3 {
      _ = try await key.signature(for: Self.message + [UInt8(number)], scheme: .ecdsaP256SHA256)
    }
  }

  @Test("ECDSA keys are signers like any other, RSA keys are none")
  func signers() async throws {
    let token = try SoftToken.shared.get()
    for (label, algorithm) in [("p256", SignatureAlgorithm.es256), ("p384", .es384)] {
      let signer = try PKCS11Signer(await token.open("token=release;object=\(label)"))
      #expect(try signer.publicKey == PublicKey(#require(token.keys[label]).publicKey))
      #expect(signer.publicKey.algorithm == algorithm)
      let signature = try await signer.signature(for: Self.message)
      try OpenSSLVerifier().verify(signature: signature.span, of: Self.message.span, by: signer.publicKey)
    }
    let key = try await token.open("token=release;object=rsa")
    #expect(throws: CryptoError.unsupportedAlgorithm) { _ = try PKCS11Signer(key) }
  }
}
