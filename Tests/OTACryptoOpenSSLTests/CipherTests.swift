import OTACore
import OTACrypto
import OTACryptoOpenSSL
import Testing

struct AEADVector: CustomTestStringConvertible, Sendable {
  enum Cipher: Sendable {
    case aes128GCM
    case aes256GCM
    case chaCha20Poly1305
  }
  var testDescription: String
  var cipher: Cipher
  var key: [UInt8]
  var nonce: [UInt8]
  var associatedData: [UInt8]
  var message: [UInt8]
  var ciphertext: [UInt8]
  var tag: [UInt8]

  private static let gcmMessage = hex(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
      + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39")

  static let all = [
    // McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B, test cases 4 and 16.
    AEADVector(
      testDescription: "AES-128-GCM", cipher: .aes128GCM, key: hex("feffe9928665731c6d6a8f9467308308"),
      nonce: hex("cafebabefacedbaddecaf888"), associatedData: hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
      message: gcmMessage,
      ciphertext: hex(
        "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
          + "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"),
      tag: hex("5bc94fbc3221a5db94fae95ae7121a47")),
    AEADVector(
      testDescription: "AES-256-GCM", cipher: .aes256GCM,
      key: hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"),
      nonce: hex("cafebabefacedbaddecaf888"), associatedData: hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
      message: gcmMessage,
      ciphertext: hex(
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
          + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"),
      tag: hex("76fc6ece0f4e1768cddf8853bb2d551b")),
    // RFC 8439, section 2.8.2.
    AEADVector(
      testDescription: "ChaCha20-Poly1305", cipher: .chaCha20Poly1305,
      key: hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"),
      nonce: hex("070000004041424344454647"), associatedData: hex("50515253c0c1c2c3c4c5c6c7"),
      message: Array(
        ("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
          + "sunscreen would be it.").utf8),
      ciphertext: hex(
        "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b"
          + "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
          + "3ff4def08e4b7a9de576d26586cec64b6116"),
      tag: hex("1ae10b594f09e26a7e902ecbd0600691")),
  ]

  /// Seals the message twice and opens it once, with one key.
  func seal() throws -> (ciphertext: [UInt8], tag: [UInt8]) {
    switch cipher {
    case .aes128GCM: try seal(OpenSSLAES128GCM(key: key.span))
    case .aes256GCM: try seal(OpenSSLAES256GCM(key: key.span))
    case .chaCha20Poly1305: try seal(OpenSSLChaCha20Poly1305(key: key.span))
    }
  }

  /// What is in the buffer after the ciphertext was opened, and the error.
  func open() throws -> (error: CryptoError?, buffer: [UInt8]) {
    switch cipher {
    case .aes128GCM: try open(OpenSSLAES128GCM(key: key.span))
    case .aes256GCM: try open(OpenSSLAES256GCM(key: key.span))
    case .chaCha20Poly1305: try open(OpenSSLChaCha20Poly1305(key: key.span))
    }
  }

  private func seal(
    _ cipher: consuming some AEAD & ~Copyable
  ) throws(CryptoError) -> (ciphertext: [UInt8], tag: [UInt8]) {
    var results: [[UInt8]] = []
    for _ in 0..<2 {
      var buffer = message
      var tag = [UInt8](repeating: 0, count: 16)
      var bufferSpan = buffer.mutableSpan
      var tagSpan = tag.mutableSpan
      try cipher.seal(&bufferSpan, tag: &tagSpan, nonce: nonce.span, associatedData: associatedData.span)
      results.append(buffer)
      results.append(tag)
      var opened = buffer
      var openedSpan = opened.mutableSpan
      try cipher.open(&openedSpan, tag: tag.span, nonce: nonce.span, associatedData: associatedData.span)
      #expect(opened == message)
    }
    #expect(results[0] == results[2])
    #expect(results[1] == results[3])
    return (results[0], results[1])
  }

  private func open(_ cipher: consuming some AEAD & ~Copyable) -> (error: CryptoError?, buffer: [UInt8]) {
    var buffer = ciphertext
    var span = buffer.mutableSpan
    do throws(CryptoError) {
      try cipher.open(&span, tag: tag.span, nonce: nonce.span, associatedData: associatedData.span)
    } catch {
      return (error, buffer)
    }
    return (nil, buffer)
  }
}

@Suite struct AEADTests {
  @Test("Published messages are sealed and opened, again and again with one key", arguments: AEADVector.all)
  func published(_ vector: AEADVector) throws {
    let sealed = try vector.seal()
    #expect(sealed.ciphertext == vector.ciphertext)
    #expect(sealed.tag == vector.tag)
    let opened = try vector.open()
    #expect(opened.error == nil)
    #expect(opened.buffer == vector.message)
  }

  @Test("Every single wrong bit is refused, and leaves nothing to read", arguments: AEADVector.all)
  func tampered(_ vector: AEADVector) throws {
    let parts: [WritableKeyPath<AEADVector, [UInt8]>] = [
      \.key, \.nonce, \.associatedData, \.ciphertext, \.tag,
    ]
    for part in parts {
      for bit in 0..<vector[keyPath: part].count * 8 {
        var changed = vector
        changed[keyPath: part] = changed[keyPath: part].flipping(bit)
        let opened = try changed.open()
        #expect(opened.error == .authenticationFailed)
        #expect(opened.buffer.allSatisfy { $0 == 0 })
      }
    }
  }

  @Test("A message, its associated data, or both may be empty", arguments: AEADVector.all)
  func empty(_ vector: AEADVector) throws {
    for (message, data) in [([], []), ([], vector.associatedData), (vector.message, [])] {
      var changed = vector
      changed.message = message
      changed.associatedData = data
      (changed.ciphertext, changed.tag) = try changed.seal()
      let opened = try changed.open()
      #expect(opened.error == nil)
      #expect(opened.buffer == message)
      changed.associatedData.append(0)
      let refused = try changed.open()
      #expect(refused.error == .authenticationFailed)
    }
  }

  @Test("Keys of another length are refused", arguments: [0, 15, 17, 24, 31, 33])
  func keys(_ count: Int) {
    let key = [UInt8](repeating: 1, count: count)
    #expect(throws: CryptoError.invalidKey) { _ = try OpenSSLAES128GCM(key: key.span) }
    #expect(throws: CryptoError.invalidKey) { _ = try OpenSSLAES256GCM(key: key.span) }
    #expect(throws: CryptoError.invalidKey) { _ = try OpenSSLChaCha20Poly1305(key: key.span) }
  }

  @Test("Nonces and tags of another length trap")
  func preconditions() async {
    await #expect(processExitsWith: .failure) {
      var vector = AEADVector.all[0]
      vector.nonce.removeLast()
      _ = try vector.open()
    }
    await #expect(processExitsWith: .failure) {
      var vector = AEADVector.all[0]
      vector.tag.removeLast()
      _ = try vector.open()
    }
  }
}

@Suite("AES in counter mode") struct AESCTRTests {
  // NIST SP 800-38A, appendix F.5.1, F.5.3 and F.5.5.
  static let counter = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
  static let message = hex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
      + "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710")

  private static func applied(
    _ bytes: [UInt8], key: [UInt8], counter: [UInt8] = counter, offset: UInt64 = 0, cuts: [Int] = []
  ) throws -> [UInt8] {
    var stream = try OpenSSLAESCTR(key: key.span, counter: counter.span, offset: offset)
    var result: [UInt8] = []
    var start = 0
    for cut in cuts + [bytes.count] {
      var part = Array(bytes[start..<cut])
      var span = part.mutableSpan
      try stream.apply(&span)
      result += part
      start = cut
    }
    return result
  }

  @Test(
    "Published streams",
    arguments: [
      (
        "2b7e151628aed2a6abf7158809cf4f3c",
        "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
          + "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee"
      ),
      (
        "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
        "1abc932417521ca24f2b0459fe7e6e0b090339ec0aa6faefd5ccc2c6f4ce8e94"
          + "1e36b26bd1ebc670d1bd1d665620abf74f78a7f6d29809585a97daec58c6b050"
      ),
      (
        "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
        "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
          + "2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6"
      ),
    ])
  func published(_ key: String, _ ciphertext: String) throws {
    #expect(try Self.applied(Self.message, key: hex(key)) == hex(ciphertext))
    #expect(try Self.applied(hex(ciphertext), key: hex(key)) == Self.message)
  }

  @Test("A stream goes on anywhere, in any division, also where the counter wraps")
  func offsets() throws {
    var generator = SeededGenerator()
    let key = generator.bytes(32)
    let message = generator.bytes(200)
    for counter in [Self.counter, [UInt8](repeating: 0xff, count: 16), generator.bytes(16)] {
      let whole = try Self.applied(message, key: key, counter: counter)
      for offset in 0...200 {
        let rest = try Self.applied(
          Array(message[offset...]), key: key, counter: counter, offset: UInt64(offset),
          cuts: [Int.random(in: 0...(200 - offset), using: &generator)])
        #expect(rest == Array(whole[offset...]), "offset \(offset)")
      }
    }
    // 2^64 - 16 bytes are 2^60 - 1 blocks: the counter by hand.
    let far = try Self.applied(message, key: key, counter: [UInt8](repeating: 0, count: 16), offset: ~15)
    let byHand = try Self.applied(
      message, key: key, counter: hex("00000000000000000fffffffffffffff"))
    #expect(far == byHand)
  }

  @Test("Keys and counters of another length are refused", arguments: [0, 8, 15, 17, 33])
  func lengths(_ count: Int) {
    let bytes = [UInt8](repeating: 1, count: count)
    #expect(throws: CryptoError.invalidKey) {
      _ = try OpenSSLAESCTR(key: bytes.span, counter: Self.counter.span)
    }
    #expect(throws: CryptoError.invalidKey) {
      _ = try OpenSSLAESCTR(key: Self.counter.span, counter: bytes.span)
    }
  }
}

@Suite("AES key wrap") struct AESKeyWrapTests {
  // RFC 3394, sections 4.1, 4.2, 4.3 and 4.6: how many bytes the wrapping key has, the key, the result.
  static let vectors = [
    (16, "00112233445566778899aabbccddeeff", "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"),
    (24, "00112233445566778899aabbccddeeff", "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d"),
    (32, "00112233445566778899aabbccddeeff", "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7"),
    (
      32, "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f",
      "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"
    ),
  ]

  private static func unwrapped(_ wrapped: [UInt8], _ wrappingKey: [UInt8]) throws(CryptoError) -> [UInt8] {
    var key = [UInt8](repeating: 0xaa, count: max(wrapped.count - 8, 0))
    var span = key.mutableSpan
    do throws(CryptoError) {
      try OpenSSLAESKeyWrap.unwrap(wrapped.span, with: wrappingKey.span, into: &span)
    } catch {
      if error == .authenticationFailed { #expect(key.allSatisfy { $0 == 0 }) }
      throw error
    }
    return key
  }

  @Test("The keys of RFC 3394 are wrapped and unwrapped, and every wrong bit is refused", arguments: vectors)
  func published(_ size: Int, _ key: String, _ wrapped: String) throws {
    let wrappingKey = (0..<size).map { UInt8($0) }
    var output = [UInt8](repeating: 0, count: hex(key).count + 8)
    var span = output.mutableSpan
    try OpenSSLAESKeyWrap.wrap(hex(key).span, with: wrappingKey.span, into: &span)
    #expect(output == hex(wrapped))
    #expect(try Self.unwrapped(output, wrappingKey) == hex(key))
    for bit in 0..<output.count * 8 {
      #expect(throws: CryptoError.authenticationFailed) {
        try Self.unwrapped(output.flipping(bit), wrappingKey)
      }
    }
    for bit in 0..<size * 8 {
      #expect(throws: CryptoError.authenticationFailed) {
        try Self.unwrapped(output, wrappingKey.flipping(bit))
      }
    }
  }

  @Test("Lengths that there are not are refused", arguments: [0, 1, 8, 15, 16, 20, 25, 528])
  func lengths(_ count: Int) {
    let bytes = [UInt8](repeating: 1, count: count)
    let wrappingKey = [UInt8](repeating: 2, count: 16)
    #expect(throws: CryptoError.authenticationFailed) { try Self.unwrapped(bytes, wrappingKey) }
    if count != 16 {
      var output: [UInt8] = []
      var span = output.mutableSpan
      #expect(throws: CryptoError.invalidKey) {
        try OpenSSLAESKeyWrap.wrap(bytes.span, with: wrappingKey.span, into: &span)
      }
      #expect(throws: CryptoError.invalidKey) {
        try Self.unwrapped([UInt8](repeating: 0, count: 24), bytes)
      }
    }
  }
}
