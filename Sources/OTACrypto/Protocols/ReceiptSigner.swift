/// The key of a device, for what it says under its own signature; synchronous and without heap, for bare metal.
///
/// Hosts have `Signer`, which may ask a security module and wait for it.
public protocol ReceiptSigner: ~Copyable {
  /// The public part of the key.
  var publicKey: PublicKey { get }

  /// Signs a message with the algorithm of the key.
  ///
  /// - Parameters:
  ///   - message: the bytes to sign, not their digest.
  ///   - signature: takes the signature; as long as `SignatureAlgorithm.signatureSize` says.
  /// - Throws: ``CryptoError/unavailable`` if there is no key, or the hardware that holds it does not answer; then the
  ///   contents of `signature` have no meaning.
  mutating func sign(_ message: Span<UInt8>, into signature: inout MutableSpan<UInt8>) throws(CryptoError)
}

/// For devices without a key of their own: they sign nothing.
public struct NoReceiptSigner: ReceiptSigner, Sendable {
  /// Makes one.
  public init() {}

  /// A key of zeros, which nobody has.
  public var publicKey: PublicKey {
    let zeros = InlineArray<32, UInt8>(repeating: 0)
    do throws(CryptoError) {
      return try PublicKey(algorithm: .ed25519, copying: zeros.span)
    } catch {
      preconditionFailure("keys of Ed25519 have 32 bytes")
    }
  }

  /// Signs nothing.
  ///
  /// - Throws: ``CryptoError/unavailable``, always.
  public func sign(_ message: Span<UInt8>, into signature: inout MutableSpan<UInt8>) throws(CryptoError) {
    throw .unavailable
  }
}
