import CSodium
public import OTACrypto

/// A message for one recipient, from nobody in particular.
///
/// Who has the public key can close a box, and only the owner of the private one can open it. The sender is not
/// authenticated, and cannot open his own box again. Meant for short messages such as keys.
///
/// A box is a new public key, 32 bytes, a tag of 16, and the ciphertext, as long as the message: X25519, then
/// XSalsa20-Poly1305 with the nonce BLAKE2b-192(new public key, public key of the recipient).
///
/// - Note: Source: the documentation of libsodium, "Sealed boxes" (`crypto_box_seal`).
public enum SealedBox {
  /// How many bytes longer a box is than its message.
  public static var overhead: Int { 48 }
  /// The longest message, in bytes: 1 MiB, a limit of this library.
  public static var maximumMessageSize: Int { 1 << 20 }

  /// Closes a box.
  ///
  /// - Parameters:
  ///   - message: what only the recipient shall read; at most ``maximumMessageSize`` bytes.
  ///   - recipient: his public key.
  /// - Returns: the box, ``overhead`` bytes longer than the message, another one each time.
  /// - Throws: `CryptoError.invalidKey` if the public key is a point of small order, `CryptoError.unavailable` if the
  ///   backend could not start.
  /// - Precondition: The message is not longer than that.
  public static func seal(_ message: Span<UInt8>, for recipient: X25519PublicKey) throws(CryptoError)
    -> [UInt8]
  {
    try Sodium.start()
    precondition(message.count <= maximumMessageSize, "a message in a box has at most 1 MiB")
    var box = [UInt8](repeating: 0, count: message.count + overhead)
    let status = unsafe message.withUnsafeBufferPointer { message in
      unsafe crypto_box_seal(&box, message.baseAddress, UInt64(message.count), recipient.bytes)
    }
    guard status == 0 else { throw .invalidKey }
    return box
  }

  /// Opens a box.
  ///
  /// - Parameters:
  ///   - box: what ``seal(_:for:)`` made.
  ///   - key: the private key of the recipient.
  /// - Returns: the message.
  /// - Throws: `CryptoError.authenticationFailed` if it is no box for this key, or is not as it was closed, or is longer
  ///   than a box may be.
  public static func open(
    _ box: Span<UInt8>, by key: borrowing X25519PrivateKey
  ) throws(CryptoError) -> SecretBytes {
    guard box.count >= overhead, box.count <= maximumMessageSize + overhead else {
      throw .authenticationFailed
    }
    let publicKey = key.publicKey.bytes
    var status: Int32 = -1
    let message = SecretBytes(count: box.count - overhead) { message in
      key.scalar.withBytes { scalar in
        unsafe message.withUnsafeMutableBufferPointer { message in
          unsafe box.withUnsafeBufferPointer { box in
            unsafe scalar.withUnsafeBufferPointer { scalar in
              guard let start = box.baseAddress, let scalar = scalar.baseAddress else { return }
              status = unsafe crypto_box_seal_open(
                message.baseAddress, start, UInt64(box.count), publicKey, scalar)
            }
          }
        }
      }
    }
    guard status == 0 else { throw .authenticationFailed }
    return message
  }
}
