import OTACore
public import OTACrypto
public import OTACryptoSodium
import OTAManifest

/// The keys of a device for encrypted payloads, and how much memory it has for them.
public struct PayloadDecryption: Sendable {
  /// The keys for payloads that a SUIT_Encryption_Info describes, such as `OpenSSLPayloadKeys`; `nil` if there are none.
  public var payloadKeys: (any PayloadKeys & Sendable)?
  /// The keys for containers, such as one of the device itself and one of its product line.
  public var releaseKeys: [ReleaseKey]
  /// How many bytes of a payload may be held in memory before the first of them is used.
  ///
  /// A payload with one tag is held whole; of a container two chunks are; of counter mode nothing.
  public var memoryLimit: UInt32

  /// The limit, unless said otherwise: 16 MiB.
  public static var defaultMemoryLimit: UInt32 { 16 << 20 }

  /// Makes a configuration from its parts.
  public init(
    payloadKeys: (any PayloadKeys & Sendable)? = nil, releaseKeys: [ReleaseKey] = [],
    memoryLimit: UInt32 = PayloadDecryption.defaultMemoryLimit
  ) {
    self.payloadKeys = payloadKeys
    self.releaseKeys = releaseKeys
    self.memoryLimit = memoryLimit
  }
}

extension PayloadDecryption? {
  /// Refuses what cannot be decrypted here, before any of it is fetched.
  ///
  /// - Throws: `ManifestError.payloadKeyMissing` if no key is that of a recipient; of a container whose manifest does not
  ///   name them, that is only known when its header is there. `ManifestError.limitExceeded` for too much memory, and
  ///   `ManifestError.crypto` if the key of this device did not wrap that of the payload.
  func check(_ encryption: PayloadEncryption) throws(ManifestError) {
    guard let self else { throw .payloadKeyMissing }
    switch encryption.form {
    case .encryptionInfo(let bytes):
      guard let keys = self.payloadKeys else { throw .payloadKeyMissing }
      _ = try contentKey(of: SUITEncryptionInfo(parsing: bytes.span), bytes, with: keys)
    case .chunks(_, let recipients):
      let names = self.releaseKeys.map(\.name)
      guard recipients.isEmpty ? !names.isEmpty : recipients.contains(where: { names.contains($0) }) else {
        throw .payloadKeyMissing
      }
    }
    guard encryption.memory <= self.memoryLimit else { throw .limitExceeded(.encryption) }
  }
}

/// Unwraps the key of a payload.
func contentKey(
  of info: SUITEncryptionInfo, _ document: [UInt8], with keys: some PayloadKeys
) throws(ManifestError) -> SecretBytes {
  var key = [UInt8](repeating: 0, count: info.algorithm.keySize)
  defer { zero(&key) }
  do throws(ManifestError) {
    var span = key.mutableSpan
    try info.unwrapContentKey(into: &span, of: document.span, with: keys)
  } catch {
    throw error == .crypto(.unknownKey) ? .payloadKeyMissing : error
  }
  return SecretBytes(copying: key.span)
}
