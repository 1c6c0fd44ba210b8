import COpenSSL

/// The kinds of keys that are accepted; every other one is refused when it is read.
///
/// - Note: Which ones: project decision, Docs/Crypto.md.
public enum OpenSSLKeyKind: UInt8, Sendable, CaseIterable {
  /// The elliptic curve P-256, by its name: parameters that are written out are refused.
  case p256
  /// The elliptic curve P-384, by its name.
  case p384
  /// RSA with a modulus of 2048 bits.
  case rsa2048
  /// RSA with a modulus of 3072 bits.
  case rsa3072
  /// RSA with a modulus of 4096 bits.
  case rsa4096
  /// The Montgomery curve of X25519: for key agreement only.
  case x25519

  /// Whether it is one of the elliptic curves that sign.
  var isWeierstrass: Bool {
    switch self {
    case .p256, .p384: true
    case .rsa2048, .rsa3072, .rsa4096, .x25519: false
    }
  }

  /// The length of one coordinate, in bytes; 0 for RSA.
  var coordinateSize: Int {
    switch self {
    case .p256, .x25519: 32
    case .p384: 48
    case .rsa2048, .rsa3072, .rsa4096: 0
    }
  }

  /// The name of the curve in libcrypto.
  var groupName: StaticString? {
    switch self {
    case .p256: "prime256v1"
    case .p384: "secp384r1"
    case .rsa2048, .rsa3072, .rsa4096, .x25519: nil
    }
  }

  /// The length of the modulus, in bits; 0 for curves.
  var modulusBits: Int32 {
    switch self {
    case .p256, .p384, .x25519: 0
    case .rsa2048: 2048
    case .rsa3072: 3072
    case .rsa4096: 4096
    }
  }

  /// The name of the algorithm in libcrypto.
  var algorithmName: String {
    switch self {
    case .p256, .p384: "EC"
    case .rsa2048, .rsa3072, .rsa4096: "RSA"
    case .x25519: "X25519"
    }
  }

  /// Finds the kind of a key.
  ///
  /// - Returns: `nil` for every kind that is not accepted.
  init?(of handle: borrowing KeyHandle) {
    let key = unsafe handle.pointer
    if unsafe EVP_PKEY_is_a(key, "EC") == 1 {
      var explicit: Int32 = 0
      guard unsafe EVP_PKEY_get_int_param(key, "decoded-from-explicit", &explicit) == 1, explicit == 0 else {
        return nil
      }
      if handle.hasText("group", equalTo: "prime256v1") {
        self = .p256
      } else if handle.hasText("group", equalTo: "secp384r1") {
        self = .p384
      } else {
        return nil
      }
    } else if unsafe EVP_PKEY_is_a(key, "RSA") == 1 {
      guard OpenSSLKeyKind.hasUsualExponent(handle) else { return nil }
      switch unsafe EVP_PKEY_get_bits(key) {
      case 2048: self = .rsa2048
      case 3072: self = .rsa3072
      case 4096: self = .rsa4096
      default: return nil
      }
    } else if unsafe EVP_PKEY_is_a(key, "X25519") == 1 {
      self = .x25519
    } else {
      return nil
    }
  }

  /// Whether the public exponent is odd, at least 3, and has no more than 64 bits: with the strict checks of padding here
  /// a small one is as good as 65537, and a huge one would only keep the processor busy.
  private static func hasUsualExponent(_ handle: borrowing KeyHandle) -> Bool {
    var exponent: OpaquePointer?
    guard unsafe EVP_PKEY_get_bn_param(handle.pointer, "e", &exponent) == 1 else { return false }
    defer { unsafe BN_free(exponent) }
    let bits = unsafe BN_num_bits(exponent)
    return unsafe BN_is_odd(exponent) == 1 && bits >= 2 && bits <= 64
  }
}
