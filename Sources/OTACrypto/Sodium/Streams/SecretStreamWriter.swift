import CSodium
public import OTACrypto

/// Encrypts the messages of a ``SecretStream``, one after the other.
public struct SecretStreamWriter: ~Copyable {
  /// What the reader needs before the first message; not secret.
  public let header: [UInt8]
  private let state: SecretState<crypto_secretstream_xchacha20poly1305_state>
  private var isEnded = false

  /// Begins a stream.
  ///
  /// - Parameter key: ``SecretStream/keySize`` bytes. One key may begin any number of streams: the header is random.
  /// - Throws: `CryptoError.invalidKey` if the length is another, `CryptoError.unavailable` if the backend could not
  ///   start.
  public init(key: borrowing SecretBytes) throws(CryptoError) {
    try Sodium.start()
    guard key.count == SecretStream.keySize else { throw .invalidKey }
    var header = [UInt8](repeating: 0, count: SecretStream.headerSize)
    let state = SecretState(crypto_secretstream_xchacha20poly1305_state())
    let status = key.withBytes { key in
      unsafe key.withUnsafeBufferPointer { key in
        guard let key = key.baseAddress else { return Int32(-1) }
        return unsafe state.withPointer { state in
          unsafe crypto_secretstream_xchacha20poly1305_init_push(state, &header, key)
        }
      }
    }
    guard status == 0 else { throw .unavailable }
    self.header = header
    self.state = state
  }

  /// Encrypts the next message.
  ///
  /// - Parameters:
  ///   - message: the plaintext; may be empty.
  ///   - tag: what it is; nothing may follow ``SecretStream/Tag/final``.
  ///   - associatedData: bytes that are authenticated and not encrypted, and that the reader has too; may be empty.
  ///   - output: takes the ciphertext, ``SecretStream/overhead`` bytes more than the message.
  /// - Throws: `CryptoError.unavailable` if the backend refused.
  /// - Precondition: The output has that length, and the stream has not ended.
  public mutating func push(
    _ message: Span<UInt8>, tag: SecretStream.Tag, associatedData: Span<UInt8>,
    into output: inout MutableSpan<UInt8>
  ) throws(CryptoError) {
    precondition(!isEnded, "nothing follows the last message of a stream")
    precondition(
      output.count == message.count + SecretStream.overhead, "an encrypted message is 17 bytes longer")
    let status = unsafe message.withUnsafeBufferPointer { message in
      unsafe associatedData.withUnsafeBufferPointer { data in
        unsafe output.withUnsafeMutableBufferPointer { output in
          guard let output = output.baseAddress else { return Int32(-1) }
          return unsafe state.withPointer { state in
            unsafe crypto_secretstream_xchacha20poly1305_push(
              state, output, nil, message.baseAddress, UInt64(message.count), data.baseAddress,
              UInt64(data.count), tag.rawValue)
          }
        }
      }
    }
    guard status == 0 else { throw .unavailable }
    isEnded = tag == .final
  }

  /// Replaces the key by one that is derived of it, without a message that says so: the reader must do the same at the
  /// same place.
  public mutating func rekey() {
    unsafe state.withPointer { unsafe crypto_secretstream_xchacha20poly1305_rekey($0) }
  }
}
