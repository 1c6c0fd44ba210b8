import OTACore
import OTACrypto
import OTACryptoSodium
import Testing

@Suite struct PEMTests {
  // RFC 8410, sections 10.1 and 10.3.
  static let publicText = """
    -----BEGIN PUBLIC KEY-----
    MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
    -----END PUBLIC KEY-----

    """
  static let privateText = """
    -----BEGIN PRIVATE KEY-----
    MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
    -----END PRIVATE KEY-----

    """

  @Test("The example keys of RFC 8410 belong together and are written as they were read")
  func examples() throws {
    let publicText = Array(Self.publicText.utf8)
    let privateText = Array(Self.privateText.utf8)
    let publicKey = try PublicKey(pem: publicText.span)
    #expect(
      String(hexadecimal: publicKey.bytes.span)
        == "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1")
    let privateKey = try Ed25519PrivateKey(pem: privateText.span)
    let derived = privateKey.publicKey
    #expect(derived == publicKey)
    #expect(try publicKey.pem() == publicText)
    let written = try privateKey.pem()
    let text = written.withBytes { bytes in (0..<bytes.count).map { bytes[$0] } }
    #expect(text == privateText)
  }

  @Test("Generated keys survive writing and reading")
  func roundTrip() throws {
    for _ in 0..<20 {
      let key = try Ed25519PrivateKey.generate()
      let text = try key.pem()
      let again = try text.withBytes { (bytes) throws(CryptoError) in
        try Ed25519PrivateKey(pem: bytes).publicKey
      }
      let publicKey = key.publicKey
      #expect(again == publicKey)
      let publicText = try publicKey.pem()
      #expect(try PublicKey(pem: publicText.span) == publicKey)
    }
  }

  @Test("Public keys of every algorithm survive writing and reading", arguments: SignatureAlgorithm.allCases)
  func algorithms(_ algorithm: SignatureAlgorithm) throws {
    var generator = SeededGenerator()
    for size in Set([algorithm.publicKeySizes.lowerBound, algorithm.publicKeySizes.upperBound]) {
      let key = try PublicKey(algorithm: algorithm, bytes: generator.bytes(size))
      let text = try key.pem()
      #expect(try PublicKey(pem: text.span) == key)
      let der = try [UInt8](capacity: key.subjectPublicKeyInfoSize) { (writer) throws(ParseError) in
        try key.serializeSubjectPublicKeyInfo(into: &writer)
      }
      #expect(der.count == key.subjectPublicKeyInfoSize)
      #expect(der.count <= PublicKey.maximumSubjectPublicKeyInfoSize)
      #expect(try PublicKey(subjectPublicKeyInfo: der.span) == key)
      for bit in 0..<(der.count - size) * 8 {
        #expect(throws: CryptoError.invalidKey) {
          try PublicKey(subjectPublicKeyInfo: der.flipping(bit).span)
        }
      }
      for count in 0..<der.count {
        #expect(throws: CryptoError.invalidKey) {
          try PublicKey(subjectPublicKeyInfo: der.span.extracting(0..<count))
        }
      }
      #expect(throws: CryptoError.invalidKey) { try PublicKey(subjectPublicKeyInfo: (der + [0]).span) }
    }
  }

  @Test("CRLF and a missing last line end are accepted")
  func lineEnds() throws {
    let key = try PublicKey(pem: Array(Self.publicText.utf8).span)
    let windows = Array(Self.publicText.replacing("\n", with: "\r\n").utf8)
    #expect(try PublicKey(pem: windows.span) == key)
    let bare = Array(Self.publicText.utf8.dropLast())
    #expect(try PublicKey(pem: bare.span) == key)
  }

  @Test(
    "Anything but one strict block with one Ed25519 key is refused",
    arguments: [
      ("text before", "x\n" + publicText),
      ("text behind", publicText + "x"),
      ("two blocks", publicText + publicText),
      ("empty line behind", publicText + "\n"),
      ("other label", publicText.replacing("PUBLIC KEY", with: "RSA PUBLIC KEY")),
      ("label of the private key", publicText.replacing("PUBLIC", with: "PRIVATE")),
      ("labels differ", publicText.replacing("END PUBLIC", with: "END PRIVATE")),
      ("headers", publicText.replacing("MCow", with: "Proc-Type: 4\n\nMCow")),
      ("spaces in the Base64", publicText.replacing("MCow", with: "MC ow")),
      ("padding missing", publicText.replacing("ZuE=", with: "ZuE")),
      ("padding too long", publicText.replacing("ZuE=", with: "ZuE==")),
      ("padding in the middle", publicText.replacing("MCow", with: "MCo=")),
      ("bits behind the last byte", publicText.replacing("ZuE=", with: "ZuF=")),
      ("broken line that is not full", publicText.replacing("MCow", with: "MCow\n")),
      ("other algorithm (X25519)", publicText.replacing("MCowBQYDK2VwAyEA", with: "MCowBQYDK2VuAyEA")),
      ("unused bits in the bit string", publicText.replacing("AyEAGb9E", with: "AyEBGb9E")),
      ("no body", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"),
      ("nothing", ""),
      ("lone carriage returns", publicText.replacing("\n", with: "\r")),
    ])
  func refused(_ name: String, _ text: String) {
    #expect(throws: CryptoError.invalidKey) { try PublicKey(pem: Array(text.utf8).span) }
  }

  @Test("A text that is cut anywhere is refused")
  func truncated() {
    let publicText = Array(Self.publicText.utf8.dropLast())
    for count in 0..<publicText.count {
      #expect(throws: CryptoError.invalidKey) { try PublicKey(pem: publicText.span.extracting(0..<count)) }
    }
    let privateText = Array(Self.privateText.utf8.dropLast())
    for count in 0..<privateText.count {
      #expect(throws: CryptoError.invalidKey) {
        _ = try Ed25519PrivateKey(pem: privateText.span.extracting(0..<count)).publicKey
      }
    }
  }

  @Test("DER with a longer form of a length, a second version or something behind the key is refused")
  func der() throws {
    let seed = [UInt8](repeating: 5, count: 32)
    let good = try [UInt8](capacity: 48) { (writer) throws(ParseError) in
      try Ed25519KeyEncoding.writePrivateKeyInfo(seed: seed.span, into: &writer)
    }
    let found = try Ed25519KeyEncoding.seed(inPrivateKeyInfo: good.span)
    let isFound = isEqualInConstantTime(found, seed.span)
    #expect(isFound)
    let longForm = [0x30, 0x81, 0x2e] + good.dropFirst(2)
    #expect(throws: ParseError(.notCanonical, at: 0)) {
      _ = try Ed25519KeyEncoding.seed(inPrivateKeyInfo: longForm.span).count
    }
    var version = good
    version[4] = 1
    #expect(throws: ParseError.self) { _ = try Ed25519KeyEncoding.seed(inPrivateKeyInfo: version.span).count }
    let behind = good + [0]
    #expect(throws: ParseError(.trailingBytes, at: 48)) {
      _ = try Ed25519KeyEncoding.seed(inPrivateKeyInfo: behind.span).count
    }
    for count in 0..<good.count {
      #expect(throws: ParseError.self) {
        _ = try Ed25519KeyEncoding.seed(inPrivateKeyInfo: good.span.extracting(0..<count)).count
      }
    }
  }

  @Test("A text over the limit is refused before it is read")
  func limit() {
    let text = [UInt8](repeating: UInt8(ascii: "A"), count: PEM.maximumTextSize + 1)
    var buffer = [UInt8](repeating: 0, count: 16)
    #expect(throws: ParseError(.limitExceeded, at: 0)) {
      var writer = ByteWriter(buffer.mutableSpan)
      try PEM.decode(text.span, label: PEM.publicKeyLabel, into: &writer)
    }
  }
}
