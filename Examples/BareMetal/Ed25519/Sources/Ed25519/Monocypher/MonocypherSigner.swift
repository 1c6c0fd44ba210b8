import CMonocypher
import OTACore
public import OTACrypto

/// Signs with Ed25519 over Monocypher and the SHA-512 of `OTACrypto`: boot receipts, on the device.
///
/// - Note: Source: RFC 8032, sections 5.1.5 and 5.1.6. The bytes are those of every other implementation.
public enum MonocypherSigner {
  /// The length of a seed, in bytes.
  public static var seedSize: Int { 32 }
  /// The length of a signature, in bytes.
  public static var signatureSize: Int { 64 }

  /// Computes the public key of a seed, and leaves nothing of it in memory but the seed itself.
  ///
  /// - Parameter seed: the private key in the sense of RFC 8032, ``seedSize`` bytes.
  /// - Returns: the public key.
  /// - Throws: `CryptoError.invalidKey` if the length is another.
  public static func publicKey(ofSeed seed: Span<UInt8>) throws(CryptoError) -> PublicKey {
    guard seed.count == seedSize else { throw .invalidKey }
    var key = InlineArray<32, UInt8>(repeating: 0)
    var output = key.mutableSpan
    derive(seed, into: &output)
    ota_wipe_stack()
    return try PublicKey(algorithm: .ed25519, copying: key.span)
  }

  /// Signs, and zeroes the seed and everything that was computed of it.
  ///
  /// The public key is computed again, since a wrong one would give the private one away.
  ///
  /// - Parameters:
  ///   - message: what to sign.
  ///   - seed: the private key in the sense of RFC 8032, ``seedSize`` bytes; zero afterwards.
  ///   - signature: takes the signature, ``signatureSize`` bytes.
  /// - Throws: `CryptoError.invalidKey` if the length of the seed is another; it is zero then too.
  /// - Precondition: the signature has its length.
  public static func sign(
    _ message: Span<UInt8>, seed: inout MutableSpan<UInt8>, into signature: inout MutableSpan<UInt8>
  ) throws(CryptoError) {
    precondition(signature.count == signatureSize, "a signature has 64 bytes")
    let isValid = seed.count == seedSize
    if isValid { compute(message, seed.span, into: &signature) }
    // The functions above leave copies where they ran: below this one on the stack.
    ota_wipe_stack()
    unsafe seed.withUnsafeMutableBufferPointer { unsafe crypto_wipe($0.baseAddress, $0.count) }
    guard isValid else { throw .invalidKey }
  }

  @inline(never)
  private static func derive(_ seed: Span<UInt8>, into key: inout MutableSpan<UInt8>) {
    let expanded = SHA512.digest(of: seed)
    multiplyBase(trimmed(expanded.bytes).span, into: &key)
  }

  @inline(never)
  private static func compute(
    _ message: Span<UInt8>, _ seed: Span<UInt8>, into signature: inout MutableSpan<UInt8>
  ) {
    let expanded = SHA512.digest(of: seed)
    let secret = trimmed(expanded.bytes)
    var key = InlineArray<32, UInt8>(repeating: 0)
    var keyOutput = key.mutableSpan
    multiplyBase(secret.span, into: &keyOutput)
    let nonce = Scalar.hash(expanded.bytes.extracting(32..<64), message, message.extracting(0..<0))
    var commitment = InlineArray<32, UInt8>(repeating: 0)
    var commitmentOutput = commitment.mutableSpan
    multiplyBase(nonce.span, into: &commitmentOutput)
    let challenge = Scalar.hash(commitment.span, key.span, message)
    for index in 0..<32 { signature[index] = commitment[index] }
    var response = signature._mutatingExtracting(32..<64)
    unsafe response.withUnsafeMutableBufferPointer { response in
      unsafe challenge.span.withUnsafeBufferPointer { challenge in
        unsafe secret.span.withUnsafeBufferPointer { secret in
          unsafe nonce.span.withUnsafeBufferPointer { nonce in
            unsafe crypto_eddsa_mul_add(
              response.baseAddress, challenge.baseAddress, secret.baseAddress, nonce.baseAddress)
          }
        }
      }
    }
  }

  /// The secret scalar in the first half of a digest.
  private static func trimmed(_ expanded: Span<UInt8>) -> InlineArray<32, UInt8> {
    var scalar = InlineArray<32, UInt8>(repeating: 0)
    var output = scalar.mutableSpan
    unsafe output.withUnsafeMutableBufferPointer { output in
      unsafe expanded.withUnsafeBufferPointer { expanded in
        unsafe crypto_eddsa_trim_scalar(output.baseAddress, expanded.baseAddress)
      }
    }
    return scalar
  }

  private static func multiplyBase(_ scalar: Span<UInt8>, into point: inout MutableSpan<UInt8>) {
    unsafe point.withUnsafeMutableBufferPointer { point in
      unsafe scalar.withUnsafeBufferPointer { scalar in
        unsafe crypto_eddsa_scalarbase(point.baseAddress, scalar.baseAddress)
      }
    }
  }
}
