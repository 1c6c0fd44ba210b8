import CSodium
public import OTACrypto

/// Checks and decrypts the messages of a ``SecretStream``, one after the other.
///
/// What was read is the beginning of what was written, in order and unchanged; that it is all of it is known when
/// ``isComplete`` is `true`, and not before.
public struct SecretStreamReader: ~Copyable {
  private let state: SecretState<crypto_secretstream_xchacha20poly1305_state>

  /// Whether the last message of the stream was read.
  public private(set) var isComplete = false

  /// Begins to read a stream.
  ///
  /// - Parameters:
  ///   - key: the key of the writer.
  ///   - header: the header of the writer; a wrong one shows with the first message.
  /// - Throws: `CryptoError.invalidKey` if the length of the key is another, `CryptoError.authenticationFailed` if that
  ///   of the header is, `CryptoError.unavailable` if the backend could not start.
  public init(key: borrowing SecretBytes, header: Span<UInt8>) throws(CryptoError) {
    try Sodium.start()
    guard key.count == SecretStream.keySize else { throw .invalidKey }
    guard header.count == SecretStream.headerSize else { throw .authenticationFailed }
    let state = SecretState(crypto_secretstream_xchacha20poly1305_state())
    let status = key.withBytes { key in
      unsafe key.withUnsafeBufferPointer { key in
        unsafe header.withUnsafeBufferPointer { header in
          guard let key = key.baseAddress, let header = header.baseAddress else { return Int32(-1) }
          return unsafe state.withPointer { state in
            unsafe crypto_secretstream_xchacha20poly1305_init_pull(state, header, key)
          }
        }
      }
    }
    guard status == 0 else { throw .authenticationFailed }
    self.state = state
  }

  /// Checks the next message, and only then decrypts it.
  ///
  /// - Parameters:
  ///   - ciphertext: one whole message, as it was written.
  ///   - associatedData: the associated data of the writer.
  ///   - output: takes the plaintext, ``SecretStream/overhead`` bytes less.
  /// - Returns: what the message is.
  /// - Throws: `CryptoError.authenticationFailed` if it is not the next message of this stream, or if the stream has
  ///   ended; the output is all zero then, and the next message is still the same one.
  /// - Precondition: The output is ``SecretStream/overhead`` bytes shorter, if the ciphertext is longer than that.
  public mutating func pull(
    _ ciphertext: Span<UInt8>, associatedData: Span<UInt8>, into output: inout MutableSpan<UInt8>
  ) throws(CryptoError) -> SecretStream.Tag {
    var number: UInt8 = 0xff
    var status: Int32 = -1
    if ciphertext.count >= SecretStream.overhead, !isComplete {
      precondition(
        output.count == ciphertext.count - SecretStream.overhead, "an encrypted message is 17 bytes longer")
      status = unsafe ciphertext.withUnsafeBufferPointer { ciphertext in
        unsafe associatedData.withUnsafeBufferPointer { data in
          unsafe output.withUnsafeMutableBufferPointer { output in
            guard let input = ciphertext.baseAddress else { return Int32(-1) }
            // An empty output may have no address; the library wants one, and does not look at it.
            var nothing: UInt8 = 0
            return unsafe withUnsafeMutablePointer(to: &nothing) { nothing in
              unsafe state.withPointer { state in
                unsafe crypto_secretstream_xchacha20poly1305_pull(
                  state, output.baseAddress ?? nothing, nil, &number, input, UInt64(ciphertext.count),
                  data.baseAddress, UInt64(data.count))
              }
            }
          }
        }
      }
    }
    // Whoever has the key may have written a number that is no tag.
    guard status == 0, let tag = SecretStream.Tag(rawValue: number) else {
      for index in 0..<output.count { output[index] = 0 }
      throw .authenticationFailed
    }
    isComplete = tag == .final
    return tag
  }

  /// Replaces the key by one that is derived of it, where the writer did so without a message that says so.
  public mutating func rekey() {
    unsafe state.withPointer { unsafe crypto_secretstream_xchacha20poly1305_rekey($0) }
  }
}
