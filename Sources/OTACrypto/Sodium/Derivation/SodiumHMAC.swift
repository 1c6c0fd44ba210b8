import CSodium
public import OTACore
public import OTACrypto

/// A message authentication code with SHA-256 or SHA-512, by libsodium.
///
/// - Note: Source: RFC 2104.
public struct SodiumHMAC: ~Copyable {
  private enum State {
    case sha256(SecretState<crypto_auth_hmacsha256_state>)
    case sha512(SecretState<crypto_auth_hmacsha512_state>)
  }

  /// The hash function inside.
  public let algorithm: DigestAlgorithm
  private let state: State

  /// Takes a key, and starts with no bytes.
  ///
  /// - Parameters:
  ///   - algorithm: SHA-256 or SHA-512.
  ///   - key: at least one byte; as many as the digest has are right. The caller zeroes his own.
  /// - Throws: `CryptoError.invalidKey` for no key at all, `CryptoError.unsupportedAlgorithm` for another hash function,
  ///   `CryptoError.unavailable` if the backend could not start.
  public init(_ algorithm: DigestAlgorithm, key: Span<UInt8>) throws(CryptoError) {
    try Sodium.start()
    guard !key.isEmpty else { throw .invalidKey }
    switch algorithm {
    case .sha256:
      let state = SecretState(crypto_auth_hmacsha256_state())
      unsafe key.withUnsafeBufferPointer { key in
        guard let start = key.baseAddress else { return }
        _ = unsafe state.withPointer { unsafe crypto_auth_hmacsha256_init($0, start, key.count) }
      }
      self.state = .sha256(state)
    case .sha512:
      let state = SecretState(crypto_auth_hmacsha512_state())
      unsafe key.withUnsafeBufferPointer { key in
        guard let start = key.baseAddress else { return }
        _ = unsafe state.withPointer { unsafe crypto_auth_hmacsha512_init($0, start, key.count) }
      }
      self.state = .sha512(state)
    case .sha384, .shake256, .blake2b256, .sha3Bits256, .sha3Bits384, .sha3Bits512:
      throw .unsupportedAlgorithm
    }
    self.algorithm = algorithm
  }

  /// Feeds bytes; any division into calls gives the same code.
  public mutating func update(_ bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBufferPointer { bytes in
      guard let start = bytes.baseAddress else { return }
      switch state {
      case .sha256(let state):
        _ = unsafe state.withPointer {
          unsafe crypto_auth_hmacsha256_update($0, start, UInt64(bytes.count))
        }
      case .sha512(let state):
        _ = unsafe state.withPointer {
          unsafe crypto_auth_hmacsha512_update($0, start, UInt64(bytes.count))
        }
      }
    }
  }

  /// Ends, and gives the code or, if fewer bytes are wanted, its first bytes.
  ///
  /// Whoever compares it with one that came from outside uses ``verify(tag:)`` or `isEqualInConstantTime(_:_:)`.
  ///
  /// - Parameter output: takes the code.
  /// - Precondition: There are not more bytes than the digest has.
  public consuming func finalize(into output: inout MutableSpan<UInt8>) {
    precondition(output.count <= algorithm.byteCount, "a code is no longer than the digest")
    var code = [UInt8](repeating: 0, count: algorithm.byteCount)
    defer { zero(&code) }
    unsafe code.withUnsafeMutableBufferPointer { code in
      guard let start = code.baseAddress else { return }
      switch state {
      case .sha256(let state):
        _ = unsafe state.withPointer { unsafe crypto_auth_hmacsha256_final($0, start) }
      case .sha512(let state):
        _ = unsafe state.withPointer { unsafe crypto_auth_hmacsha512_final($0, start) }
      }
    }
    for index in 0..<output.count { output[index] = code[index] }
  }

  /// Ends, and returns only if the code is this one, all of it.
  ///
  /// - Parameter tag: the code that came with the bytes.
  /// - Throws: `CryptoError.authenticationFailed` if it is another one, or a part of it.
  public consuming func verify(tag: Span<UInt8>) throws(CryptoError) {
    var code = [UInt8](repeating: 0, count: algorithm.byteCount)
    defer { zero(&code) }
    var span = code.mutableSpan
    finalize(into: &span)
    guard isEqualInConstantTime(code.span, tag) else { throw .authenticationFailed }
  }
}
