import CMonocypher
import OTACore
import OTACrypto

/// Numbers modulo the order of the base point, 32 bytes, least significant byte first.
enum Scalar {
  /// SHA-512 of three spans one behind the other, reduced.
  static func hash(
    _ first: Span<UInt8>, _ second: Span<UInt8>, _ third: Span<UInt8>
  ) -> InlineArray<32, UInt8> {
    var hash = SHA512()
    hash.update(first)
    hash.update(second)
    hash.update(third)
    let digest = hash.finalize()
    var reduced = InlineArray<32, UInt8>(repeating: 0)
    var output = reduced.mutableSpan
    unsafe output.withUnsafeMutableBufferPointer { output in
      unsafe digest.bytes.withUnsafeBufferPointer { digest in
        unsafe crypto_eddsa_reduce(output.baseAddress, digest.baseAddress)
      }
    }
    return reduced
  }
}
