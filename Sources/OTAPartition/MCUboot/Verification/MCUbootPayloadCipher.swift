public import OTACrypto

/// Decrypts the firmware of one image, from its first byte to its last.
///
/// Nothing is authenticated by it: what comes out is believed when the hash of the image is right.
///
/// Firmware has AES in counter mode of its own, hosts have `OpenSSLMCUbootCipher` of `OTAMCUbootOpenSSL`.
///
/// - Note: Source: MCUboot, docs/encrypted_images.md: AES-128 or AES-256 in counter mode, the counter zero at the first
///   byte of the firmware.
public protocol MCUbootPayloadCipher: ~Copyable {
  /// Decrypts the next bytes in the caller's buffer.
  ///
  /// - Parameter bytes: as many as there are; any division into calls gives the same.
  /// - Throws: `CryptoError.unavailable` if it could not; the bytes are undefined then.
  mutating func decrypt(_ bytes: inout MutableSpan<UInt8>) throws(CryptoError)
}

/// Firmware that lies in flash as it runs.
struct MCUbootPlainPayload: MCUbootPayloadCipher {
  func decrypt(_ bytes: inout MutableSpan<UInt8>) throws(CryptoError) {}
}
