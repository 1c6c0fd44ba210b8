import OTACore
import OTACrypto
import OTACryptoOpenSSL
import Testing

@Suite struct KeyTests {
  @Test("Generated keys survive writing and reading", arguments: OpenSSLKeyKind.allCases)
  func roundTrip(_ kind: OpenSSLKeyKind) throws {
    let key = try OpenSSLPrivateKey.generate(kind)
    let again = try key.withPrivateKeyInfo { (bytes) throws(CryptoError) in
      try OpenSSLPrivateKey(privateKeyInfo: bytes)
    }
    let der = try key.publicKey.subjectPublicKeyInfo()
    #expect(try again.publicKey.subjectPublicKeyInfo() == der)
    let publicKey = try OpenSSLPublicKey(subjectPublicKeyInfo: der.span)
    #expect(publicKey.kind == kind)
    #expect(key.publicKey.kind == kind)
    guard let point = publicKey.point else {
      #expect([.rsa2048, .rsa3072, .rsa4096].contains(kind))
      return
    }
    #expect(try OpenSSLPublicKey(kind, point: point.span).subjectPublicKeyInfo() == der)
    let size = kind == .p384 ? 48 : 32
    let scalar = key.withPrivateKeyInfo { bytes in
      // The number stands behind the only octet string of its length.
      (0..<bytes.count - size).first { bytes[$0] == 4 && bytes[$0 + 1] == UInt8(size) }.map { start in
        (start + 2..<start + 2 + size).map { bytes[$0] }
      }
    }
    let number = try #require(scalar)
    #expect(try OpenSSLPrivateKey(kind, scalar: number.span).publicKey.subjectPublicKeyInfo() == der)
  }

  @Test("The keys of RFC 6979 follow from their numbers")
  func numbers() throws {
    let p256 = try OpenSSLPrivateKey(
      .p256, scalar: hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721").span)
    #expect(p256.publicKey.point == (try SignatureVector.all[0].key().point))
    let p384 = try OpenSSLPrivateKey(
      .p384,
      scalar: hex(
        "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5"
      ).span)
    #expect(p384.publicKey.point == (try SignatureVector.all[1].key().point))
  }

  @Test("Good keys of other kinds are refused", arguments: KeyFiles.refused)
  func kinds(_ name: String, _ text: String) {
    #expect(throws: CryptoError.invalidKey) { try OpenSSLPublicKey(pem: Array(text.utf8).span) }
  }

  @Test("DER that is cut, has something behind it or is not DER is refused")
  func encodings() throws {
    for kind in [OpenSSLKeyKind.p256, .rsa2048, .x25519] {
      let key = try OpenSSLPrivateKey.generate(kind)
      let der = try key.publicKey.subjectPublicKeyInfo()
      for count in 0..<der.count {
        #expect(throws: CryptoError.invalidKey) {
          try OpenSSLPublicKey(subjectPublicKeyInfo: der.span.extracting(0..<count))
        }
      }
      #expect(throws: CryptoError.invalidKey) {
        try OpenSSLPublicKey(subjectPublicKeyInfo: (der + [0]).span)
      }
      key.withPrivateKeyInfo { info in
        for count in 0..<info.count {
          #expect(throws: CryptoError.invalidKey) {
            try OpenSSLPrivateKey(privateKeyInfo: info.extracting(0..<count))
          }
        }
        let longer = (0..<info.count).map { info[$0] } + [0]
        #expect(throws: CryptoError.invalidKey) { try OpenSSLPrivateKey(privateKeyInfo: longer.span) }
      }
    }
    // The outer length of a key on P-256 in two bytes instead of one.
    let der = try OpenSSLPrivateKey.generate(.p256).publicKey.subjectPublicKeyInfo()
    let longForm = [0x30, 0x81] + der.dropFirst()
    #expect(throws: CryptoError.invalidKey) { try OpenSSLPublicKey(subjectPublicKeyInfo: longForm.span) }
    let huge = [UInt8](repeating: 0x30, count: 1 << 20)
    #expect(throws: CryptoError.invalidKey) { try OpenSSLPublicKey(subjectPublicKeyInfo: huge.span) }
    #expect(throws: CryptoError.invalidKey) { try OpenSSLPrivateKey(privateKeyInfo: huge.span) }
  }

  @Test("No flipped bit of a key traps, and what is read is written as it was")
  func flippedBits() throws {
    for (kind, step) in [(OpenSSLKeyKind.p256, 1), (.rsa2048, 7)] {
      let key = try OpenSSLPrivateKey.generate(kind)
      let der = try key.publicKey.subjectPublicKeyInfo()
      for bit in stride(from: 0, to: der.count * 8, by: step) {
        let changed = der.flipping(bit)
        guard let other = try? OpenSSLPublicKey(subjectPublicKeyInfo: changed.span) else { continue }
        #expect(try other.subjectPublicKeyInfo() == changed)
      }
    }
    // Every bit of a number on a curve belongs to the point, which is checked.
    let key = try OpenSSLPrivateKey.generate(.p384)
    let info = key.withPrivateKeyInfo { info in (0..<info.count).map { info[$0] } }
    for bit in 0..<info.count * 8 {
      _ = try? OpenSSLPrivateKey(privateKeyInfo: info.flipping(bit).span)
    }
  }

  @Test("Points outside the curve, infinity, other forms and other lengths are refused")
  func points() throws {
    let good = try #require(try SignatureVector.all[0].key().point)
    for bit in 8..<good.count * 8 {
      #expect(throws: CryptoError.invalidKey) { try OpenSSLPublicKey(.p256, point: good.flipping(bit).span) }
    }
    // The point of invalid-curve attacks: coordinates that are not reduced, and the point at infinity.
    let field = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
    let wrong: [[UInt8]] = [
      [], [0], [4], Array(good.dropLast()), good + [0], Array(good.dropFirst()), [2] + good[1...32],
      [6] + good.dropFirst(), [5] + good.dropFirst(), [4] + [UInt8](repeating: 0, count: 64),
      [4] + hex(field) + good[33...], [4] + [UInt8](repeating: 0xff, count: 64),
    ]
    for point in wrong {
      #expect(throws: CryptoError.invalidKey) { try OpenSSLPublicKey(.p256, point: point.span) }
      #expect(throws: CryptoError.invalidKey) { try OpenSSLPublicKey(.p384, point: point.span) }
      #expect(throws: CryptoError.invalidKey) { try OpenSSLPublicKey(.x25519, point: point.span) }
      #expect(throws: CryptoError.invalidKey) { try OpenSSLPublicKey(.rsa2048, point: point.span) }
    }
  }

  @Test("A compressed point in DER is the same key")
  func compressed() throws {
    let point = try #require(try SignatureVector.all[0].key().point)
    let der =
      hex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + [2 + (point[64] & 1)] + point[1...32]
    let key = try OpenSSLPublicKey(subjectPublicKeyInfo: der.span)
    #expect(key.point == point)
  }

  @Test("Numbers that are no private key are refused")
  func scalars() {
    let order = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
    var below = order
    below[31] -= 1
    #expect(throws: Never.self) { try OpenSSLPrivateKey(.p256, scalar: below.span) }
    let wrong: [[UInt8]] = [
      [], [1], order, [UInt8](repeating: 0, count: 32), [UInt8](repeating: 0xff, count: 32),
      [UInt8](repeating: 1, count: 31), [UInt8](repeating: 1, count: 33),
    ]
    for scalar in wrong {
      #expect(throws: CryptoError.invalidKey) { try OpenSSLPrivateKey(.p256, scalar: scalar.span) }
      #expect(throws: CryptoError.invalidKey) { try OpenSSLPrivateKey(.rsa2048, scalar: scalar.span) }
    }
  }

  @Test("A private key whose public part is another one is refused")
  func mixed() throws {
    let first = try OpenSSLPrivateKey.generate(.p256)
    let second = try OpenSSLPrivateKey.generate(.p256)
    let info = first.withPrivateKeyInfo { info in (0..<info.count).map { info[$0] } }
    let point = try #require(second.publicKey.point)
    let own = try #require(first.publicKey.point)
    #expect(Array(info.suffix(65)) == own)
    let mixed = info.dropLast(65) + point
    #expect(throws: CryptoError.invalidKey) { try OpenSSLPrivateKey(privateKeyInfo: mixed.span) }
  }

  @Test("Text that is not one strict block is refused")
  func texts() {
    let text = KeyFiles.rsaPublic
    for wrong in [
      "", "x" + text, text + text, text.replacing("PUBLIC", with: "PRIVATE"),
      text.replacing("MIIB", with: "MIIC"), text.replacing("IDAQAB", with: "IDAQAC"),
    ] {
      #expect(throws: CryptoError.invalidKey) { try OpenSSLPublicKey(pem: Array(wrong.utf8).span) }
      #expect(throws: CryptoError.invalidKey) { try OpenSSLPrivateKey(pem: Array(wrong.utf8).span) }
    }
  }

  @Test("Reading, refusing and giving up keys leaves nothing behind")
  func leaks() throws {
    let der = try SignatureVector.all[0].key().subjectPublicKeyInfo()
    let scalar = [UInt8](repeating: 1, count: 32)
    var refused = 0
    let growth = try memoryGrowth(rounds: 2000) {
      let key = try OpenSSLPublicKey(subjectPublicKeyInfo: der.span)
      _ = key.point
      if (try? OpenSSLPublicKey(subjectPublicKeyInfo: der.flipping(300).span)) == nil { refused += 1 }
      let own = try OpenSSLPrivateKey(.p256, scalar: scalar.span)
      _ = own.withPrivateKeyInfo { $0.count }
      _ = try KeyAgreementTests.secret(own, key)
    }
    #expect(growth < 1 << 18)
    #expect(refused == 2100)
  }
}
