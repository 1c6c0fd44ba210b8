import OTACore
import OTACrypto
import OTACryptoSodium
import Testing

@Suite struct SecretStreamTests {
  /// A stream as it is stored.
  private struct Stored {
    var header: [UInt8]
    var messages: [[UInt8]]
  }

  private static let parts: [[UInt8]] = [
    Array("first".utf8), [], [UInt8](repeating: 7, count: 5000), Array("last".utf8),
  ]
  private static let tags: [SecretStream.Tag] = [.message, .push, .rekey, .final]
  private static let data: [UInt8] = [1, 2, 3]

  private static func key(_ byte: UInt8 = 1) -> SecretBytes {
    SecretBytes(copying: [UInt8](repeating: byte, count: 32).span)
  }

  private static func written(
    _ parts: [[UInt8]] = parts, tags: [SecretStream.Tag] = tags, data: [UInt8] = data
  ) throws -> Stored {
    var writer = try SecretStreamWriter(key: key())
    var stored = Stored(header: writer.header, messages: [])
    for (part, tag) in zip(parts, tags) {
      var output = [UInt8](repeating: 0, count: part.count + SecretStream.overhead)
      var span = output.mutableSpan
      try writer.push(part.span, tag: tag, associatedData: data.span, into: &span)
      stored.messages.append(output)
    }
    return stored
  }

  /// How far a stream can be read: the messages, their tags, whether it is complete, and why it stopped.
  private static func read(
    _ stored: Stored, key: borrowing SecretBytes = key(), data: [UInt8] = data
  ) throws -> (messages: [[UInt8]], tags: [SecretStream.Tag], isComplete: Bool, error: CryptoError?) {
    var reader = try SecretStreamReader(key: key, header: stored.header.span)
    var messages: [[UInt8]] = []
    var tags: [SecretStream.Tag] = []
    for message in stored.messages {
      var output = [UInt8](repeating: 0xaa, count: max(0, message.count - SecretStream.overhead))
      var span = output.mutableSpan
      do throws(CryptoError) {
        tags.append(try reader.pull(message.span, associatedData: data.span, into: &span))
        messages.append(output)
      } catch {
        #expect(output.allSatisfy { $0 == 0 })
        return (messages, tags, reader.isComplete, error)
      }
    }
    return (messages, tags, reader.isComplete, nil)
  }

  @Test("What was written is read, tag by tag")
  func roundTrip() throws {
    let result = try Self.read(Self.written())
    #expect(result.messages == Self.parts)
    #expect(result.tags == Self.tags)
    #expect(result.isComplete && result.error == nil)
  }

  @Test("A stream that was cut is not complete, wherever")
  func truncated() throws {
    for count in 0..<4 {
      var stored = try Self.written()
      stored.messages.removeLast(4 - count)
      let result = try Self.read(stored)
      #expect(result.messages == Array(Self.parts.prefix(count)))
      #expect(!result.isComplete && result.error == nil)
    }
    var stored = try Self.written()
    stored.messages[3].removeLast()
    let result = try Self.read(stored)
    #expect(result.error == .authenticationFailed && !result.isComplete)
  }

  @Test("Messages that are exchanged, left out, repeated or added are refused where it happens")
  func rearranged() throws {
    let stored = try Self.written()
    let messages = stored.messages
    let other = try Self.written().messages
    let cases: [(messages: [[UInt8]], good: Int)] = [
      ([messages[1], messages[0], messages[2], messages[3]], 0),
      ([messages[0], messages[2], messages[3]], 1),
      ([messages[0], messages[0], messages[1]], 1),
      ([messages[3]], 0),
      ([messages[0], other[1]], 1),
      (messages + [messages[3]], 4),
      (messages + [other[0]], 4),
    ]
    for test in cases {
      let result = try Self.read(Stored(header: stored.header, messages: test.messages))
      #expect(result.messages == Array(Self.parts.prefix(test.good)))
      #expect(result.error == .authenticationFailed)
      #expect(result.isComplete == (test.good == 4))
    }
  }

  @Test("Every single wrong bit is refused, and leaves nothing to read")
  func tampered() throws {
    let stored = try Self.written([Array("one".utf8)], tags: [.final])
    for bit in 0..<stored.messages[0].count * 8 {
      var wrong = stored
      wrong.messages[0][bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(try Self.read(wrong).error == .authenticationFailed)
    }
    for bit in 0..<stored.header.count * 8 {
      var wrong = stored
      wrong.header[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(try Self.read(wrong).error == .authenticationFailed)
    }
    #expect(try Self.read(stored, key: Self.key(2)).error == .authenticationFailed)
    #expect(try Self.read(stored, data: []).error == .authenticationFailed)
    for count in 0..<SecretStream.overhead {
      let short = Stored(header: stored.header, messages: [Array(stored.messages[0].prefix(count))])
      #expect(try Self.read(short).error == .authenticationFailed)
    }
  }

  @Test("A message that was refused can be asked for again")
  func again() throws {
    let stored = try Self.written()
    var reader = try SecretStreamReader(key: Self.key(), header: stored.header.span)
    let data = Self.data
    let right = stored.messages[0]
    var wrong = right
    wrong[3] ^= 1
    var output = [UInt8](repeating: 0, count: 5)
    var span = output.mutableSpan
    var refusal: CryptoError?
    do throws(CryptoError) {
      _ = try reader.pull(wrong.span, associatedData: data.span, into: &span)
    } catch {
      refusal = error
    }
    #expect(refusal == .authenticationFailed)
    let tag = try reader.pull(right.span, associatedData: data.span, into: &span)
    #expect(tag == .message && output == Self.parts[0])
  }

  @Test("A key that was replaced without a message must be replaced by the reader too")
  func rekeying() throws {
    var writer = try SecretStreamWriter(key: Self.key())
    writer.rekey()
    var message = [UInt8](repeating: 0, count: 3 + SecretStream.overhead)
    var span = message.mutableSpan
    let nothing: [UInt8] = []
    try writer.push([1, 2, 3].span, tag: .final, associatedData: nothing.span, into: &span)
    let stored = Stored(header: writer.header, messages: [message])
    #expect(try Self.read(stored, data: []).error == .authenticationFailed)
    var reader = try SecretStreamReader(key: Self.key(), header: stored.header.span)
    reader.rekey()
    var output: [UInt8] = [0, 0, 0]
    var outputSpan = output.mutableSpan
    let tag = try reader.pull(message.span, associatedData: nothing.span, into: &outputSpan)
    #expect(tag == .final && output == [1, 2, 3])
  }

  @Test("Keys and headers of another length are refused")
  func lengths() throws {
    let stored = try Self.written()
    for count in [0, 16, 31, 33] {
      let bytes = [UInt8](repeating: 1, count: count)
      #expect(throws: CryptoError.invalidKey) {
        _ = try SecretStreamWriter(key: SecretBytes(copying: bytes.span))
      }
      #expect(throws: CryptoError.invalidKey) {
        _ = try SecretStreamReader(key: SecretBytes(copying: bytes.span), header: stored.header.span)
      }
    }
    for count in [0, 23, 25] {
      let bytes = [UInt8](repeating: 1, count: count)
      #expect(throws: CryptoError.authenticationFailed) {
        _ = try SecretStreamReader(key: Self.key(), header: bytes.span)
      }
    }
  }

  @Test("Writing behind the end, and outputs of another length, trap")
  func preconditions() async {
    await #expect(processExitsWith: .failure) {
      _ = try Self.written([[1], [2]], tags: [.final, .final])
    }
    await #expect(processExitsWith: .failure) {
      var writer = try SecretStreamWriter(key: Self.key())
      var output: [UInt8] = [0]
      var span = output.mutableSpan
      try writer.push([1].span, tag: .final, associatedData: [1].span, into: &span)
    }
  }
}

@Suite struct SealedBoxTests {
  private static func opened(_ box: [UInt8], by key: borrowing X25519PrivateKey) throws(CryptoError)
    -> [UInt8]
  {
    let message = try SealedBox.open(box.span, by: key)
    return message.withBytes { message in message.indices.map { message[$0] } }
  }

  @Test("The recipient opens a box, and nobody else", arguments: [0, 1, 32, 4000])
  func roundTrip(_ count: Int) throws {
    let key = try X25519PrivateKey.generate()
    let message = [UInt8](repeating: 5, count: count)
    let box = try SealedBox.seal(message.span, for: key.publicKey)
    #expect(box.count == count + SealedBox.overhead)
    #expect(try Self.opened(box, by: key) == message)
    #expect(try SealedBox.seal(message.span, for: key.publicKey) != box)
    let other = try X25519PrivateKey.generate()
    #expect(throws: CryptoError.authenticationFailed) { try Self.opened(box, by: other) }
  }

  @Test("Every single wrong bit and every other length is refused")
  func tampered() throws {
    let key = try X25519PrivateKey.generate()
    let box = try SealedBox.seal([1, 2, 3].span, for: key.publicKey)
    for bit in 0..<box.count * 8 {
      // The highest bit of a public key is not part of it, but of what the nonce is computed from.
      var wrong = box
      wrong[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(throws: CryptoError.authenticationFailed) { try Self.opened(wrong, by: key) }
    }
    for count in 0..<box.count {
      #expect(throws: CryptoError.authenticationFailed) { try Self.opened(Array(box.prefix(count)), by: key) }
    }
    #expect(throws: CryptoError.authenticationFailed) { try Self.opened(box + [0], by: key) }
  }

  @Test("A box for a point of small order is not made")
  func smallOrder() throws {
    let nobody = try X25519PublicKey(copying: [UInt8](repeating: 0, count: 32).span)
    #expect(throws: CryptoError.invalidKey) { try SealedBox.seal([1].span, for: nobody) }
  }
}
