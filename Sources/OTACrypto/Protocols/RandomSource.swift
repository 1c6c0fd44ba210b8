/// Random bytes that nobody can foresee: a generator in hardware, or that of the operating system.
///
/// Backends: `SodiumRandom` of `OTACryptoSodium` for hosts; firmware brings its own.
public protocol RandomSource: ~Copyable {
  /// Fills all bytes.
  ///
  /// - Throws: ``CryptoError/unavailable`` if the source has no good bytes now, for example because its own test failed;
  ///   what was filled in is not to be used then.
  mutating func fill(_ bytes: inout MutableSpan<UInt8>) throws(CryptoError)
}
