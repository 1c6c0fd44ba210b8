import OTACore
import OTACrypto
import OTACryptoSodium
import Testing

@Suite("XChaCha20-Poly1305") struct AEADTests {
  /// draft-irtf-cfrg-xchacha-03, appendix A.3.1.
  private struct Vector {
    let message = Array(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
        .utf8)
    let associatedData = Vector.bytes("50515253c0c1c2c3c4c5c6c7")
    let key = Vector.bytes("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f")
    let nonce = Vector.bytes("404142434445464748494a4b4c4d4e4f5051525354555657")
    let ciphertext = Vector.bytes(
      "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52e"
    )
    let tag = Vector.bytes("c0875924c1c7987947deafd8780acf49")

    static func bytes(_ text: String) -> [UInt8] { [UInt8](hexadecimal: text) ?? [] }

  }

  private static func cipher(_ key: [UInt8]) throws -> XChaCha20Poly1305 {
    try XChaCha20Poly1305(key: SecretBytes(copying: key.span))
  }

  private static func seal(
    _ message: [UInt8], key: [UInt8], nonce: [UInt8], associatedData: [UInt8]
  ) throws -> (ciphertext: [UInt8], tag: [UInt8]) {
    let cipher = try cipher(key)
    var message = message
    var tag = [UInt8](repeating: 0, count: 16)
    var messageSpan = message.mutableSpan
    var tagSpan = tag.mutableSpan
    try cipher.seal(&messageSpan, tag: &tagSpan, nonce: nonce.span, associatedData: associatedData.span)
    return (message, tag)
  }

  /// - Returns: the plaintext, and what is in the buffer if it was refused.
  private static func open(
    _ ciphertext: [UInt8], tag: [UInt8], key: [UInt8], nonce: [UInt8], associatedData: [UInt8]
  ) throws -> (error: CryptoError?, buffer: [UInt8]) {
    let cipher = try cipher(key)
    var buffer = ciphertext
    var span = buffer.mutableSpan
    do throws(CryptoError) {
      try cipher.open(&span, tag: tag.span, nonce: nonce.span, associatedData: associatedData.span)
    } catch {
      return (error, buffer)
    }
    return (nil, buffer)
  }

  @Test("The vector of the specification is sealed and opened")
  func specification() throws {
    let vector = Vector()
    let sealed = try Self.seal(
      vector.message, key: vector.key, nonce: vector.nonce, associatedData: vector.associatedData)
    #expect(sealed.ciphertext == vector.ciphertext)
    #expect(sealed.tag == vector.tag)
    let opened = try Self.open(
      vector.ciphertext, tag: vector.tag, key: vector.key, nonce: vector.nonce,
      associatedData: vector.associatedData)
    #expect(opened.error == nil)
    #expect(opened.buffer == vector.message)
  }

  @Test("Every single wrong bit is refused, and leaves nothing to read", arguments: 0..<5)
  func tampered(_ part: Int) throws {
    let vector = Vector()
    var parts = [vector.ciphertext, vector.tag, vector.key, vector.nonce, vector.associatedData]
    for bit in 0..<parts[part].count * 8 {
      parts[part][bit / 8] ^= 1 << UInt8(bit % 8)
      let opened = try Self.open(
        parts[0], tag: parts[1], key: parts[2], nonce: parts[3], associatedData: parts[4])
      #expect(opened.error == .authenticationFailed)
      #expect(opened.buffer.allSatisfy { $0 == 0 })
      parts[part][bit / 8] ^= 1 << UInt8(bit % 8)
    }
  }

  @Test("A message, its associated data, or both may be empty", arguments: [(0, 0), (0, 5), (5, 0)])
  func empty(_ messageCount: Int, _ dataCount: Int) throws {
    let vector = Vector()
    let message = [UInt8](repeating: 7, count: messageCount)
    let data = [UInt8](repeating: 9, count: dataCount)
    let sealed = try Self.seal(message, key: vector.key, nonce: vector.nonce, associatedData: data)
    let opened = try Self.open(
      sealed.ciphertext, tag: sealed.tag, key: vector.key, nonce: vector.nonce, associatedData: data)
    #expect(opened.error == nil)
    #expect(opened.buffer == message)
    let refused = try Self.open(
      sealed.ciphertext, tag: sealed.tag, key: vector.key, nonce: vector.nonce, associatedData: data + [0])
    #expect(refused.error == .authenticationFailed)
  }

  @Test("Keys of another length are refused, generated ones differ", arguments: [0, 16, 31, 33])
  func keys(_ count: Int) throws {
    let bytes = [UInt8](repeating: 1, count: count)
    #expect(throws: CryptoError.invalidKey) {
      _ = try XChaCha20Poly1305(key: SecretBytes(copying: bytes.span))
    }
    let first = try XChaCha20Poly1305.generateKey()
    let second = try XChaCha20Poly1305.generateKey()
    let isSame = first.withBytes { first in
      second.withBytes { second in isEqualInConstantTime(first, second) }
    }
    #expect(first.count == 32 && second.count == 32 && !isSame)
  }

  @Test("Nonces and tags of another length trap")
  func preconditions() async {
    await #expect(processExitsWith: .failure) {
      _ = try Self.seal([1], key: [UInt8](repeating: 1, count: 32), nonce: [1], associatedData: [])
    }
    await #expect(processExitsWith: .failure) {
      _ = try Self.open(
        [1], tag: [1], key: [UInt8](repeating: 1, count: 32), nonce: [UInt8](repeating: 1, count: 24),
        associatedData: [])
    }
  }
}
