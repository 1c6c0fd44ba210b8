public import OTACore
public import OTACrypto

/// SHA3-256 by libcrypto.
///
/// One allocation for each value. Never fails but for a lack of memory, which ends the process.
///
/// - Note: Source: FIPS 202.
public struct OpenSSLSHA3Bits256: HashFunction, ~Copyable {
  /// SHA3-256.
  public static var algorithm: DigestAlgorithm { .sha3Bits256 }

  private var context: HashContext

  /// Starts with no bytes.
  public init() {
    context = HashContext(OpenSSLLibrary.sha3Bits256)
  }

  /// Starts with the bytes that were fed to another one so far.
  public init(copying other: borrowing OpenSSLSHA3Bits256) {
    context = HashContext(copying: other.context)
  }

  /// Feeds bytes; any division into calls gives the same digest.
  public mutating func update(_ bytes: Span<UInt8>) {
    context.update(bytes)
  }

  /// Ends and returns the digest.
  public consuming func finalize() -> Digest {
    context.finalize(.sha3Bits256)
  }
}

/// SHA3-384 by libcrypto.
///
/// One allocation for each value. Never fails but for a lack of memory, which ends the process.
///
/// - Note: Source: FIPS 202.
public struct OpenSSLSHA3Bits384: HashFunction, ~Copyable {
  /// SHA3-384.
  public static var algorithm: DigestAlgorithm { .sha3Bits384 }

  private var context: HashContext

  /// Starts with no bytes.
  public init() {
    context = HashContext(OpenSSLLibrary.sha3Bits384)
  }

  /// Starts with the bytes that were fed to another one so far.
  public init(copying other: borrowing OpenSSLSHA3Bits384) {
    context = HashContext(copying: other.context)
  }

  /// Feeds bytes; any division into calls gives the same digest.
  public mutating func update(_ bytes: Span<UInt8>) {
    context.update(bytes)
  }

  /// Ends and returns the digest.
  public consuming func finalize() -> Digest {
    context.finalize(.sha3Bits384)
  }
}

/// SHA3-512 by libcrypto.
///
/// One allocation for each value. Never fails but for a lack of memory, which ends the process.
///
/// - Note: Source: FIPS 202.
public struct OpenSSLSHA3Bits512: HashFunction, ~Copyable {
  /// SHA3-512.
  public static var algorithm: DigestAlgorithm { .sha3Bits512 }

  private var context: HashContext

  /// Starts with no bytes.
  public init() {
    context = HashContext(OpenSSLLibrary.sha3Bits512)
  }

  /// Starts with the bytes that were fed to another one so far.
  public init(copying other: borrowing OpenSSLSHA3Bits512) {
    context = HashContext(copying: other.context)
  }

  /// Feeds bytes; any division into calls gives the same digest.
  public mutating func update(_ bytes: Span<UInt8>) {
    context.update(bytes)
  }

  /// Ends and returns the digest.
  public consuming func finalize() -> Digest {
    context.finalize(.sha3Bits512)
  }
}

/// SHAKE256 with 64 bytes of output by libcrypto.
///
/// Fewer bytes of output are the first of these.
///
/// One allocation for each value. Never fails but for a lack of memory, which ends the process.
///
/// - Note: Source: FIPS 202.
public struct OpenSSLSHAKE256: HashFunction, ~Copyable {
  /// SHAKE256.
  public static var algorithm: DigestAlgorithm { .shake256 }

  private var context: HashContext

  /// Starts with no bytes.
  public init() {
    context = HashContext(OpenSSLLibrary.shake256)
  }

  /// Starts with the bytes that were fed to another one so far.
  public init(copying other: borrowing OpenSSLSHAKE256) {
    context = HashContext(copying: other.context)
  }

  /// Feeds bytes; any division into calls gives the same digest.
  public mutating func update(_ bytes: Span<UInt8>) {
    context.update(bytes)
  }

  /// Ends and returns the digest.
  public consuming func finalize() -> Digest {
    context.finalize(.shake256)
  }
}
