import CSodium
public import OTACrypto

/// The random numbers of the operating system, by libsodium.
public struct SodiumRandom: RandomSource {
  /// Makes a source.
  public init() {}

  /// Fills all bytes.
  ///
  /// - Throws: `CryptoError.unavailable` if the backend could not start.
  public mutating func fill(_ bytes: inout MutableSpan<UInt8>) throws(CryptoError) {
    try Sodium.start()
    unsafe bytes.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      unsafe randombytes_buf(start, buffer.count)
    }
  }
}
