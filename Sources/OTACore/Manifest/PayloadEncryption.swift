/// How a payload is encrypted on its way.
///
/// Digest, size and blocks in the description of a payload are those of the bytes that come out of the decryption: they
/// say what is installed, whoever encrypted it.
///
/// - Note: Source: draft-ietf-suit-firmware-encryption-25, section 8; project decision, Docs/EncryptedPayloads.md.
public struct PayloadEncryption: Equatable, Sendable {
  /// The form of the encrypted bytes.
  public enum Form: Equatable, Sendable {
    /// One message, described by a SUIT_Encryption_Info: an encoded COSE_Encrypt with tag 96.
    case encryptionInfo([UInt8])
    /// The container `OTAE`: a header, and chunks of so many bytes, each of which is authenticated by itself.
    ///
    /// `recipients` are the names of the keys that open it, 32 bytes each; none if it is not said whose they are.
    case chunks(size: UInt32, recipients: [Digest])
  }

  /// The form of the encrypted bytes.
  public var form: Form
  /// How many encrypted bytes there are: what is fetched.
  public var transportSize: UInt32
  /// How many bytes a device must hold before it may use the first of them.
  public var memory: UInt32

  /// Makes a description from its parts.
  ///
  /// For a SUIT_Encryption_Info `init(encryptionInfo:payloadSize:)` of `OTAManifest` computes the lengths.
  public init(form: Form, transportSize: UInt32, memory: UInt32) {
    self.form = form
    self.transportSize = transportSize
    self.memory = memory
  }

  /// Describes a container of chunks.
  ///
  /// - Parameters:
  ///   - chunkSize: the length of a chunk of the payload, in bytes. A device holds one as it came, and one in clear.
  ///   - transportSize: the length of the whole container, in bytes.
  ///   - recipients: the names of the keys that open it; none if it is not said.
  public init(chunksOf chunkSize: UInt32, transportSize: UInt32, recipients: [Digest] = []) {
    let (memory, isOver) = chunkSize.multipliedReportingOverflow(by: 2)
    self.init(
      form: .chunks(size: chunkSize, recipients: recipients), transportSize: transportSize,
      memory: isOver ? .max : memory)
  }
}

extension PayloadDescription {
  /// How many bytes are fetched: those of the payload, or of what it is encrypted to.
  public var transportSize: UInt32 { encryption?.transportSize ?? size }
}
