import OTAAgent
import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import OTAManifest
import OTAServer

/// How a payload of a test is encrypted.
enum EncryptedForm: String, CaseIterable {
  case chunks, gcm, chaCha20, counter

  static let infos: [EncryptedForm] = [.gcm, .chaCha20, .counter]

  var algorithm: ContentEncryption {
    switch self {
    case .gcm: .aes128GCM
    case .chaCha20: .chaCha20Poly1305
    case .chunks, .counter: .aes256CTR
    }
  }
}

/// The keys of one device for encrypted payloads.
struct DeviceSecrets: Sendable {
  let releaseKey: ReleaseKey
  let publicKey: X25519PublicKey
  let pair: OpenSSLPrivateKey
  let name: [UInt8]

  init(_ name: String = "device") throws {
    let key = try X25519PrivateKey.generate()
    publicKey = key.publicKey
    releaseKey = ReleaseKey(key)
    pair = try OpenSSLPrivateKey.generate(.p256)
    self.name = Array(name.utf8)
  }

  /// What the device is configured with.
  var decryption: PayloadDecryption {
    get throws {
      PayloadDecryption(
        payloadKeys: try OpenSSLPayloadKeys().adding(privateKey: pair, identifier: name),
        releaseKeys: [releaseKey])
    }
  }
}

extension PayloadDescription {
  /// Encrypts a payload for some devices, and says so.
  ///
  /// - Returns: what is fetched.
  mutating func encrypt(
    _ payload: [UInt8], as form: EncryptedForm, for devices: [DeviceSecrets], chunkSize: Int = 1024,
    namingRecipients: Bool = true
  ) throws -> [UInt8] {
    var bytes = payload
    switch form {
    case .chunks:
      bytes = try EncryptedRelease.seal(payload.span, for: devices.map(\.publicKey), chunkSize: chunkSize)
      encryption = PayloadEncryption(
        chunksOf: UInt32(chunkSize), transportSize: UInt32(bytes.count),
        recipients: namingRecipients ? devices.map(\.releaseKey.name) : [])
    case .gcm, .chaCha20, .counter:
      let recipients = try devices.map { device in
        try EncryptionRecipient(
          publicKey: device.pair.publicKey.point ?? [],
          keyIdentifier: namingRecipients ? device.name : [])
      }
      let info = try SUITEncryptionInfo.seal(
        &bytes, by: form.algorithm, for: recipients, using: OpenSSLPayloadSealer())
      encryption = try PayloadEncryption(encryptionInfo: info, payloadSize: UInt32(payload.count))
    }
    let digest = SodiumSHA256.digest(of: bytes.span)
    uri = Array(UpdateServer.artifactReference(digest).utf8)
    return bytes
  }
}

extension Vendor {
  /// The same release with its payload encrypted.
  func encrypting(
    _ release: Release, as form: EncryptedForm, for devices: [DeviceSecrets], chunkSize: Int = 1024,
    namingRecipients: Bool = true, changing change: (inout PayloadEncryption) -> Void = { _ in }
  ) async throws -> Release {
    var release = release
    release.payload = try release.manifest.payload.encrypt(
      release.payload, as: form, for: devices, chunkSize: chunkSize, namingRecipients: namingRecipients)
    if var encryption = release.manifest.payload.encryption {
      change(&encryption)
      release.manifest.payload.encryption = encryption
    }
    release.envelope = try await release.manifest.signedEnvelope(by: signer)
    return release
  }
}
