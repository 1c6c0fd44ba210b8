import OTACore
import OTACrypto
import OTACryptoSodium
import Testing

@Suite struct EncryptedReleaseTests {
  private static let chunk = 1024
  private static let headerSize = 12 + 112 + 24

  private static func scalar(_ byte: UInt8) -> SecretBytes {
    SecretBytes(copying: [UInt8](repeating: byte, count: 32).span)
  }

  private static func publicKey(_ byte: UInt8) throws -> X25519PublicKey {
    let key = try X25519PrivateKey(scalar: scalar(byte))
    return key.publicKey
  }

  private static func sealed(_ release: [UInt8], _ recipients: [UInt8] = [1]) throws -> [UInt8] {
    try EncryptedRelease.seal(release.span, for: recipients.map { try publicKey($0) }, chunkSize: chunk)
  }

  /// What comes out, and why it stopped.
  private static func read(
    _ bytes: [UInt8], by key: UInt8 = 1, pieces: Int = 700, maximum: Int = 1 << 20
  ) throws -> (release: [UInt8], error: CryptoError?) {
    var reader = EncryptedReleaseReader(
      key: try X25519PrivateKey(scalar: scalar(key)), maximumChunkSize: maximum)
    var release: [UInt8] = []
    do throws(CryptoError) {
      for start in stride(from: 0, to: bytes.count, by: pieces) {
        let part = bytes.span.extracting(start..<min(start + pieces, bytes.count))
        try reader.append(part) { (plain) throws(CryptoError) in
          for index in 0..<plain.count { release.append(plain[index]) }
        }
      }
      try reader.finish { (plain) throws(CryptoError) in
        for index in 0..<plain.count { release.append(plain[index]) }
      }
    } catch {
      return (release, error)
    }
    return (release, nil)
  }

  @Test(
    "A release comes out as it went in, in any division", arguments: [0, 1, 1023, 1024, 1025, 2048, 5000],
    [1, 16, 1041, 100_000])
  func roundTrip(_ count: Int, _ pieces: Int) throws {
    var generator = SeededGenerator()
    let release = generator.bytes(count)
    let bytes = try Self.sealed(release)
    #expect(bytes.count == Self.headerSize + count + max(1, (count + 1023) / 1024) * SecretStream.overhead)
    let result = try Self.read(bytes, pieces: pieces)
    #expect(result.error == nil && result.release == release)
  }

  @Test("A recipient with several keys needs one of them; anybody reads for whom it is, and in which chunks")
  func severalKeys() throws {
    let release = [UInt8](repeating: 9, count: 3000)
    let bytes = try Self.sealed(release, [1, 2])
    for keys in [[1, 5], [5, 2], [2, 1], [5, 6], []] as [[UInt8]] {
      let keys = try keys.map { ReleaseKey(try X25519PrivateKey(scalar: Self.scalar($0))) }
      var reader = EncryptedReleaseReader(keys: keys)
      var count = 0
      var failure: CryptoError?
      do throws(CryptoError) {
        try reader.append(bytes.span) { (plain) throws(CryptoError) in count += plain.count }
        try reader.finish { (plain) throws(CryptoError) in count += plain.count }
      } catch {
        failure = error
      }
      let isFor = try keys.contains { try [1, 2].map { try Self.publicKey($0) }.contains($0.publicKey) }
      #expect(failure == (isFor ? nil : .unknownKey) && count == (isFor ? 3000 : 0))
    }
    let outline = try EncryptedReleaseOutline(parsing: bytes.span)
    #expect(outline.chunkSize == Self.chunk)
    #expect(try outline.recipients == [1, 2].map { EncryptedRelease.name(of: try Self.publicKey($0)) })
    #expect(bytes.count == EncryptedRelease.encryptedSize(of: 3000, recipients: 2, chunkSize: Self.chunk))
    for count in 0..<Self.headerSize + 112 {
      #expect(throws: CryptoError.authenticationFailed) {
        _ = try EncryptedReleaseOutline(parsing: bytes.span.extracting(0..<count))
      }
    }
    for (index, error) in [
      (3, .authenticationFailed), (4, .unsupportedAlgorithm), (7, .authenticationFailed),
    ]
      as [(Int, CryptoError)]
    {
      #expect(throws: error) {
        var wrong = bytes
        wrong[index] ^= 0x80
        _ = try EncryptedReleaseOutline(parsing: wrong.span)
      }
    }
  }

  @Test("Each recipient reads it, nobody else does, and no two of them look alike")
  func recipients() throws {
    let release = [UInt8](repeating: 9, count: 3000)
    let bytes = try Self.sealed(release, [1, 2, 3])
    for key: UInt8 in [1, 2, 3] {
      let result = try Self.read(bytes, by: key)
      #expect(result.error == nil && result.release == release)
    }
    let other = try Self.read(bytes, by: 4)
    #expect(other.error == .unknownKey && other.release.isEmpty)
    #expect(try Self.sealed(release, [1, 2, 3]) != bytes)
  }

  @Test("A changed bit anywhere is refused, before a byte of its chunk goes on")
  func tampered() throws {
    var generator = SeededGenerator()
    let release = generator.bytes(2500)
    let bytes = try Self.sealed(release)
    for index in bytes.indices {
      var wrong = bytes
      wrong[index] ^= 1 << UInt8(generator.next() % 8)
      let result = try Self.read(wrong)
      #expect(result.error != nil, "offset \(index)")
      let good = max(0, (index - Self.headerSize) / (Self.chunk + SecretStream.overhead)) * Self.chunk
      #expect(result.release == Array(release.prefix(good)), "offset \(index)")
    }
  }

  @Test("An end that is cut off, wherever, is noticed")
  func truncated() throws {
    var generator = SeededGenerator()
    let release = generator.bytes(2048)
    let bytes = try Self.sealed(release)
    for count in bytes.indices {
      let result = try Self.read(Array(bytes.prefix(count)))
      #expect(result.error != nil, "\(count) bytes")
      #expect(release.starts(with: result.release))
    }
    #expect(try Self.read(bytes + [0]).error == .authenticationFailed)
    #expect(try Self.read(bytes + bytes).error == .authenticationFailed)
  }

  @Test("Chunks that are exchanged, left out, repeated, or of another release are refused where it happens")
  func rearranged() throws {
    var generator = SeededGenerator()
    let release = generator.bytes(4096)
    let bytes = try Self.sealed(release)
    let other = try Self.sealed(release)
    let size = Self.chunk + SecretStream.overhead
    func chunk(_ number: Int, of bytes: [UInt8]) -> [UInt8] {
      Array(bytes[Self.headerSize + number * size..<Self.headerSize + (number + 1) * size])
    }
    let header = Array(bytes.prefix(Self.headerSize))
    let chunks = (0..<4).map { chunk($0, of: bytes) }
    let cases: [(chunks: [[UInt8]], good: Int)] = [
      ([chunks[1], chunks[0], chunks[2], chunks[3]], 0), ([chunks[0], chunks[2], chunks[3]], 1),
      ([chunks[0], chunks[0], chunks[1], chunks[2], chunks[3]], 1), ([chunks[3]], 0),
      ([chunks[0], chunk(1, of: other), chunks[2], chunks[3]], 1), ([chunks[0], chunks[1]], 2),
    ]
    for test in cases {
      let result = try Self.read(header + test.chunks.flatMap { $0 })
      #expect(result.error == .authenticationFailed)
      #expect(result.release == Array(release.prefix(test.good * Self.chunk)))
    }
    // The stream of one release behind the header of another one.
    let mixed = try Self.read(Array(other.prefix(Self.headerSize)) + bytes.dropFirst(Self.headerSize))
    #expect(mixed.error == .authenticationFailed && mixed.release.isEmpty)
  }

  @Test("Headers with other numbers are refused before anything is kept for them")
  func headers() throws {
    let bytes = try Self.sealed([1, 2, 3])
    func changed(_ index: Int, _ values: [UInt8]) -> [UInt8] {
      var changed = bytes
      changed.replaceSubrange(index..<index + values.count, with: values)
      return changed
    }
    #expect(try Self.read(changed(0, [0x4e])).error == .authenticationFailed)
    #expect(try Self.read(changed(4, [2])).error == .unsupportedAlgorithm)
    #expect(try Self.read(changed(5, [1])).error == .unsupportedAlgorithm)
    #expect(try Self.read(changed(6, [0, 0])).error == .authenticationFailed)
    #expect(try Self.read(changed(6, [1, 1])).error == .authenticationFailed)
    #expect(try Self.read(changed(8, [0xff, 0xff, 0xff, 0xff])).error == .authenticationFailed)
    #expect(try Self.read(changed(8, [0, 0, 0, 0])).error == .authenticationFailed)
    #expect(try Self.read(bytes, maximum: 1024).error == nil)
    #expect(try Self.read(bytes, maximum: 1023).error == .unsupportedAlgorithm)
  }

  @Test("Recipients and chunks outside the limits trap; a point of small order is no recipient")
  func preconditions() async throws {
    let nobody = try X25519PublicKey(copying: [UInt8](repeating: 0, count: 32).span)
    #expect(throws: CryptoError.invalidKey) { try EncryptedRelease.seal([1].span, for: [nobody]) }
    await #expect(processExitsWith: .failure) { _ = try EncryptedRelease.seal([1].span, for: []) }
    await #expect(processExitsWith: .failure) {
      _ = try EncryptedRelease.seal([1].span, for: [Self.publicKey(1)], chunkSize: 1023)
    }
  }
}
