import OTACore
import OTACrypto
import Testing

@Suite struct TrustStoreTests {
  private func key(_ number: UInt8) throws -> PublicKey {
    try PublicKey(algorithm: .ed25519, bytes: [UInt8](repeating: number, count: 32))
  }

  @Test("A key identifier is the RFC 9679 thumbprint of the COSE_Key")
  func thumbprint() throws {
    // {1: 1, -1: 6, -2: h'd75a...511a'}, hashed with another implementation of SHA-256.
    let bytes = try #require(
      [UInt8](hexadecimal: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"))
    let key = try PublicKey(algorithm: .ed25519, bytes: bytes)
    #expect(
      KeyIdentifier(of: key).digest.description
        == "866eefbd6718c8846cd7ddfe43fc74ab1daac4538ff8514ea2ec2d410a415743")
  }

  @Test(
    "The key identifier of other keys is their thumbprint too",
    arguments: [
      // RFC 9679, section 6.
      (
        .es256,
        "65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d"
          + "1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c",
        "496bd8afadf307e5b08c64b0421bf9dc01528a344a43bda88fadd1669da253ec"
      ),
      // The encoded COSE_Key put together by hand, and hashed with another implementation of SHA-256.
      (
        .es384,
        "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc13"
          + "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720",
        "a876460dc02fb84b5882306e6eb8d31264a31fed5cffb655169eb9abf1cef1cc"
      ),
      (
        .hssLMS,
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f30313233",
        "e70a3ebc9a020ba0c7adab5cb55c031b7e64015a9cb204acb271a9d3c74fbcb3"
      ),
      (
        .hssLMS,
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f30313233"
          + "3435363738393a3b",
        "a42880ad5da1c36b3ea74548f2144398dc962bf3199918dd626df4ec2e653fa7"
      ),
    ] as [(SignatureAlgorithm, String, String)])
  func otherThumbprints(_ algorithm: SignatureAlgorithm, _ key: String, _ expected: String) throws {
    let bytes = try #require([UInt8](hexadecimal: key))
    let key = try PublicKey(algorithm: algorithm, bytes: bytes)
    #expect(KeyIdentifier(of: key).digest.description == expected)
  }

  @Test("A key is found by its identifier for each role that it was added for, and for no other")
  func roles() throws {
    var store = TrustStore()
    let signing = try store.add(key(1), for: .manifest)
    let device = try store.add(key(2), for: .device)
    let both = try store.add(key(3), for: .manifest)
    #expect(try store.add(key(3), for: .device) == both)
    #expect(store.count == 3)

    #expect(try store.key(signing, for: .manifest) == key(1))
    #expect(throws: CryptoError.keyNotAuthorized) { try store.key(signing, for: .device) }
    #expect(try store.key(device, for: .device) == key(2))
    #expect(throws: CryptoError.keyNotAuthorized) { try store.key(device, for: .manifest) }
    #expect(try store.key(both, for: .manifest) == key(3))
    #expect(try store.key(both, for: .device) == key(3))
    #expect(try store.keys(for: .manifest) == [key(1), key(3)])
    #expect(try store.keys(for: .device) == [key(2), key(3)])
  }

  @Test("A key that was never added, or was removed, is unknown")
  func unknown() throws {
    var store = TrustStore(try key(1), for: .manifest)
    let identifier = KeyIdentifier(of: try key(1))
    #expect(throws: CryptoError.unknownKey) { try store.key(KeyIdentifier(of: key(2)), for: .manifest) }
    store.remove(identifier)
    #expect(throws: CryptoError.unknownKey) { try store.key(identifier, for: .manifest) }
    #expect(store.count == 0)
    store.remove(identifier)
  }

  @Test("A full store takes no other key, but another role for one it has")
  func capacity() throws {
    var store = TrustStore()
    for number in 0..<TrustStore.capacity { try store.add(key(UInt8(number)), for: .manifest) }
    #expect(throws: CryptoError.tooManyKeys) { try store.add(key(200), for: .manifest) }
    #expect(CryptoError.tooManyKeys.code == .capacityExceeded)
    let identifier = try store.add(key(0), for: .device)
    #expect(try store.key(identifier, for: .device) == key(0))
    #expect(store.count == TrustStore.capacity)
  }

  @Test("An identifier has 32 bytes and comes back from them")
  func bytes() throws {
    let identifier = KeyIdentifier(of: try key(9))
    #expect(try KeyIdentifier(bytes: identifier.bytes) == identifier)
    let short = [UInt8](repeating: 0, count: 31)
    #expect(throws: ParseError.self) { try KeyIdentifier(bytes: short.span) }
  }
}

@Suite struct ConstantTimeTests {
  @Test("Equal bytes are equal; one different bit or length is not")
  func comparison() {
    let bytes: [UInt8] = Array(0..<40)
    func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
      isEqualInConstantTime(left.span, right.span)
    }
    #expect(isEqual(bytes, bytes))
    for bit in 0..<320 { #expect(!isEqual(bytes, bytes.flipping(bit))) }
    #expect(!isEqual(bytes, Array(bytes.dropLast())))
    #expect(isEqual([], []))
  }
}
