import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import Testing

struct HashVector: CustomTestStringConvertible, Sendable {
  var name: String
  var message: [UInt8]
  var sha256: String
  var sha512: String

  var testDescription: String { name }

  // FIPS 180-4 examples (NIST, "Secure Hash Algorithm examples").
  static let all: [HashVector] = [
    HashVector(
      name: "no bytes", message: [],
      sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      sha512: "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
        + "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"),
    HashVector(
      name: "abc", message: Array("abc".utf8),
      sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      sha512: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"),
    HashVector(
      name: "448 bits", message: Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8),
      sha256: "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
      sha512: "204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703c335"
        + "96fd15c13b1b07f9aa1d3bea57789ca031ad85c7a71dd70354ec631238ca3445"),
    HashVector(
      name: "a million times a", message: [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000),
      sha256: "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
      sha512: "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
        + "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b"),
  ]
}

@Suite struct HashTests {
  @Test("libcrypto's SHA-2 gives the published digests", arguments: HashVector.all)
  func published(_ vector: HashVector) {
    #expect(OpenSSLSHA256.digest(of: vector.message.span).description == vector.sha256)
    #expect(OpenSSLSHA512.digest(of: vector.message.span).description == vector.sha512)
  }

  // FIPS 180-4 and FIPS 202: NIST, "Secure Hash Algorithm examples" and "SHA-3 examples".
  @Test("SHA-384 and SHA-3 give the published digests")
  func others() {
    let (nothing, abc) = ([UInt8](), Array("abc".utf8))
    #expect(
      OpenSSLSHA384.digest(of: nothing.span).description
        == "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b")
    #expect(
      OpenSSLSHA384.digest(of: abc.span).description
        == "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7")
    #expect(
      OpenSSLSHA3Bits256.digest(of: nothing.span).description
        == "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a")
    #expect(
      OpenSSLSHA3Bits256.digest(of: abc.span).description
        == "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532")
    #expect(
      OpenSSLSHA3Bits384.digest(of: abc.span).description
        == "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d25")
    #expect(
      OpenSSLSHA3Bits512.digest(of: abc.span).description
        == "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
        + "10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0")
  }

  // FIPS 202; NIST, "SHAKE256 message of 0 bits", its first 64 bytes.
  @Test("SHAKE256 gives the published bytes")
  func shake() {
    let nothing: [UInt8] = []
    #expect(
      OpenSSLSHAKE256.digest(of: nothing.span).description
        == "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f"
        + "d75dc4ddd8c0f200cb05019d67b592f6fc821c49479ab48640292eacb3b7c4be")
  }

  @Test("A hash names its own algorithm")
  func algorithms() {
    let message: [UInt8] = [1]
    #expect(OpenSSLSHA256.digest(of: message.span).algorithm == .sha256)
    #expect(OpenSSLSHA384.digest(of: message.span).algorithm == .sha384)
    #expect(OpenSSLSHA512.digest(of: message.span).algorithm == .sha512)
    #expect(OpenSSLSHA3Bits256.digest(of: message.span).algorithm == .sha3Bits256)
    #expect(OpenSSLSHA3Bits384.digest(of: message.span).algorithm == .sha3Bits384)
    #expect(OpenSSLSHA3Bits512.digest(of: message.span).algorithm == .sha3Bits512)
    #expect(OpenSSLSHAKE256.digest(of: message.span).algorithm == .shake256)
  }

  @Test("Any division into calls gives the digest that the other backends give", arguments: 0..<40)
  func divisions(_ round: Int) {
    var generator = SeededGenerator()
    let message = generator.bytes(Int.random(in: 0...2000, using: &generator))
    let count = Int.random(in: 0...20, using: &generator)
    let cuts = (0..<count).map { _ in Int.random(in: 0...message.count, using: &generator) }.sorted()
    #expect(digest(OpenSSLSHA256.self, message, cuts: cuts) == SHA256.digest(of: message.span))
    #expect(digest(OpenSSLSHA512.self, message, cuts: cuts) == SodiumSHA512.digest(of: message.span))
  }

  @Test("A copy goes on for itself")
  func copies() {
    var first = OpenSSLSHA256()
    first.update([1, 2, 3].span)
    var second = OpenSSLSHA256(copying: first)
    first.update([4].span)
    second.update([5].span)
    let (firstDigest, secondDigest) = (first.finalize(), second.finalize())
    #expect(firstDigest == SHA256.digest(of: [1, 2, 3, 4].span))
    #expect(secondDigest == SHA256.digest(of: [1, 2, 3, 5].span))
  }

  @Test("A hash that is given up leaves nothing behind")
  func leaks() {
    let growth = memoryGrowth(rounds: 50_000) {
      var hash = OpenSSLSHA512()
      hash.update([1].span)
    }
    #expect(growth < 4 << 20)
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
