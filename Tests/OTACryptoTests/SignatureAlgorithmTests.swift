import OTACore
import OTACrypto
import Testing

@Suite struct SignatureAlgorithmTests {
  @Test(
    "Old and new numbers of COSE are one algorithm, and all others are none",
    arguments: [
      (-8, .ed25519), (-19, .ed25519), (-9, .es256), (-7, .es256), (-51, .es384), (-35, .es384),
      (-46, .hssLMS), (-36, nil), (-47, nil), (-53, nil), (-37, nil), (0, nil), (8, nil), (5, nil),
      (Int64(Int32.min) - 9, nil), (Int64.max, nil), (Int64.min, nil), (4_294_967_287, nil),
    ] as [(Int64, SignatureAlgorithm?)])
  func numbers(_ number: Int64, _ algorithm: SignatureAlgorithm?) {
    #expect(SignatureAlgorithm(coseNumber: number) == algorithm)
  }

  @Test("What is written is read", arguments: SignatureAlgorithm.allCases)
  func written(_ algorithm: SignatureAlgorithm) {
    #expect(SignatureAlgorithm(coseNumber: Int64(algorithm.rawValue)) == algorithm)
  }

  @Test(
    "Keys and signatures have the lengths of the standards",
    arguments: [
      (.ed25519, [32], 64), (.es256, [64], 64), (.es384, [96], 96), (.hssLMS, [52, 60], 74_988),
    ] as [(SignatureAlgorithm, [Int], Int)])
  func sizes(_ algorithm: SignatureAlgorithm, _ keys: [Int], _ signature: Int) {
    for size in 0...200 {
      let bytes = [UInt8](repeating: 7, count: size)
      #expect(algorithm.hasPublicKeys(ofSize: size) == keys.contains(size))
      if keys.contains(size) {
        let key = try? PublicKey(algorithm: algorithm, bytes: bytes)
        #expect(key?.bytes == bytes)
        #expect(key?.count == size)
      } else {
        #expect(throws: CryptoError.invalidKey) { try PublicKey(algorithm: algorithm, bytes: bytes) }
      }
    }
    #expect(algorithm.maximumSignatureSize == signature)
    #expect(algorithm.hasSignatures(ofSize: signature))
    #expect(!algorithm.hasSignatures(ofSize: signature + 1))
    #expect(!algorithm.hasSignatures(ofSize: 0))
    #expect(algorithm.hasSignatures(ofSize: signature - 1) == (algorithm == .hssLMS))
    #expect((algorithm.signatureSize == nil) == (algorithm == .hssLMS))
    #expect(algorithm.isHashBased == (algorithm == .hssLMS))
  }

  @Test("Keys differ by their algorithm, their length and each of their bytes")
  func equality() throws {
    let first = try PublicKey(algorithm: .es256, bytes: Array(0..<64))
    #expect(try PublicKey(algorithm: .es256, bytes: Array(0..<64)) == first)
    #expect(try PublicKey(algorithm: .es256, bytes: Array(0..<64)).hashValue == first.hashValue)
    for bit in 0..<512 {
      #expect(try PublicKey(algorithm: .es256, bytes: Array(0..<64).flipping(bit)) != first)
    }
    let short = try PublicKey(algorithm: .hssLMS, bytes: [UInt8](repeating: 0, count: 52))
    let long = try PublicKey(algorithm: .hssLMS, bytes: [UInt8](repeating: 0, count: 60))
    #expect(short != long)
    #expect(KeyIdentifier(of: short) != KeyIdentifier(of: long))
    #expect(Set([short, long, first]).count == 3)
  }
}

@Suite struct HSSVerifierTests {
  /// A backend without any algorithm, and one that finds everything good.
  struct Fixed: SignatureVerifier {
    var verdict: CryptoError?
    func verify(
      signature: Span<UInt8>, of message: Span<UInt8>, by key: PublicKey
    ) throws(CryptoError) {
      if let verdict { throw verdict }
    }
  }

  @Test("The published signatures are good under keys of the common type", arguments: LMSVector.all)
  func published(_ vector: LMSVector) throws {
    let key = try PublicKey(algorithm: .hssLMS, bytes: vector.publicKey)
    let verifier = HSSVerifier(SHA256.self)
    try verifier.verify(signature: vector.signature.span, of: vector.message.span, by: key)
    #expect(throws: CryptoError.authenticationFailed) {
      try verifier.verify(signature: vector.signature.flipping(99).span, of: vector.message.span, by: key)
    }
    try CryptoBackends([.portable]).verify(
      signature: vector.signature.span, of: vector.message.span, by: key)
  }

  @Test("Bytes that are no key are a signature that is not good, and other algorithms are unsupported")
  func keys() throws {
    let verifier = HSSVerifier(SHA256.self)
    let noKey = try PublicKey(algorithm: .hssLMS, bytes: [UInt8](repeating: 0xff, count: 60))
    #expect(throws: CryptoError.authenticationFailed) {
      try verifier.verify(signature: [1].span, of: [2].span, by: noKey)
    }
    let other = try PublicKey(algorithm: .ed25519, bytes: [UInt8](repeating: 1, count: 32))
    #expect(throws: CryptoError.unsupportedAlgorithm) {
      try verifier.verify(signature: [1].span, of: [2].span, by: other)
    }
  }

  @Test("The second of a pair is asked for what the first has not, and for nothing else")
  func pairs() throws {
    let key = try PublicKey(algorithm: .ed25519, bytes: [UInt8](repeating: 1, count: 32))
    func verdict(_ first: CryptoError?, _ second: CryptoError?) -> CryptoError? {
      let pair = VerifierPair(Fixed(verdict: first), Fixed(verdict: second))
      do throws(CryptoError) {
        try pair.verify(signature: [1].span, of: [2].span, by: key)
        return nil
      } catch {
        return error
      }
    }
    for second: CryptoError? in [nil, .authenticationFailed, .unsupportedAlgorithm, .unavailable] {
      #expect(verdict(.unsupportedAlgorithm, second) == second)
      #expect(verdict(nil, second) == nil)
      #expect(verdict(.authenticationFailed, second) == .authenticationFailed)
      #expect(verdict(.unavailable, second) == .unavailable)
    }
  }
}
