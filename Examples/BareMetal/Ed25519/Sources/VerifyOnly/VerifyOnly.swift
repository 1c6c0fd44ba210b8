import CheckStartup
import Ed25519
import OTACore
import OTACrypto

/// Verifies one signature, and nothing else: its size is that of verification in a boot loader.
@main
struct Main {
  static func main() {
    guard let start = unsafe ota_vectors_start() else { ota_end(1) }
    var bytes = InlineArray<96, UInt8>(repeating: 0)
    for index in 0..<96 { bytes[index] = unsafe start[index] }
    ota_end(isGood(bytes.span) ? 0 : 1)
  }

  /// The public key, and the signature of nothing.
  private static func isGood(_ bytes: Span<UInt8>) -> Bool {
    do throws(CryptoError) {
      let key = try PublicKey(algorithm: .ed25519, copying: bytes.extracting(0..<32))
      try Ed25519Verifier().verify(
        signature: bytes.extracting(32..<96), of: bytes.extracting(0..<0), by: key)
      return true
    } catch {
      return false
    }
  }
}
