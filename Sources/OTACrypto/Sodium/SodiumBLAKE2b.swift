import CSodium
public import OTACore
public import OTACrypto

/// BLAKE2b with 32 bytes of output and no key, by libsodium.
///
/// The state is on the heap: libsodium wants it on a boundary of 64 bytes, which a Swift value does not promise.
///
/// - Note: Source: RFC 7693.
@safe public struct SodiumBLAKE2b256: HashFunction, ~Copyable {
  /// BLAKE2b-256.
  public static var algorithm: DigestAlgorithm { .blake2b256 }

  private let state: UnsafeMutableRawPointer

  /// Starts with no bytes.
  public init() {
    Sodium.startIfPossible()
    unsafe state = UnsafeMutableRawPointer.allocate(
      byteCount: crypto_generichash_blake2b_statebytes(), alignment: 64)
    _ = unsafe crypto_generichash_blake2b_init(OpaquePointer(state), nil, 0, 32)
  }

  /// Feeds bytes; any division into calls gives the same digest.
  public mutating func update(_ bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      _ = unsafe crypto_generichash_blake2b_update(OpaquePointer(state), start, UInt64(buffer.count))
    }
  }

  /// Ends and returns the digest.
  public consuming func finalize() -> Digest {
    var output = InlineArray<64, UInt8>(repeating: 0)
    var span = output.mutableSpan
    unsafe span.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      _ = unsafe crypto_generichash_blake2b_final(OpaquePointer(state), start, 32)
    }
    return Digest(SodiumBLAKE2b256.algorithm, outputOf: output)
  }

  deinit {
    unsafe state.deallocate()
  }
}
