import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import Testing

@Suite struct BackendTests {
  static let all = CryptoBackends([.openSSL, .sodium, .portable])

  private static func backend(_ backends: CryptoBackends, _ algorithm: DigestAlgorithm) throws -> String {
    try backends.hash(algorithm).backend
  }

  @Test("The list says who has what, and the first one is asked")
  func names() throws {
    #expect(Self.all.names(for: .sha256) == ["libcrypto", "libsodium", "portable"])
    #expect(Self.all.names(for: .sha512) == ["libcrypto", "libsodium", "portable"])
    #expect(Self.all.names(for: .blake2b256) == ["libsodium"])
    #expect(Self.all.names(for: .sha3Bits512) == ["libcrypto"])
    #expect(Self.all.names(for: .ed25519) == ["libsodium"])
    #expect(Self.all.names(for: .es256) == ["libcrypto"])
    #expect(Self.all.names(for: .es384) == ["libcrypto"])
    #expect(Self.all.names(for: .hssLMS) == ["libcrypto", "portable"])
    #expect(try Self.backend(Self.all, .sha256) == "libcrypto")
    #expect(try Self.backend(Self.all, .blake2b256) == "libsodium")
    #expect(try Self.backend(CryptoBackends([.portable, .sodium]), .sha256) == "portable")
  }

  @Test("What is pinned is asked, until it is not pinned any more")
  func pins() throws {
    var backends = Self.all
    try backends.pin(.sha256, to: "portable")
    #expect(backends.names(for: .sha256) == ["portable", "libcrypto", "libsodium"])
    #expect(try Self.backend(backends, .sha256) == "portable")
    #expect(try Self.backend(backends, .sha512) == "libcrypto")
    for (algorithm, name) in [(DigestAlgorithm.sha256, "libtomcrypt"), (.blake2b256, "portable")] {
      #expect(throws: CryptoError.unsupportedAlgorithm) { try backends.pin(algorithm, to: name) }
    }
    #expect(throws: CryptoError.unsupportedAlgorithm) { try backends.pin(.ed25519, to: "libcrypto") }
    try backends.pin(.ed25519, to: "libsodium")
    #expect(backends.names(for: .ed25519) == ["libsodium"])
    backends.unpin()
    #expect(try Self.backend(backends, .sha256) == "libcrypto")
  }

  @Test("Every backend gives the same digest", arguments: DigestAlgorithm.allCases)
  func digests(_ algorithm: DigestAlgorithm) throws {
    var generator = SeededGenerator()
    let message = generator.bytes(1000)
    var backends = Self.all
    let expected = try backends.digest(algorithm, of: message.span)
    #expect(expected.algorithm == algorithm)
    for name in backends.names(for: algorithm) {
      try backends.pin(algorithm, to: name)
      var hash = try backends.hash(algorithm)
      #expect(hash.backend == name)
      hash.update(message.span.extracting(0..<333))
      hash.update(message.span.extracting(333..<1000))
      let digest = hash.finalize()
      #expect(digest == expected, "\(name)")
    }
  }

  @Test("Measuring puts the same backends into some order, and pins stay")
  func measured() throws {
    var backends = CryptoBackends([.portable, .sodium, .openSSL])
    let bytes = [UInt8](repeating: 7, count: 1 << 16)
    try backends.pin(.sha512, to: "portable")
    backends.sortByMeasuring(bytes.span)
    for algorithm in DigestAlgorithm.allCases {
      #expect(Set(backends.names(for: algorithm)) == Set(Self.all.names(for: algorithm)))
    }
    #expect(backends.names(for: .sha512).first == "portable")
    backends.sortByMeasuring(bytes.span, rounds: .min)
    #expect(Set(backends.names(for: .sha256)) == Set(Self.all.names(for: .sha256)))
  }

  @Test("Signatures are checked by the one backend that is asked")
  func signatures() throws {
    let vector = try Ed25519PrivateKey.generate()
    let message: [UInt8] = [1, 2, 3]
    let signature = try vector.signature(for: message.span)
    let key = vector.publicKey
    try Self.all.verify(signature: signature.span, of: message.span, by: key)
    #expect(throws: CryptoError.authenticationFailed) {
      try Self.all.verify(signature: signature.flipping(0).span, of: message.span, by: key)
    }
    #expect(throws: CryptoError.unsupportedAlgorithm) {
      try CryptoBackends([.openSSL, .portable]).verify(signature: signature.span, of: message.span, by: key)
    }
  }

  @Test("Nothing linked, nothing there; two backends of one name trap")
  func empty() async throws {
    let none = CryptoBackends([])
    #expect(throws: CryptoError.unsupportedAlgorithm) { try none.digest(.sha256, of: [1].span) }
    await #expect(processExitsWith: .failure) { _ = CryptoBackends([.portable, .portable]) }
  }
}
