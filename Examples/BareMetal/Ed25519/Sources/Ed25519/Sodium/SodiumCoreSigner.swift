#if Sodium
import CMonocypher
import CSodiumCore
import OTACore
public import OTACrypto

/// Signs with Ed25519 over the part of libsodium that does so: boot receipts, on the device.
///
/// - Note: Source: RFC 8032, sections 5.1.5 and 5.1.6. The bytes are those of every other implementation.
public enum SodiumCoreSigner {
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
    unsafe seed.withUnsafeMutableBufferPointer { unsafe sodium_memzero($0.baseAddress, $0.count) }
    guard isValid else { throw .invalidKey }
  }

  @inline(never)
  private static func derive(_ seed: Span<UInt8>, into key: inout MutableSpan<UInt8>) {
    var pair = InlineArray<64, UInt8>(repeating: 0)
    var output = pair.mutableSpan
    keyPair(seed, into: &output, publicKey: &key)
  }

  @inline(never)
  private static func compute(
    _ message: Span<UInt8>, _ seed: Span<UInt8>, into signature: inout MutableSpan<UInt8>
  ) {
    var pair = InlineArray<64, UInt8>(repeating: 0)
    var key = InlineArray<32, UInt8>(repeating: 0)
    var output = pair.mutableSpan
    var keyOutput = key.mutableSpan
    keyPair(seed, into: &output, publicKey: &keyOutput)
    unsafe signature.withUnsafeMutableBufferPointer { signature in
      unsafe message.withUnsafeBufferPointer { message in
        unsafe output.withUnsafeMutableBufferPointer { pair in
          // Never anything but 0.
          _ = unsafe crypto_sign_ed25519_detached(
            signature.baseAddress, nil, message.baseAddress, UInt64(message.count), pair.baseAddress)
        }
      }
    }
  }

  private static func keyPair(
    _ seed: Span<UInt8>, into pair: inout MutableSpan<UInt8>, publicKey key: inout MutableSpan<UInt8>
  ) {
    unsafe pair.withUnsafeMutableBufferPointer { pair in
      unsafe key.withUnsafeMutableBufferPointer { key in
        unsafe seed.withUnsafeBufferPointer { seed in
          // Never anything but 0.
          _ = unsafe crypto_sign_ed25519_seed_keypair(key.baseAddress, pair.baseAddress, seed.baseAddress)
        }
      }
    }
  }
}
#endif
