public import OTACore
public import OTACrypto

/// Keys derived from a secret: extract and expand over ``SodiumHMAC``.
///
/// libsodium has it itself from 1.0.19 on; here it is put together of its HMAC, so that older ones do too.
///
/// - Note: Source: RFC 5869, sections 2.2 and 2.3.
public enum SodiumHKDF {
  /// Extracts and expands.
  ///
  /// - Parameters:
  ///   - algorithm: the hash function of the HMAC inside: SHA-256 or SHA-512.
  ///   - secret: the input keying material; the caller zeroes it.
  ///   - salt: may be empty, which is the same as zeros.
  ///   - info: what the key is for; may be empty.
  ///   - count: the length of the key: at least one byte and at most 255 times the length of the digest.
  /// - Returns: the key.
  /// - Throws: `CryptoError.unsupportedAlgorithm` for another hash function and for another number of bytes,
  ///   `CryptoError.unavailable` if the backend could not start.
  public static func derive(
    _ algorithm: DigestAlgorithm, secret: Span<UInt8>, salt: Span<UInt8>, info: Span<UInt8>, count: Int
  ) throws(CryptoError) -> SecretBytes {
    let size = algorithm.byteCount
    guard count >= 1, count <= 255 * size else { throw .unsupportedAlgorithm }
    // The pseudorandom key, and each block of the output; the latter one after the other.
    var key = [UInt8](repeating: 0, count: size)
    var output = [UInt8](repeating: 0, count: (count + size - 1) / size * size)
    defer {
      zero(&key)
      zero(&output)
    }
    let zeros = [UInt8](repeating: 0, count: size)
    var extract = try SodiumHMAC(algorithm, key: salt.isEmpty ? zeros.span : salt)
    extract.update(secret)
    var keySpan = key.mutableSpan
    extract.finalize(into: &keySpan)

    var number: UInt8 = 1
    for start in stride(from: 0, to: output.count, by: size) {
      var block = try SodiumHMAC(algorithm, key: key.span)
      if start > 0 { block.update(output.span.extracting(start - size..<start)) }
      block.update(info)
      block.update([number].span)
      var span = output.mutableSpan
      var part = span._mutatingExtracting(start..<start + size)
      block.finalize(into: &part)
      number &+= 1
    }
    return SecretBytes(copying: output.span.extracting(0..<count))
  }
}
