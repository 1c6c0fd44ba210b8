import COpenSSL
import OTACrypto

/// A cipher with associated data and its key; owns the context, which overwrites the key when it goes.
@safe struct AEADContext: ~Copyable {
  // Safe outside: made in init, freed in deinit, never handed out.
  private let context: OpaquePointer
  private let nonceSize: Int
  static var tagSize: Int { 16 }

  /// Takes a key.
  ///
  /// - Throws: `CryptoError.invalidKey` for another length than the cipher's, `CryptoError.unavailable` without
  ///   libcrypto.
  init(_ cipher: LibraryObject?, key: Span<UInt8>, keySize: Int, nonceSize: Int) throws(CryptoError) {
    guard key.count == keySize else { throw .invalidKey }
    defer { ERR_clear_error() }
    guard let cipher = unsafe cipher?.pointer, let context = unsafe EVP_CIPHER_CTX_new() else {
      throw .unavailable
    }
    // The schedule of the key is the same in both directions; each message sets its own.
    let status = unsafe key.withUnsafeBufferPointer { key in
      unsafe EVP_CipherInit_ex2(context, cipher, key.baseAddress, nil, 1, nil)
    }
    guard status == 1 else {
      unsafe EVP_CIPHER_CTX_free(context)
      throw .unavailable
    }
    unsafe self.context = context
    self.nonceSize = nonceSize
  }

  deinit {
    unsafe EVP_CIPHER_CTX_free(context)
  }

  borrowing func seal(
    _ message: inout MutableSpan<UInt8>, tag: inout MutableSpan<UInt8>, nonce: Span<UInt8>,
    associatedData: Span<UInt8>
  ) throws(CryptoError) {
    check(tagCount: tag.count, nonceCount: nonce.count)
    defer { ERR_clear_error() }
    var isSealed = start(nonce, encrypting: true) && pass(associatedData) && apply(&message) && finish()
    if isSealed {
      unsafe tag.withUnsafeMutableBufferPointer { tag in
        isSealed =
          unsafe EVP_CIPHER_CTX_ctrl(
            context, EVP_CTRL_AEAD_GET_TAG, Int32(AEADContext.tagSize), tag.baseAddress) == 1
      }
    }
    guard isSealed else { throw .unavailable }
  }

  borrowing func open(
    _ message: inout MutableSpan<UInt8>, tag: Span<UInt8>, nonce: Span<UInt8>, associatedData: Span<UInt8>
  ) throws(CryptoError) {
    check(tagCount: tag.count, nonceCount: nonce.count)
    defer { ERR_clear_error() }
    let isStarted =
      unsafe start(nonce, encrypting: false)
      && tag.withUnsafeBufferPointer { tag in
        // Only read, whatever the type says.
        unsafe EVP_CIPHER_CTX_ctrl(
          context, EVP_CTRL_AEAD_SET_TAG, Int32(AEADContext.tagSize),
          UnsafeMutableRawPointer(mutating: tag.baseAddress)) == 1
      }
    let isGood = isStarted && pass(associatedData) && apply(&message) && finish()
    guard isGood else {
      for index in 0..<message.count { message[index] = 0 }
      throw isStarted ? .authenticationFailed : .unavailable
    }
  }

  private borrowing func start(_ nonce: Span<UInt8>, encrypting: Bool) -> Bool {
    unsafe nonce.withUnsafeBufferPointer { nonce in
      unsafe EVP_CipherInit_ex2(context, nil, nil, nonce.baseAddress, encrypting ? 1 : 0, nil) == 1
    }
  }

  private borrowing func pass(_ associatedData: Span<UInt8>) -> Bool {
    unsafe associatedData.withUnsafeBufferPointer { data in
      AEADContext.inParts(data.count) { offset, count in
        var written: Int32 = 0
        guard let start = data.baseAddress else { return false }
        return unsafe EVP_CipherUpdate(context, nil, &written, start + offset, count) == 1
      }
    }
  }

  private borrowing func apply(_ message: inout MutableSpan<UInt8>) -> Bool {
    unsafe message.withUnsafeMutableBufferPointer { message in
      AEADContext.inParts(message.count) { offset, count in
        var written: Int32 = 0
        guard let start = message.baseAddress else { return false }
        return unsafe EVP_CipherUpdate(context, start + offset, &written, start + offset, count) == 1
          && written == count
      }
    }
  }

  private borrowing func finish() -> Bool {
    // Nothing comes out of these ciphers at the end.
    var rest = InlineArray<32, UInt8>(repeating: 0)
    var written: Int32 = 0
    var span = rest.mutableSpan
    return unsafe span.withUnsafeMutableBufferPointer { rest in
      unsafe EVP_CipherFinal_ex(context, rest.baseAddress, &written) == 1
    } && written == 0
  }

  /// The library counts in 32 bits.
  static func inParts(_ total: Int, _ body: (_ offset: Int, _ count: Int32) -> Bool) -> Bool {
    var offset = 0
    while offset < total {
      let count = Int32(min(total - offset, 1 << 30))
      guard body(offset, count) else { return false }
      offset += Int(count)
    }
    return true
  }

  /// The library reads and writes these many bytes, whatever it is given.
  private borrowing func check(tagCount: Int, nonceCount: Int) {
    precondition(tagCount == AEADContext.tagSize, "a tag has 16 bytes")
    precondition(nonceCount == nonceSize, "a nonce has 12 bytes")
  }
}

extension OpenSSLLibrary {
  /// Fetches a cipher.
  static func fetchCipher(_ name: String) -> LibraryObject? {
    guard let context = unsafe context?.pointer, let cipher = unsafe EVP_CIPHER_fetch(context, name, nil)
    else {
      ERR_clear_error()
      return nil
    }
    return unsafe LibraryObject(cipher)
  }

  static let aes128GCM = fetchCipher("AES-128-GCM")
  static let aes256GCM = fetchCipher("AES-256-GCM")
  static let chaCha20Poly1305 = fetchCipher("ChaCha20-Poly1305")
  static let aes128CTR = fetchCipher("AES-128-CTR")
  static let aes192CTR = fetchCipher("AES-192-CTR")
  static let aes256CTR = fetchCipher("AES-256-CTR")
  static let aes128Wrap = fetchCipher("AES-128-WRAP")
  static let aes192Wrap = fetchCipher("AES-192-WRAP")
  static let aes256Wrap = fetchCipher("AES-256-WRAP")
}
