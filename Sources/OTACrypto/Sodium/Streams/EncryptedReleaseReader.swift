import OTACore
public import OTACrypto

/// Reads an ``EncryptedRelease`` as it comes, chunk by chunk, in bounded memory.
///
/// Whatever the division of the bytes into calls: a chunk goes on when all of it is there and proved to be the next one.
/// What went on so far is the beginning of the release; that it is all of it is known when ``finish(consume:)`` returns.
public struct EncryptedReleaseReader: ~Copyable {
  private enum State {
    case header
    case chunks
    case failed
  }

  private let keys: [ReleaseKey]
  private let limit: Int
  private var state = State.header
  /// What came and was not looked at yet: less than the header, or than a chunk.
  private var pending: [UInt8] = []
  /// How many bytes the header has, as far as is known.
  private var headerSize = EncryptedRelease.fixedSize
  private var chunkSize = 0
  private var headerDigest: Digest?
  private var stream: SecretStreamReader?
  private var plain: [UInt8] = []

  /// How many chunks went on.
  public private(set) var chunkCount = 0

  /// Takes over the key of a recipient.
  ///
  /// - Parameters:
  ///   - key: his private key.
  ///   - maximumChunkSize: a release with larger chunks is refused; two buffers of this length are the memory that is needed.
  public init(key: consuming X25519PrivateKey, maximumChunkSize: Int = 1 << 20) {
    self.init(keys: [ReleaseKey(key)], maximumChunkSize: maximumChunkSize)
  }

  /// Takes the keys of a recipient who has several, such as one for himself and one for all of his kind.
  ///
  /// - Parameters:
  ///   - keys: his private keys; the first recipient in the header who has one of them counts.
  ///   - maximumChunkSize: a release with larger chunks is refused; two buffers of this length are the memory that is needed.
  public init(keys: [ReleaseKey], maximumChunkSize: Int = 1 << 20) {
    self.keys = keys
    limit = min(maximumChunkSize, EncryptedRelease.chunkSizes.upperBound)
  }

  /// Takes bytes in, and hands on each chunk that is complete and authentic.
  ///
  /// - Parameters:
  ///   - bytes: the next ones, as many as there are.
  ///   - consume: takes a chunk of the release.
  /// - Throws: `CryptoError.unknownKey` if the release is not for this key; `CryptoError.unsupportedAlgorithm` if it is of
  ///   another version, or its chunks are larger than they may be; `CryptoError.authenticationFailed` for everything else
  ///   that is not as it was sealed; and what `consume` throws. Nothing is taken in after an error.
  public mutating func append(
    _ bytes: Span<UInt8>, consume: (Span<UInt8>) throws(CryptoError) -> Void
  ) throws(CryptoError) {
    do throws(CryptoError) {
      try take(bytes, consume)
    } catch {
      state = .failed
      throw error
    }
  }

  /// Ends.
  ///
  /// - Parameter consume: takes the last chunk, if it is shorter than the others.
  /// - Throws: `CryptoError.authenticationFailed` if the end is not that of the release, and what `consume` throws.
  public consuming func finish(
    consume: (Span<UInt8>) throws(CryptoError) -> Void
  ) throws(CryptoError) {
    guard state == .chunks else { throw .authenticationFailed }
    if !pending.isEmpty { try release(consume) }
    guard stream?.isComplete == true else { throw .authenticationFailed }
  }

  private mutating func take(
    _ bytes: Span<UInt8>, _ consume: (Span<UInt8>) throws(CryptoError) -> Void
  ) throws(CryptoError) {
    guard state != .failed else { throw .authenticationFailed }
    var start = 0
    while start < bytes.count {
      let wanted = state == .header ? headerSize : chunkSize + SecretStream.overhead
      let count = min(wanted - pending.count, bytes.count - start)
      for index in start..<start + count { pending.append(bytes[index]) }
      start += count
      guard pending.count == wanted else { return }
      if state == .header {
        try readHeader()
      } else {
        try release(consume)
      }
    }
  }

  /// Reads as much of the header as is there: its first part says how long it is.
  private mutating func readHeader() throws(CryptoError) {
    guard pending.count > EncryptedRelease.fixedSize else {
      for index in 0..<4 where pending[index] != EncryptedRelease.magic[index] { throw .authenticationFailed }
      guard pending[4] == 1, pending[5] == 0 else { throw .unsupportedAlgorithm }
      let recipients = Int(pending[6]) | Int(pending[7]) << 8
      chunkSize = Int(pending[8]) | Int(pending[9]) << 8 | Int(pending[10]) << 16 | Int(pending[11]) << 24
      guard recipients >= 1, recipients <= EncryptedRelease.maximumRecipientCount,
        EncryptedRelease.chunkSizes.contains(chunkSize)
      else { throw .authenticationFailed }
      guard chunkSize <= limit else { throw .unsupportedAlgorithm }
      headerSize = EncryptedRelease.headerSize(recipients: recipients)
      return
    }
    let header = pending
    let streamStart = headerSize - SecretStream.headerSize
    for start in stride(from: EncryptedRelease.fixedSize, to: streamStart, by: EncryptedRelease.recipientSize)
    {
      let name = header.span.extracting(start..<start + 32)
      guard let key = keys.first(where: { isEqualInConstantTime(name, $0.name.bytes) }) else { continue }
      let releaseKey = try SealedBox.open(
        header.span.extracting(start + 32..<start + EncryptedRelease.recipientSize), by: key.privateKey)
      guard releaseKey.count == SecretStream.keySize else { throw .authenticationFailed }
      stream = try SecretStreamReader(
        key: releaseKey, header: header.span.extracting(streamStart..<headerSize))
      headerDigest = SHA256.digest(of: header.span)
      state = .chunks
      plain = [UInt8](repeating: 0, count: chunkSize)
      pending.removeAll(keepingCapacity: true)
      return
    }
    throw .unknownKey
  }

  private mutating func release(_ consume: (Span<UInt8>) throws(CryptoError) -> Void) throws(CryptoError) {
    guard pending.count >= SecretStream.overhead, let data = headerDigest else { throw .authenticationFailed }
    // Out of this value and back, since the stream in it changes meanwhile.
    var message: [UInt8] = []
    var release: [UInt8] = []
    swap(&message, &pending)
    swap(&release, &plain)
    let count = message.count - SecretStream.overhead
    let tag: SecretStream.Tag?
    do {
      var span = release.mutableSpan
      var output = span._mutatingExtracting(0..<count)
      tag = try stream?.pull(message.span, associatedData: data.bytes, into: &output)
    }
    // The writer makes no others; all but the last are full.
    guard tag == .final || (tag == .message && count == chunkSize) else { throw .authenticationFailed }
    try consume(release.span.extracting(0..<count))
    chunkCount += 1
    message.removeAll(keepingCapacity: true)
    swap(&message, &pending)
    swap(&release, &plain)
  }
}
