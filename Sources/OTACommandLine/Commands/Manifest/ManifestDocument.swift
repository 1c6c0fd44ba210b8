import OTACore
import OTACrypto

/// A manifest for machines; names and meanings are stable.
struct ManifestDocument: Encodable {
  struct Image: Encodable {
    var digest: String
    var size: UInt32

    init(_ image: ImageDescription) {
      digest = image.digest.description
      size = image.size
    }
  }

  struct Payload: Encodable {
    var digest: String
    var size: UInt32
    var uri: String
    var blockSize: UInt32
    var blockCount: Int
    /// The format of the patch; absent if the payload is the image.
    var deltaFormat: String?
    var deltaSource: Image?
    var decoderMemory: UInt32?
    /// Absent if what is fetched is the payload.
    var encryption: Encryption?
  }

  struct Encryption: Encodable {
    /// `encryption-info` or `container`.
    var form: String
    /// The length of what is fetched, in bytes.
    var transportSize: UInt32
    /// How many bytes a device holds in memory.
    var memory: UInt32
    var chunkSize: UInt32?
    /// The names of the keys of a container, if the manifest has them.
    var recipients: [String]?

    init(_ encryption: PayloadEncryption) {
      (transportSize, memory) = (encryption.transportSize, encryption.memory)
      switch encryption.form {
      case .encryptionInfo: form = "encryption-info"
      case .chunks(let size, let names):
        form = "container"
        chunkSize = size
        recipients = names.isEmpty ? nil : names.map(\.description)
      }
    }
  }

  var updateID: String
  /// The identifier of the key whose signature was checked; absent if none was.
  var signer: String?
  var component: String
  var version: String
  var sequenceNumber: UInt64
  var requiredVersion: String?
  var vendor: String
  var deviceClass: String
  var device: String?
  var hardwareRevisions: [UInt32]?
  var image: Image
  var payload: Payload
  var vendorName: String?
  var modelName: String?
  var description: String?

  enum CodingKeys: String, CodingKey {
    case updateID, signer, component, version, sequenceNumber, requiredVersion, vendor, device
    case hardwareRevisions, image, payload, vendorName, modelName, description
    case deviceClass = "class"
  }

  init(_ manifest: Manifest, updateID: Digest, signer: KeyIdentifier?) {
    self.updateID = updateID.description
    self.signer = signer?.digest.description
    component = String(decoding: manifest.component.bytes, as: UTF8.self)
    version = manifest.newVersion.description
    sequenceNumber = manifest.sequenceNumber.rawValue
    requiredVersion = manifest.requiredVersion?.description
    vendor = manifest.compatibility.vendorID.description
    deviceClass = manifest.compatibility.classID.description
    device = manifest.compatibility.deviceID?.description
    hardwareRevisions = manifest.compatibility.hardwareRevisions.map { [$0.lowerBound, $0.upperBound] }
    image = Image(manifest.image)
    payload = Payload(
      digest: manifest.payload.digest.description, size: manifest.payload.size,
      uri: String(decoding: manifest.payload.uri, as: UTF8.self),
      blockSize: manifest.payload.blocks.blockSize, blockCount: manifest.payload.blocks.digests.count)
    if case .delta(let delta) = manifest.payload.encoding {
      payload.deltaFormat = delta.format.name
      payload.deltaSource = Image(delta.source)
      payload.decoderMemory = delta.memory
    }
    payload.encryption = manifest.payload.encryption.map { Encryption($0) }
    vendorName = Self.text(manifest.metadata.vendorName)
    modelName = Self.text(manifest.metadata.modelName)
    description = Self.text(manifest.metadata.updateDescription)
  }

  private static func text(_ bytes: [UInt8]) -> String? {
    bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }
}
