import CSodium
public import OTACore
public import OTACrypto

/// A release that is encrypted once for several recipients: a header with the release key in a ``SealedBox`` for each of
/// them, and the release in chunks of a ``SecretStream``.
///
/// Each chunk is authenticated before a byte of it goes on. A chunk that is changed, left out, repeated or exchanged is
/// refused where it stands, and an end that was cut off is noticed, since only the last chunk is marked as that.
///
/// | bytes | what |
/// |---|---|
/// | 4 | `OTAE` |
/// | 1 | version, 1 |
/// | 1 | zero |
/// | 2 | number of recipients, least significant byte first |
/// | 4 | length of a chunk of the release, least significant byte first |
/// | 112 each | recipient: SHA-256 of his public key's COSE_Key, 32 bytes; sealed box with the release key, 80 bytes |
/// | 24 | header of the stream |
/// | | chunks, each 17 bytes longer than what is in it; all but the last are full |
///
/// The SHA-256 digest of everything before the chunks is associated data of each chunk: nobody exchanges the header.
///
/// - Note: Source: project decision, Docs/EncryptedPayloads.md.
public enum EncryptedRelease {
  /// The most recipients.
  public static var maximumRecipientCount: Int { 256 }
  /// How long a chunk of the release may be, in bytes.
  public static var chunkSizes: ClosedRange<Int> { 1 << 10...1 << 20 }

  static var magic: InlineArray<4, UInt8> { [0x4f, 0x54, 0x41, 0x45] }
  static var fixedSize: Int { 12 }
  static var recipientSize: Int { 32 + SecretStream.keySize + SealedBox.overhead }

  /// The length of everything before the chunks, in bytes.
  static func headerSize(recipients: Int) -> Int {
    fixedSize + recipients * recipientSize + SecretStream.headerSize
  }

  /// The length of a release when it is encrypted, in bytes.
  ///
  /// - Parameters:
  ///   - count: the length of the release; not negative.
  ///   - recipients: how many there are.
  ///   - chunkSize: the length of a chunk, in ``chunkSizes``.
  /// - Returns: the length of header and chunks.
  public static func encryptedSize(of count: Int, recipients: Int, chunkSize: Int) -> Int {
    headerSize(recipients: recipients) + count + max(1, (count + chunkSize - 1) / chunkSize)
      * SecretStream.overhead
  }

  /// The name of a recipient: the thumbprint of his key's COSE_Key.
  ///
  /// - Parameter key: his public key.
  /// - Returns: the SHA-256 digest.
  /// - Note: Source: RFC 9679, section 4: `{1: 1, -1: 4, -2: x}` (RFC 9053, section 7.2).
  public static func name(of key: X25519PublicKey) -> Digest {
    var hash = SHA256()
    let head: InlineArray<8, UInt8> = [0xa3, 0x01, 0x01, 0x20, 0x04, 0x21, 0x58, 0x20]
    hash.update(head.span)
    hash.update(key.bytes.span)
    return hash.finalize()
  }

  /// Encrypts a release for several recipients, with a key of its own that is forgotten afterwards.
  ///
  /// - Parameters:
  ///   - release: what only they shall read.
  ///   - recipients: their public keys, at least one and at most ``maximumRecipientCount``.
  ///   - chunkSize: how many bytes are authenticated at a time, in ``chunkSizes``; a device needs a buffer of it.
  /// - Returns: the encrypted release.
  /// - Throws: `CryptoError.invalidKey` for a recipient whose key is a point of small order, `CryptoError.unavailable` if
  ///   the backend could not start.
  /// - Precondition: Recipients and length of chunks are within the limits.
  public static func seal(
    _ release: Span<UInt8>, for recipients: [X25519PublicKey], chunkSize: Int = 64 << 10
  ) throws(CryptoError) -> [UInt8] {
    precondition(chunkSizes.contains(chunkSize), "a chunk has 1 KiB to 1 MiB")
    precondition((1...maximumRecipientCount).contains(recipients.count), "a release has 1 to 256 recipients")
    let key = try SecretBytes.random(count: SecretStream.keySize)
    var writer = try SecretStreamWriter(key: key)
    var result: [UInt8] = []
    let chunkCount = max(1, (release.count + chunkSize - 1) / chunkSize)
    result.reserveCapacity(
      encryptedSize(of: release.count, recipients: recipients.count, chunkSize: chunkSize))
    for index in 0..<4 { result.append(magic[index]) }
    result += [
      1, 0, UInt8(truncatingIfNeeded: recipients.count), UInt8(truncatingIfNeeded: recipients.count >> 8),
    ]
    for shift in stride(from: 0, to: 32, by: 8) {
      result.append(UInt8(truncatingIfNeeded: chunkSize >> shift))
    }
    for recipient in recipients {
      let name = name(of: recipient)
      for index in 0..<32 { result.append(name.bytes[index]) }
      result += try key.withBytes { (key) throws(CryptoError) in try SealedBox.seal(key, for: recipient) }
    }
    result += writer.header
    let header = SHA256.digest(of: result.span)
    var chunk = [UInt8](repeating: 0, count: chunkSize + SecretStream.overhead)
    for number in 0..<chunkCount {
      let start = number * chunkSize
      let end = min(start + chunkSize, release.count)
      var span = chunk.mutableSpan
      var output = span._mutatingExtracting(0..<end - start + SecretStream.overhead)
      try writer.push(
        release.extracting(start..<end), tag: number == chunkCount - 1 ? .final : .message,
        associatedData: header.bytes, into: &output)
      result += chunk[0..<end - start + SecretStream.overhead]
    }
    return result
  }
}
