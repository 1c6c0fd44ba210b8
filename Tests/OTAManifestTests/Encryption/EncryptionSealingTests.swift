import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTAManifest
import Synchronization
import Testing

/// A sealer whose random numbers, and whose results of a key agreement, somebody else has chosen.
private final class ReplayingSealer: PayloadSealing {
  private let random: Mutex<[[UInt8]]>
  private let agreed: (wrapped: [UInt8], ephemeralKey: [UInt8])?

  init(random: [[UInt8]], agreed: (wrapped: [UInt8], ephemeralKey: [UInt8])?) {
    self.random = Mutex(random)
    self.agreed = agreed
  }

  func fillWithRandomBytes(_ bytes: inout MutableSpan<UInt8>) throws(CryptoError) {
    let next = random.withLock { $0.removeFirst() }
    for index in 0..<bytes.count { bytes[index] = next[index] }
  }

  func wrap(
    _ key: Span<UInt8>, by wrapping: KeyWrapping, with wrappingKey: Span<UInt8>
  ) throws(CryptoError) -> [UInt8] {
    try OpenSSLPayloadSealer().wrap(key, by: wrapping, with: wrappingKey)
  }

  func wrap(
    _ key: Span<UInt8>, by wrapping: KeyWrapping, for recipient: Span<UInt8>, info: Span<UInt8>
  ) throws(CryptoError) -> (wrapped: [UInt8], ephemeralKey: [UInt8]) {
    guard let agreed else { throw .unavailable }
    return agreed
  }

  func seal(
    _ message: inout MutableSpan<UInt8>, by algorithm: ContentEncryption, key: Span<UInt8>,
    nonce: Span<UInt8>, associatedData: Span<UInt8>
  ) throws(CryptoError) -> [UInt8] {
    try OpenSSLPayloadSealer().seal(
      &message, by: algorithm, key: key, nonce: nonce, associatedData: associatedData)
  }
}

@Suite struct EncryptionSealingTests {
  private let sealer = OpenSSLPayloadSealer()

  @Test(
    "The draft's examples are written again, byte for byte, from their keys and random numbers",
    arguments: EncryptionExample.all)
  func examples(_ example: EncryptionExample) throws {
    let info = try #require([UInt8](hexadecimal: example.info))
    let parsed = try SUITEncryptionInfo(parsing: info.span)
    var key = [UInt8](repeating: 0, count: parsed.algorithm.keySize)
    do {
      var span = key.mutableSpan
      try parsed.unwrapContentKey(into: &span, of: info.span, with: EncryptionExample.keys())
    }
    let recipient = parsed.recipients[0]
    var agreed: (wrapped: [UInt8], ephemeralKey: [UInt8])?
    let identifier = Array(info[recipient.keyIdentifier])
    let author: EncryptionRecipient
    if let agreement = recipient.agreement {
      agreed = (Array(info[recipient.wrappedKey]), [4] + info[agreement.x] + info[agreement.y])
      author = try EncryptionRecipient(
        publicKey: [4] + [UInt8](repeating: 1, count: 64), keyIdentifier: identifier)
    } else {
      author = try EncryptionRecipient(
        sharedKey: Array("aaaaaaaaaaaaaaaa".utf8), keyIdentifier: identifier)
    }
    var payload = EncryptionExample.plaintext
    let written = try SUITEncryptionInfo.seal(
      &payload, by: example.algorithm, for: [author],
      using: ReplayingSealer(random: [key, Array(info[parsed.nonce])], agreed: agreed))
    #expect(written == info)
    #expect(payload == [UInt8](hexadecimal: example.payload))
  }

  @Test(
    "Every algorithm and every way to wrap is opened by its recipient, and by nobody else",
    arguments: ContentEncryption.allCases, KeyWrapping.allCases)
  func combinations(_ algorithm: ContentEncryption, _ wrapping: KeyWrapping) throws {
    let plaintext = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let digest = SHA256.digest(of: plaintext.span)
    let shared = [UInt8](repeating: 0x5a, count: wrapping.keySize)
    let pair = try OpenSSLPrivateKey.generate(.p256)
    let point = try #require(pair.publicKey.point)
    for name in [[], Array("name".utf8)] {
      let recipients = [
        try EncryptionRecipient(sharedKey: shared, keyIdentifier: name),
        try EncryptionRecipient(publicKey: point, wrapping: wrapping, keyIdentifier: name),
      ]
      let keys = [
        try OpenSSLPayloadKeys().adding(sharedKey: shared.span, identifier: Array("name".utf8)),
        try OpenSSLPayloadKeys().adding(privateKey: pair, identifier: Array("name".utf8)),
      ]
      for (index, recipient) in recipients.enumerated() {
        var payload = plaintext
        let info = try SUITEncryptionInfo.seal(&payload, by: algorithm, for: [recipient], using: sealer)
        #expect(payload.count == plaintext.count + algorithm.tagSize && payload != plaintext)
        let result = try EncryptionInfoTests.opened(info, payload, digest: digest, keys: keys[index])
        #expect(result.error == nil && result.plaintext == plaintext)
        let other = try EncryptionInfoTests.opened(info, payload, digest: digest, keys: keys[1 - index])
        #expect(other.error == .crypto(.unknownKey))
      }
    }
  }

  @Test("Each of several recipients opens it, and one who was left out does not")
  func severalRecipients() throws {
    let plaintext = Array("for three of four".utf8)
    let digest = SHA256.digest(of: plaintext.span)
    let pairs = try (0..<3).map { _ in try OpenSSLPrivateKey.generate(.p256) }
    let shared = [UInt8](repeating: 3, count: 32)
    var recipients = [try EncryptionRecipient(sharedKey: shared, keyIdentifier: [9])]
    for (index, pair) in pairs.prefix(2).enumerated() {
      recipients.append(
        try EncryptionRecipient(
          publicKey: try #require(pair.publicKey.point), wrapping: .aes256, keyIdentifier: [UInt8(index)]))
    }
    var payload = plaintext
    let info = try SUITEncryptionInfo.seal(&payload, by: .aes256GCM, for: recipients, using: sealer)
    #expect(try SUITEncryptionInfo(parsing: info.span).recipients.count == 3)
    var keys = [try OpenSSLPayloadKeys().adding(sharedKey: shared.span, identifier: [9])]
    for (index, pair) in pairs.enumerated() {
      keys.append(try OpenSSLPayloadKeys().adding(privateKey: pair, identifier: [UInt8(index)]))
    }
    for (index, key) in keys.enumerated() {
      let result = try EncryptionInfoTests.opened(info, payload, digest: digest, keys: key)
      #expect(index == 3 ? result.error == .crypto(.unknownKey) : result.plaintext == plaintext)
    }
  }

  @Test("No two payloads are encrypted alike")
  func freshKeys() throws {
    let recipient = try EncryptionRecipient(sharedKey: [UInt8](repeating: 3, count: 16))
    var infos: Set<[UInt8]> = []
    var payloads: Set<[UInt8]> = []
    for _ in 0..<8 {
      var payload = EncryptionExample.plaintext
      infos.insert(try SUITEncryptionInfo.seal(&payload, by: .aes128CTR, for: [recipient], using: sealer))
      payloads.insert(payload)
    }
    #expect(infos.count == 8 && payloads.count == 8)
  }

  @Test("Keys that are none, no recipients and too many are refused")
  func refusals() throws {
    #expect(throws: CryptoError.invalidKey) { try EncryptionRecipient(sharedKey: [1, 2, 3]) }
    #expect(throws: CryptoError.invalidKey) { try EncryptionRecipient(publicKey: [4, 1]) }
    #expect(throws: CryptoError.invalidKey) {
      try EncryptionRecipient(publicKey: [UInt8](repeating: 2, count: 65))
    }
    let good = try EncryptionRecipient(sharedKey: [UInt8](repeating: 1, count: 16))
    let offCurve = try EncryptionRecipient(publicKey: [4] + [UInt8](repeating: 1, count: 64))
    let longName = try EncryptionRecipient(
      sharedKey: [UInt8](repeating: 1, count: 16), keyIdentifier: [UInt8](repeating: 1, count: 17 << 10))
    for (recipients, error) in [
      ([], .invalid(.encryption)), ([EncryptionRecipient](repeating: good, count: 33), .invalid(.encryption)),
      ([good, offCurve], .crypto(.invalidKey)), ([longName], .limitExceeded(.encryption)),
    ] as [([EncryptionRecipient], ManifestError)] {
      #expect(throws: error) {
        var payload: [UInt8] = [1]
        _ = try SUITEncryptionInfo.seal(&payload, by: .aes128GCM, for: recipients, using: sealer)
      }
    }
  }
}
