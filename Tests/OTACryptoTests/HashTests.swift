import OTACore
import OTACrypto
import OTACryptoSodium
import Testing

struct HashVector: CustomTestStringConvertible, Sendable {
  var name: String
  var message: [UInt8]
  var sha256: String
  var sha512: String
  var blake2b256: String

  var testDescription: String { name }

  // FIPS 180-4 examples (NIST, "Secure Hash Algorithm examples"), and BLAKE2b with 32 bytes of output on the same.
  static let all: [HashVector] = [
    HashVector(
      name: "no bytes", message: [],
      sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      sha512: "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
        + "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
      blake2b256: "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"),
    HashVector(
      name: "abc", message: Array("abc".utf8),
      sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      sha512: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
      blake2b256: "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"),
    HashVector(
      name: "448 bits", message: Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8),
      sha256: "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
      sha512: "204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703c335"
        + "96fd15c13b1b07f9aa1d3bea57789ca031ad85c7a71dd70354ec631238ca3445",
      blake2b256: "5f7a93da9c5621583f22e49e8e91a40cbba37536622235a380f434b9f68e49c4"),
    HashVector(
      name: "896 bits",
      message: Array(
        ("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
          + "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu").utf8),
      sha256: "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
      sha512: "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
        + "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909",
      blake2b256: "90a0bcf5e5a67ac1578c2754617994cfc248109275a809a0721feebd1e918738"),
    HashVector(
      name: "a million times a", message: [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000),
      sha256: "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
      sha512: "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
        + "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b",
      blake2b256: "0741850f36cba4259628355d1073e24ddb9ca0e1bfac36fd39ae5dc2101e23a4"),
  ]
}

@Suite struct HashTests {
  @Test("Portable and libsodium SHA-256 give the published digests", arguments: HashVector.all)
  func sha256(_ vector: HashVector) {
    #expect(SHA256.digest(of: vector.message.span).description == vector.sha256)
    #expect(SodiumSHA256.digest(of: vector.message.span).description == vector.sha256)
  }

  @Test("Portable and libsodium SHA-512 give the published digests", arguments: HashVector.all)
  func sha512(_ vector: HashVector) {
    #expect(SHA512.digest(of: vector.message.span).description == vector.sha512)
    #expect(SodiumSHA512.digest(of: vector.message.span).description == vector.sha512)
  }

  @Test("BLAKE2b-256 gives the known digests", arguments: HashVector.all)
  func blake2b(_ vector: HashVector) {
    #expect(SodiumBLAKE2b256.digest(of: vector.message.span).description == vector.blake2b256)
  }

  @Test("A hash names its own algorithm")
  func algorithms() {
    let message: [UInt8] = [1]
    #expect(SHA256.digest(of: message.span).algorithm == .sha256)
    #expect(SHA512.digest(of: message.span).algorithm == .sha512)
    #expect(SodiumSHA256.digest(of: message.span).algorithm == .sha256)
    #expect(SodiumSHA512.digest(of: message.span).algorithm == .sha512)
    #expect(SodiumBLAKE2b256.digest(of: message.span).algorithm == .blake2b256)
  }

  @Test("Every length around the blocks and the padding agrees with libsodium, cut at every place")
  func lengths() {
    var generator = SeededGenerator()
    let message = generator.bytes(300)
    for length in 0...300 {
      let part = message.span.extracting(0..<length)
      let (portable256, portable512) = (SHA256.digest(of: part), SHA512.digest(of: part))
      let (sodium256, sodium512) = (SodiumSHA256.digest(of: part), SodiumSHA512.digest(of: part))
      #expect(portable256 == sodium256, "length \(length)")
      #expect(portable512 == sodium512, "length \(length)")
    }
    for cut in 0...300 {
      #expect(digest(SHA256.self, message, cuts: [cut]) == SHA256.digest(of: message.span), "cut \(cut)")
      #expect(digest(SHA512.self, message, cuts: [cut]) == SHA512.digest(of: message.span), "cut \(cut)")
    }
  }

  @Test("Any division into calls gives the digest of the whole", arguments: 0..<40)
  func divisions(_ round: Int) {
    var generator = SeededGenerator()
    let message = generator.bytes(Int.random(in: 0...2000, using: &generator))
    let count = Int.random(in: 0...20, using: &generator)
    let cuts = (0..<count).map { _ in Int.random(in: 0...message.count, using: &generator) }.sorted()
    #expect(digest(SHA256.self, message, cuts: cuts) == SodiumSHA256.digest(of: message.span))
    #expect(digest(SHA512.self, message, cuts: cuts) == SodiumSHA512.digest(of: message.span))
    #expect(digest(SodiumSHA256.self, message, cuts: cuts) == SHA256.digest(of: message.span))
    #expect(digest(SodiumSHA512.self, message, cuts: cuts) == SHA512.digest(of: message.span))
    #expect(
      digest(SodiumBLAKE2b256.self, message, cuts: cuts) == SodiumBLAKE2b256.digest(of: message.span))
  }

  private func digest<Hash: HashFunction & ~Copyable>(
    _ type: Hash.Type, _ message: [UInt8], cuts: [Int]
  ) -> Digest {
    var hash = Hash()
    var start = 0
    for cut in cuts + [message.count] {
      hash.update(message.span.extracting(start..<cut))
      start = cut
    }
    return hash.finalize()
  }
}
