#if !hasFeature(Embedded)
public import OTACore
public import OTACrypto

extension EspressifPublicKey {
  /// The key as it stands in a block of a signature.
  ///
  /// Of an RSA key, the exponent and two numbers are between modulus and signature that the hardware computes with:
  /// R² mod n for R = 2³⁰⁷², and -1/n mod 2³².
  ///
  /// - Note: Source: ESP-IDF, `ets_rsa_pubkey_t`; the digest of these bytes is what chips keep.
  public var encoded: [UInt8] {
    switch scheme {
    case .rsa3072:
      let modulus = RSAModulus(bytes)
      return modulus.leastFirstOctets + exponent.leastFirstOctets
        + modulus.montgomerySquare.leastFirstOctets + modulus.negatedInverse.leastFirstOctets
    case .p256, .p384:
      return [scheme.curve] + bytes.reversedNumbers(of: scheme)
    }
  }

  /// The digest by which chips know the key.
  ///
  /// - Parameter hash: SHA-256.
  /// - Returns: the digest, as `espsecure digest-sbv2-public-key` writes it.
  public func digest<Hash: HashFunction & ~Copyable>(using hash: Hash.Type) -> Digest {
    Hash.digest(of: encoded.span)
  }
}

extension Span<UInt8> {
  /// The numbers of a key or signature, each with its least significant byte first.
  func reversedNumbers(of scheme: EspressifSignatureScheme) -> [UInt8] {
    var octets: [UInt8] = []
    octets.reserveCapacity(count)
    for end in stride(from: scheme.numberSize, through: count, by: scheme.numberSize) {
      for index in 1...scheme.numberSize { octets.append(self[end - index]) }
    }
    return octets
  }
}

extension UInt32 {
  var leastFirstOctets: [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: self >> UInt32(8 * $0)) }
  }
}

/// The modulus of an RSA key, to compute from it what everybody may know.
private struct RSAModulus {
  /// Least significant first.
  private var words: [UInt32]

  private init(words: [UInt32]) { self.words = words }

  /// - Parameter bytes: a multiple of four, the most significant first.
  init(_ bytes: Span<UInt8>) {
    words = stride(from: bytes.count, to: 0, by: -4).map { end in
      UInt32(bytes[end - 4]) << 24 | UInt32(bytes[end - 3]) << 16 | UInt32(bytes[end - 2]) << 8
        | UInt32(bytes[end - 1])
    }
  }

  var leastFirstOctets: [UInt8] { words.flatMap(\.leastFirstOctets) }

  /// The square of two to the power of the modulus' length, modulo it: one, doubled again and again.
  var montgomerySquare: RSAModulus {
    var value = [UInt32](repeating: 0, count: words.count)
    value[0] = 1
    for _ in 0..<2 * 32 * words.count {
      var carry: UInt32 = 0
      for index in value.indices {
        let next = value[index] >> 31
        value[index] = value[index] << 1 | carry
        carry = next
      }
      if carry == 1 || !isAbove(value) { subtract(from: &value) }
    }
    return RSAModulus(words: value)
  }

  /// The number whose product with the modulus is -1 modulo two to the power of 32; meaningless for an even modulus.
  var negatedInverse: UInt32 {
    // Each step doubles how many of the low bits are right, beginning with one.
    var inverse: UInt32 = 1
    for _ in 0..<5 { inverse = inverse &* (2 &- words[0] &* inverse) }
    return 0 &- inverse
  }

  private func isAbove(_ value: [UInt32]) -> Bool {
    for index in words.indices.reversed() where words[index] != value[index] {
      return words[index] > value[index]
    }
    return false
  }

  private func subtract(from value: inout [UInt32]) {
    var borrow = false
    for index in value.indices {
      let (partial, first) = value[index].subtractingReportingOverflow(words[index])
      let (difference, second) = partial.subtractingReportingOverflow(borrow ? 1 : 0)
      value[index] = difference
      borrow = first || second
    }
  }
}
#endif
