public import OTACrypto
public import OTACryptoOpenSSL
import OTACryptoSodium

/// The public part of a key on a token.
public enum PKCS11PublicKey: Sendable {
  /// An Ed25519 key.
  case ed25519(PublicKey)
  /// A key on P-256 or P-384, or one for RSA.
  case openSSL(OpenSSLPublicKey)
}

extension PKCS11PublicKey {
  /// Takes the attribute CKA_EC_POINT: the point, in an OCTET STRING as the specification wants it, or without, as some
  /// tokens have it.
  init(_ kind: PKCS11KeyKind, point attribute: [UInt8]) throws(PKCS11Error) {
    let size: Int
    switch kind {
    case .ed25519: size = 32
    case .p256: size = 65
    case .p384: size = 97
    case .rsa: throw .unsupportedKey
    }
    var point = attribute
    if point.count != size {
      // Below 128, a length is one byte.
      guard attribute.count == size + 2, attribute[0] == 0x04, attribute[1] == UInt8(size) else {
        throw .unsupportedKey
      }
      point.removeFirst(2)
    }
    do throws(CryptoError) {
      switch kind {
      case .ed25519: self = .ed25519(try PublicKey(algorithm: .ed25519, bytes: point))
      case .p256, .p384:
        let key = try OpenSSLPublicKey(kind == .p256 ? .p256 : .p384, point: point.span)
        self = .openSSL(key)
      case .rsa: throw .unsupportedAlgorithm
      }
    } catch {
      throw error == .unavailable ? .moduleUnavailable : .unsupportedKey
    }
  }

  /// Takes the two numbers of RSA, most significant byte first.
  ///
  /// - Note: Source: RFC 8017, appendix A.1.1, in a SubjectPublicKeyInfo with rsaEncryption of RFC 3279, section 2.3.1.
  init(modulus: [UInt8], exponent: [UInt8]) throws(PKCS11Error) {
    let algorithm: [UInt8] = [
      0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    ]
    let key = DER.encode(0x30, DER.integer(modulus) + DER.integer(exponent))
    let info = DER.encode(0x30, algorithm + DER.encode(0x03, [0] + key))
    do throws(CryptoError) {
      let key = try OpenSSLPublicKey(subjectPublicKeyInfo: info.span)
      self = .openSSL(key)
    } catch {
      throw error == .unavailable ? .moduleUnavailable : .unsupportedKey
    }
  }

  /// Checks what the token made, so that a token that is broken, or a name for two keys, shows here and not on a device.
  func verify(_ signature: [UInt8], of message: [UInt8], _ scheme: PKCS11Scheme) throws(CryptoError) {
    switch self {
    case .ed25519(let key):
      guard scheme == .ed25519 else { throw .unsupportedAlgorithm }
      try SodiumVerifier().verify(signature: signature.span, of: message.span, by: key)
    case .openSSL(let key):
      guard let scheme = scheme.openSSL else { throw .unsupportedAlgorithm }
      try key.verify(signature: signature.span, of: message.span, scheme: scheme)
    }
  }
}

/// The little of DER that a public key of RSA is written in.
private enum DER {
  static func encode(_ tag: UInt8, _ contents: [UInt8]) -> [UInt8] {
    let count = contents.count
    if count < 0x80 { return [tag, UInt8(count)] + contents }
    if count < 0x100 { return [tag, 0x81, UInt8(count)] + contents }
    return [tag, 0x82, UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)] + contents
  }

  static func integer(_ number: [UInt8]) -> [UInt8] {
    let digits = Array(number.drop { $0 == 0 })
    // A leading zero keeps it positive.
    guard let first = digits.first else { return encode(0x02, [0]) }
    return encode(0x02, first >= 0x80 ? [0] + digits : digits)
  }
}
