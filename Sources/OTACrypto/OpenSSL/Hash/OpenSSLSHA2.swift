public import OTACore
public import OTACrypto

/// SHA-256 by libcrypto, with the instructions that the processor has for it.
///
/// One allocation for each value. Never fails but for a lack of memory, which ends the process.
///
/// - Note: Source: FIPS 180-4.
public struct OpenSSLSHA256: HashFunction, ~Copyable {
  /// SHA-256.
  public static var algorithm: DigestAlgorithm { .sha256 }

  private var context: HashContext

  /// Starts with no bytes.
  public init() {
    context = HashContext(OpenSSLLibrary.sha256)
  }

  /// Starts with the bytes that were fed to another one so far.
  public init(copying other: borrowing OpenSSLSHA256) {
    context = HashContext(copying: other.context)
  }

  /// Feeds bytes; any division into calls gives the same digest.
  public mutating func update(_ bytes: Span<UInt8>) {
    context.update(bytes)
  }

  /// Ends and returns the digest.
  public consuming func finalize() -> Digest {
    context.finalize(.sha256)
  }
}

/// SHA-384 by libcrypto, with the instructions that the processor has for it.
///
/// One allocation for each value. Never fails but for a lack of memory, which ends the process.
///
/// - Note: Source: FIPS 180-4.
public struct OpenSSLSHA384: HashFunction, ~Copyable {
  /// SHA-384.
  public static var algorithm: DigestAlgorithm { .sha384 }

  private var context: HashContext

  /// Starts with no bytes.
  public init() {
    context = HashContext(OpenSSLLibrary.sha384)
  }

  /// Starts with the bytes that were fed to another one so far.
  public init(copying other: borrowing OpenSSLSHA384) {
    context = HashContext(copying: other.context)
  }

  /// Feeds bytes; any division into calls gives the same digest.
  public mutating func update(_ bytes: Span<UInt8>) {
    context.update(bytes)
  }

  /// Ends and returns the digest.
  public consuming func finalize() -> Digest {
    context.finalize(.sha384)
  }
}

/// SHA-512 by libcrypto, with the instructions that the processor has for it.
///
/// One allocation for each value. Never fails but for a lack of memory, which ends the process.
///
/// - Note: Source: FIPS 180-4.
public struct OpenSSLSHA512: HashFunction, ~Copyable {
  /// SHA-512.
  public static var algorithm: DigestAlgorithm { .sha512 }

  private var context: HashContext

  /// Starts with no bytes.
  public init() {
    context = HashContext(OpenSSLLibrary.sha512)
  }

  /// Starts with the bytes that were fed to another one so far.
  public init(copying other: borrowing OpenSSLSHA512) {
    context = HashContext(copying: other.context)
  }

  /// Feeds bytes; any division into calls gives the same digest.
  public mutating func update(_ bytes: Span<UInt8>) {
    context.update(bytes)
  }

  /// Ends and returns the digest.
  public consuming func finalize() -> Digest {
    context.finalize(.sha512)
  }
}
