public import OTACrypto
public import OTACryptoOpenSSL
public import OTAPartition

/// Decrypts the firmware of one image of MCUboot.
public struct OpenSSLMCUbootCipher: MCUbootPayloadCipher, ~Copyable {
  private var stream: OpenSSLAESCTR

  private init(_ stream: consuming OpenSSLAESCTR) { self.stream = stream }

  /// Decrypts the key of the contents.
  ///
  /// - Parameters:
  ///   - container: the image.
  ///   - flash: where it is; it is only read.
  ///   - key: the private key of the device, for X25519, P-256 or RSA-2048.
  /// - Returns: what decrypts the firmware, from its first byte on.
  /// - Throws: what ``OTAPartition/MCUbootContainer/contentKey(on:)`` throws;
  ///   ``OTAPartition/MCUbootError/unknownFlags(_:)`` if the header names two sizes of keys;
  ///   ``OTAPartition/MCUbootError/invalidLength(_:)``; ``OTAPartition/MCUbootError/contentKeyNotForKey(_:)`` if keys of
  ///   this kind do not decrypt TLVs of this type; ``OTAPartition/MCUbootError/crypto(_:)`` with
  ///   `CryptoError.authenticationFailed` if it was encrypted for another key.
  public static func opening<Device: Flash & ~Copyable>(
    _ container: borrowing MCUbootContainer, on flash: inout Device, with key: OpenSSLPrivateKey
  ) throws(MCUbootError) -> OpenSSLMCUbootCipher {
    let tlv = try container.contentKey(on: &flash)
    let flags = container.header.flags
    guard let type = tlv.type else { throw .contentKeyMissing }
    guard !flags.contains(.encrypted) else { throw .unknownFlags(MCUbootFlags.encrypted.rawValue) }
    let contentKeySize = flags.contains(.encryptedAES256) ? 32 : 16
    let ecies = MCUbootECIES(type, contentKeySize: contentKeySize)
    let size: Int
    if let ecies {
      guard key.publicKey.kind == ecies.kind else { throw .contentKeyNotForKey(type) }
      size = ecies.size
    } else {
      guard type == .encryptedKeyRSA2048, key.publicKey.kind == .rsa2048 else {
        throw .contentKeyNotForKey(type)
      }
      size = 256
    }
    guard tlv.value.count == size else { throw .invalidLength(type) }
    var value = [UInt8](repeating: 0, count: size)
    do throws(FlashError) {
      var span = value.mutableSpan
      try flash.readUnaligned(into: &span, at: tlv.value.lowerBound)
    } catch {
      throw .flash(error)
    }
    do throws(CryptoError) {
      return try make(value, ecies, contentKeySize, key)
    } catch {
      throw .crypto(error)
    }
  }

  private static func make(
    _ value: [UInt8], _ ecies: MCUbootECIES?, _ contentKeySize: Int, _ key: OpenSSLPrivateKey
  ) throws(CryptoError) -> OpenSSLMCUbootCipher {
    var contentKey = [UInt8](repeating: 0, count: contentKeySize)
    defer { cleanse(&contentKey) }
    if let ecies {
      contentKey = try ecies.open(value, with: key)
    } else {
      var span = contentKey.mutableSpan
      try key.decryptOAEP(value.span, into: &span)
    }
    let zeros = [UInt8](repeating: 0, count: 16)
    return OpenSSLMCUbootCipher(try OpenSSLAESCTR(key: contentKey.span, counter: zeros.span))
  }

  /// Decrypts the next bytes.
  public mutating func decrypt(_ bytes: inout MutableSpan<UInt8>) throws(CryptoError) {
    try stream.apply(&bytes)
  }
}
