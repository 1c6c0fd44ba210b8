import OTACore
import OTACrypto
import OTACryptoSodium
import OTAManifest

/// Turns the bytes that are fetched into those of the payload.
///
/// Stands before the ``BlockAuthenticator``, which holds what comes out against the signed manifest. Like it, this outlives
/// an interruption of the network, and not a loss of power: then the encrypted bytes are fetched from their start again,
/// since what comes later can only be decrypted behind them.
struct PayloadDecryptor: ~Copyable {
  /// A message with a tag at its end, as far as it came.
  private struct Message {
    let info: SUITEncryptionInfo
    let document: [UInt8]
    var bytes: [UInt8] = []
  }

  private let decryption: PayloadDecryption
  private let transportSize: UInt32
  private let digest: Digest
  /// A container: chunk by chunk.
  private var container: EncryptedReleaseReader?
  /// Counter mode: as it comes.
  private var stream: CounterModeStream?
  /// One message with a tag at its end: all of it.
  private var message: Message?

  /// How many encrypted bytes were taken in, and need not be fetched again.
  private(set) var receivedBytes: UInt32 = 0

  /// Prepares to decrypt a payload.
  ///
  /// - Parameters:
  ///   - payload: what the verified manifest says of it.
  ///   - decryption: the keys of the device.
  /// - Throws: ``PayloadFailure/refused(_:)`` if it is not encrypted, or cannot be decrypted here.
  init(_ payload: PayloadDescription, with decryption: PayloadDecryption?) throws(PayloadFailure) {
    guard let encryption = payload.encryption, let decryption else { throw .refused(.payloadKeyMissing) }
    let message = try PayloadDecryptor.message(encryption.form)
    let stream = try PayloadDecryptor.stream(encryption.form, with: decryption)
    self.decryption = decryption
    transportSize = encryption.transportSize
    digest = payload.digest
    self.message = message
    self.stream = stream
    container = PayloadDecryptor.container(encryption.form, with: decryption)
  }

  /// Takes in bytes, and calls `consume` with what can be used of the payload.
  ///
  /// - Throws: ``PayloadFailure/refused(_:)`` if they are not those that were encrypted for this device, as far as that is
  ///   known, or more than there should be; and what `consume` throws. Then this value is of no more use.
  mutating func append(
    _ bytes: [UInt8], consume: ([UInt8]) throws(PayloadFailure) -> Void
  ) throws(PayloadFailure) {
    guard bytes.count <= Int(transportSize - receivedBytes) else { throw .refused(.payloadSizeMismatch) }
    receivedBytes += UInt32(bytes.count)
    if message != nil {
      message?.bytes += bytes
    } else if let keys = decryption.payloadKeys, var stream = stream.take() {
      var plain = bytes
      do throws(CryptoError) {
        try stream.apply(&plain, with: keys)
      } catch {
        throw .refused(error.code)
      }
      self.stream = consume stream
      try consume(plain)
    } else if var container = container.take() {
      var failure: PayloadFailure?
      do throws(CryptoError) {
        try container.append(bytes.span) { (chunk) throws(CryptoError) in
          try PayloadDecryptor.hand(chunk, to: consume, &failure)
        }
      } catch {
        throw failure ?? PayloadDecryptor.refusal(error)
      }
      self.container = consume container
    }
  }

  /// Ends: calls `consume` with what was held back.
  ///
  /// - Throws: ``PayloadFailure/refused(_:)`` if not all of it is there, or it is not authentic; and what `consume` throws.
  consuming func finish(
    consume: ([UInt8]) throws(PayloadFailure) -> Void
  ) throws(PayloadFailure) {
    guard receivedBytes == transportSize else { throw .refused(.payloadSizeMismatch) }
    if var message = message.take() {
      guard let keys = decryption.payloadKeys else { throw .refused(.payloadKeyMissing) }
      do throws(ManifestError) {
        try PayloadDecryptor.open(&message, expecting: digest, with: keys)
      } catch {
        throw .refused(error.code)
      }
      try consume(message.bytes)
    } else if let container = container.take() {
      var failure: PayloadFailure?
      do throws(CryptoError) {
        try container.finish { (chunk) throws(CryptoError) in
          try PayloadDecryptor.hand(chunk, to: consume, &failure)
        }
      } catch {
        throw failure ?? PayloadDecryptor.refusal(error)
      }
    }
  }

  /// Hands a chunk on; a failure that is not one of the decryption waits beside it.
  private static func hand(
    _ chunk: Span<UInt8>, to consume: ([UInt8]) throws(PayloadFailure) -> Void,
    _ failure: inout PayloadFailure?
  ) throws(CryptoError) {
    do throws(PayloadFailure) {
      try consume(unsafe chunk.withUnsafeBufferPointer { unsafe Array($0) })
    } catch {
      failure = error
      throw .unavailable
    }
  }

  /// The header of a container names keys; whose they are is no secret.
  private static func refusal(_ error: CryptoError) -> PayloadFailure {
    .refused(error == .unknownKey ? .payloadKeyMissing : error.code)
  }

  private static func container(
    _ form: PayloadEncryption.Form, with decryption: PayloadDecryption
  ) -> EncryptedReleaseReader? {
    guard case .chunks(let size, _) = form else { return nil }
    // A header that asks for larger chunks than the manifest says is refused.
    return EncryptedReleaseReader(keys: decryption.releaseKeys, maximumChunkSize: Int(size))
  }

  /// A message that is described well, if it has a tag.
  private static func message(_ form: PayloadEncryption.Form) throws(PayloadFailure) -> Message? {
    guard case .encryptionInfo(let document) = form else { return nil }
    do throws(ManifestError) {
      let info = try SUITEncryptionInfo(parsing: document.span)
      return info.algorithm.isAuthenticated ? Message(info: info, document: document) : nil
    } catch {
      throw .refused(error.code)
    }
  }

  /// A stream with the key of the payload, if there is no tag.
  private static func stream(
    _ form: PayloadEncryption.Form, with decryption: PayloadDecryption
  ) throws(PayloadFailure) -> CounterModeStream? {
    guard case .encryptionInfo(let document) = form else { return nil }
    guard let keys = decryption.payloadKeys else { throw .refused(.payloadKeyMissing) }
    do throws(ManifestError) {
      let info = try SUITEncryptionInfo(parsing: document.span)
      guard !info.algorithm.isAuthenticated else { return nil }
      return CounterModeStream(
        key: try contentKey(of: info, document, with: keys), algorithm: info.algorithm,
        firstCounter: Array(document[info.nonce]))
    } catch {
      throw .refused(error.code)
    }
  }

  /// Leaves the plaintext in the message.
  private static func open(
    _ message: inout Message, expecting digest: Digest, with keys: some PayloadKeys
  ) throws(ManifestError) {
    let (info, document) = (message.info, message.document)
    let count: Int
    do {
      var span = message.bytes.mutableSpan
      count = try info.open(
        &span, expecting: digest, of: document.span, with: keys, hash: AgentHash.self)
    }
    message.bytes.removeLast(message.bytes.count - count)
  }
}
