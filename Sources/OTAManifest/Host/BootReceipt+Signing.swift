#if !hasFeature(Embedded)
import OTACore
public import OTACrypto

extension BootReceipt {
  /// Encodes and signs this receipt.
  ///
  /// - Parameter signer: the device's key.
  /// - Returns: the encoded receipt, at most ``BootReceipt/maximumSize`` bytes.
  /// - Throws: ``ManifestError/crypto(_:)`` if the signer fails.
  public func signed(by signer: some Signer) async throws(ManifestError) -> [UInt8] {
    let unsigned = try UnsignedReceipt(self, signedBy: signer.publicKey)
    let signature: [UInt8]
    do throws(CryptoError) {
      signature = try await signer.signature(for: unsigned.signedBytes)
    } catch {
      throw .crypto(error)
    }
    return try unsigned.receipt(signature: signature)
  }
}
#endif
