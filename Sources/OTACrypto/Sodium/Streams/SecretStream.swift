/// An encrypted sequence of messages of which none can be changed, left out, repeated, exchanged or added, and whose end
/// is marked: XChaCha20-Poly1305 secretstream.
///
/// ``SecretStreamWriter`` makes one, ``SecretStreamReader`` reads it.
///
/// - Note: Source: the documentation of libsodium, "Encrypted streams and file encryption"
///   (`crypto_secretstream_xchacha20poly1305`).
public enum SecretStream {
  /// The length of a key, in bytes.
  public static var keySize: Int { 32 }
  /// The length of the header that stands before the first message, in bytes.
  public static var headerSize: Int { 24 }
  /// How many bytes longer an encrypted message is than the plain one.
  public static var overhead: Int { 17 }

  /// What a message is, besides its bytes; encrypted and authenticated with it.
  public enum Tag: UInt8, Sendable, CaseIterable {
    /// One of many.
    case message = 0
    /// The last of a set of messages, but not of the stream.
    case push = 1
    /// One of many, and behind it the key is replaced by one that was derived of it.
    case rekey = 2
    /// The last one of the stream.
    case final = 3
  }
}
