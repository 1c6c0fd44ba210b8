import Foundation
import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium

@testable import OTATUF

/// A key that signs metadata in tests.
final class TestKey: Sendable {
  private enum Secret: Sendable {
    case ed25519(SodiumSigner)
    case openSSL(OpenSSLPrivateKey, OpenSSLSignatureScheme)
  }

  private let secret: Secret
  /// The identifier that metadata gives it.
  let identifier: String
  /// The key object.
  let json: JSONValue

  private init(_ secret: Secret, type: String, scheme: String, value: String) throws {
    self.secret = secret
    json = .make([
      "keytype": .text(type), "scheme": .text(scheme), "keyval": .make(["public": .text(value)]),
    ])
    identifier = try Hashing.digest(.sha256, of: CanonicalJSON.encode(json)).description
  }

  /// A new key for Ed25519.
  convenience init() throws {
    let signer = SodiumSigner(try Ed25519PrivateKey.generate())
    try self.init(
      .ed25519(signer), type: "ed25519", scheme: "ed25519",
      value: String(hexadecimal: signer.publicKey.bytes.span))
  }

  /// A new key for ECDSA or RSA.
  convenience init(_ kind: OpenSSLKeyKind, type: String, scheme: String, _ how: OpenSSLSignatureScheme) throws
  {
    let key = try OpenSSLPrivateKey.generate(kind)
    let base64 = Data(try key.publicKey.subjectPublicKeyInfo())
      .base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
    try self.init(
      .openSSL(key, how), type: type, scheme: scheme,
      value: "-----BEGIN PUBLIC KEY-----\n\(base64)\n-----END PUBLIC KEY-----\n")
  }

  func signature(for message: [UInt8]) async throws -> [UInt8] {
    switch secret {
    case .ed25519(let signer): try await signer.signature(for: message)
    case .openSSL(let key, let scheme): try key.signature(for: message.span, scheme: scheme)
    }
  }
}

extension JSONValue {
  static func text(_ text: String) -> JSONValue { .string(UTF8Text(text)) }

  /// An object.
  static func make(_ members: [String: JSONValue]) -> JSONValue {
    guard
      let object = JSONObject(
        members.map { JSONObject.Member(name: UTF8Text($0.key), value: $0.value) })
    else { preconditionFailure("a dictionary has no name twice") }
    return .object(object)
  }
}

extension [UInt8] {
  /// JSON of a value as a server has it: canonical, but for the line ends in keys, which JSON does not allow as they are.
  init(json value: JSONValue) {
    self = CanonicalJSON.encode(value).flatMap { $0 == 0x0a ? Array("\\n".utf8) : [$0] }
  }
}
