import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import OTAMCUbootOpenSSL
import OTAPartition
import Testing

/// The kinds of keys that sign images of MCUboot.
enum SigningKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case ed25519, p256, p384, rsa2048, rsa3072

  var testDescription: String { rawValue }

  /// The functions whose hashes such a key signs.
  var hashes: [DigestAlgorithm] {
    switch self {
    case .ed25519: [.sha256, .sha512]
    case .p256, .rsa2048, .rsa3072: [.sha256]
    case .p384: [.sha384]
    }
  }

  var openSSLKind: OpenSSLKeyKind? {
    switch self {
    case .ed25519: nil
    case .p256: .p256
    case .p384: .p384
    case .rsa2048: .rsa2048
    case .rsa3072: .rsa3072
    }
  }
}

/// A key that signs, and what verifies with it; made once, since RSA takes long.
struct TestKey: Sendable {
  let kind: SigningKind
  let signer: any MCUbootImageSigner
  let verifier: TestVerifier
  /// The private key as PEM, for other tools.
  let pem: [UInt8]

  private init(_ kind: SigningKind) throws {
    self.kind = kind
    if let openSSLKind = kind.openSSLKind {
      let key = try OpenSSLPrivateKey.generate(openSSLKind)
      signer = try OpenSSLMCUbootSigner(key)
      var keys = OpenSSLMCUbootKeys()
      try keys.add(key.publicKey)
      verifier = .openSSL(keys)
      pem = try PEMText.of(key)
    } else {
      let key = try Ed25519PrivateKey.generate()
      pem = try key.pem().withBytes { span in (0..<span.count).map { span[$0] } }
      verifier = .sodium(TrustedMCUbootKeys(MCUbootKeys(key.publicKey), verifier: SodiumVerifier()))
      signer = MCUbootMessageSigner(SodiumSigner(key))
    }
  }

  private static let all: Result<[SigningKind: TestKey], any Error> = Result {
    try Dictionary(uniqueKeysWithValues: SigningKind.allCases.map { ($0, try TestKey($0)) })
  }

  static func of(_ kind: SigningKind) throws -> TestKey {
    guard let key = try all.get()[kind] else { throw CryptoError.unknownKey }
    return key
  }
}

/// Whatever verifies, behind one type.
enum TestVerifier: MCUbootSignatureVerifier, Sendable {
  case sodium(TrustedMCUbootKeys<SodiumVerifier>)
  case openSSL(OpenSSLMCUbootKeys)

  func verify<Hash: HashFunction & ~Copyable>(
    _ signature: borrowing MCUbootSignature, using hash: Hash.Type
  ) throws(MCUbootError) {
    switch self {
    case .sodium(let keys): try keys.verify(signature, using: hash)
    case .openSSL(let keys): try keys.verify(signature, using: hash)
    }
  }
}

/// Keys as text.
enum PEMText {
  static func of(_ key: OpenSSLPrivateKey) throws(ParseError) -> [UInt8] {
    try key.withPrivateKeyInfo { (info) throws(ParseError) in
      try [UInt8](capacity: PEM.maximumTextSize) { (writer) throws(ParseError) in
        try PEM.encode(info, label: PEM.privateKeyLabel, into: &writer)
      }
    }
  }

  static func of(_ key: OpenSSLPublicKey) throws -> [UInt8] {
    let info = try key.subjectPublicKeyInfo()
    return try [UInt8](capacity: PEM.maximumTextSize) { (writer) throws(ParseError) in
      try PEM.encode(info.span, label: PEM.publicKeyLabel, into: &writer)
    }
  }
}
