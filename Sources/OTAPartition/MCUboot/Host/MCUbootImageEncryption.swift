#if !hasFeature(Embedded)
public import OTACrypto

/// Encrypts the firmware of images of MCUboot for devices that have one private key.
///
/// `OpenSSLMCUbootEncryption` of `OTAMCUbootOpenSSL` is the one for RSA, P-256 and X25519.
public protocol MCUbootImageEncryption: Sendable {
  /// The length of the keys of contents, in bytes: 16 or 32.
  var contentKeySize: Int { get }
  /// The type of the TLV that brings the key.
  var contentKeyType: MCUbootTLVType { get }

  /// Encrypts firmware with a new key, which it forgets.
  ///
  /// - Parameter firmware: the firmware; then what is to stand in flash, which is as long. It may give this up.
  /// - Returns: the value of the TLV that brings the key.
  /// - Throws: a `CryptoError`.
  func encrypt(_ firmware: inout [UInt8]) throws(CryptoError) -> [UInt8]
}
#endif
