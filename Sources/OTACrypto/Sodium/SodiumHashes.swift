import CSodium
public import OTACore
public import OTACrypto

/// SHA-256 by libsodium.
public struct SodiumSHA256: HashFunction, Sendable {
  /// SHA-256.
  public static var algorithm: DigestAlgorithm { .sha256 }

  private var state = crypto_hash_sha256_state()

  /// Starts with no bytes.
  public init() {
    Sodium.startIfPossible()
    _ = unsafe crypto_hash_sha256_init(&state)
  }

  /// Feeds bytes; any division into calls gives the same digest.
  public mutating func update(_ bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      _ = unsafe crypto_hash_sha256_update(&state, start, UInt64(buffer.count))
    }
  }

  /// Ends and returns the digest.
  public consuming func finalize() -> Digest {
    var output = InlineArray<64, UInt8>(repeating: 0)
    var span = output.mutableSpan
    unsafe span.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      _ = unsafe crypto_hash_sha256_final(&state, start)
    }
    return Digest(SodiumSHA256.algorithm, outputOf: output)
  }
}

/// SHA-512 by libsodium.
public struct SodiumSHA512: HashFunction, Sendable {
  /// SHA-512.
  public static var algorithm: DigestAlgorithm { .sha512 }

  private var state = crypto_hash_sha512_state()

  /// Starts with no bytes.
  public init() {
    Sodium.startIfPossible()
    _ = unsafe crypto_hash_sha512_init(&state)
  }

  /// Feeds bytes; any division into calls gives the same digest.
  public mutating func update(_ bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      _ = unsafe crypto_hash_sha512_update(&state, start, UInt64(buffer.count))
    }
  }

  /// Ends and returns the digest.
  public consuming func finalize() -> Digest {
    var output = InlineArray<64, UInt8>(repeating: 0)
    var span = output.mutableSpan
    unsafe span.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      _ = unsafe crypto_hash_sha512_final(&state, start)
    }
    return Digest(SodiumSHA512.algorithm, outputOf: output)
  }
}

extension Digest {
  /// Takes as many bytes as the algorithm has.
  init(_ algorithm: DigestAlgorithm, outputOf output: InlineArray<64, UInt8>) {
    do throws(ParseError) {
      try self.init(algorithm: algorithm, bytes: output.span.extracting(0..<algorithm.byteCount))
    } catch {
      preconditionFailure("a hash function returned a digest of another length than its algorithm has")
    }
  }
}
