public import OTACore
import OTACrypto

// How an encrypted payload is described in a manifest. Source: draft-ietf-suit-firmware-encryption-25, section 4 (parameter
// 19); project decision, Docs/ManifestFormat.md, section 4.4 (containers).

extension PayloadEncryption {
  /// Describes a payload that is encrypted as a SUIT_Encryption_Info says.
  ///
  /// - Parameters:
  ///   - bytes: the encoded structure.
  ///   - payloadSize: the length of the plaintext, in bytes. The tag stands behind the ciphertext.
  /// - Throws: what ``SUITEncryptionInfo/init(parsing:limits:)`` throws; ``ManifestError/invalid(_:)`` with
  ///   ``ManifestError/Field/payloadSize`` if the ciphertext is longer than 32 bits can say.
  public init(encryptionInfo bytes: [UInt8], payloadSize: UInt32) throws(ManifestError) {
    let info = try SUITEncryptionInfo(parsing: bytes.span)
    let (size, isOver) = payloadSize.addingReportingOverflow(UInt32(info.algorithm.tagSize))
    guard !isOver else { throw .invalid(.payloadSize) }
    // One tag, at the end: nothing may be used before all is there. Without one, the blocks say what is right.
    self.init(
      form: .encryptionInfo(bytes), transportSize: size, memory: info.algorithm.isAuthenticated ? size : 0)
  }

  /// The length of a chunk, in bytes.
  static var chunkSizes: ClosedRange<UInt32> { 1 << 10...1 << 20 }
  /// The most recipients of a container.
  static var maximumRecipientCount: Int { 256 }

  /// Reads the map about a container.
  init(parsing reader: inout CBORReader, of bytes: Span<UInt8>) throws(ManifestError) {
    let count = try readMapHeader(&reader)
    var format: UInt64?
    var size: UInt32?
    var chunkSize: UInt32?
    var names: Range<Int>?
    var previous: Int64?
    for _ in 0..<count {
      switch try readKey(&reader, after: &previous) {
      case FetchArgumentKey.containerFormat: format = try readUnsigned(&reader)
      case FetchArgumentKey.containerSize: size = try readUInt32(&reader)
      case FetchArgumentKey.containerChunkSize: chunkSize = try readUInt32(&reader)
      case FetchArgumentKey.containerRecipients: names = try readByteStringRange(&reader)
      default: throw .unsupportedParameter(SUITParameterKey.fetchArguments)
      }
    }
    guard let format, let size, let chunkSize else {
      throw .missingParameter(SUITParameterKey.fetchArguments)
    }
    guard format == 1 else { throw .crypto(.unsupportedAlgorithm) }
    var recipients: [Digest] = []
    if let names {
      guard !names.isEmpty, names.count % 32 == 0 else { throw .invalid(.encryption) }
      guard names.count / 32 <= PayloadEncryption.maximumRecipientCount else {
        throw .limitExceeded(.encryption)
      }
      for start in stride(from: names.lowerBound, to: names.upperBound, by: 32) {
        recipients.append(
          try parsing { () throws(ParseError) in
            try Digest(algorithm: .sha256, bytes: bytes.extracting(start..<start + 32))
          })
      }
    }
    self.init(chunksOf: chunkSize, transportSize: size, recipients: recipients)
  }
}

extension PayloadDescription {
  /// The contents of parameter 19, if the payload is encrypted in that way.
  var encryptionInfo: [UInt8]? {
    guard case .encryptionInfo(let bytes) = encryption?.form else { return nil }
    return bytes
  }

  /// Refuses a description of the encryption that contradicts itself, or that no device could use.
  func checkEncryption() throws(ManifestError) {
    guard let encryption else { return }
    switch encryption.form {
    case .encryptionInfo(let bytes):
      guard encryption == (try PayloadEncryption(encryptionInfo: bytes, payloadSize: size)) else {
        throw .invalid(.encryption)
      }
    case .chunks(let chunkSize, let recipients):
      guard PayloadEncryption.chunkSizes.contains(chunkSize), encryption.transportSize > size,
        recipients.count <= PayloadEncryption.maximumRecipientCount,
        encryption.memory == PayloadEncryption(chunksOf: chunkSize, transportSize: 0).memory
      else { throw .invalid(.encryption) }
      for recipient in recipients where recipient.algorithm != .sha256 { throw .invalid(.encryption) }
    }
  }
}

extension SUITEncoder {
  /// What the fetch arguments say of a container.
  struct Container {
    private let encryption: PayloadEncryption
    private let chunkSize: UInt32
    private let names: [UInt8]

    /// Takes a description; `nil` if it is not that of a container.
    init?(_ encryption: PayloadEncryption) {
      guard case .chunks(let size, let recipients) = encryption.form else { return nil }
      self.encryption = encryption
      chunkSize = size
      names = SUITEncoder.joined(recipients)
    }

    func write(to writer: inout CBORWriter) throws(ParseError) {
      try writer.writeInteger(FetchArgumentKey.container)
      try writer.writeMapHeader(names.isEmpty ? 3 : 4)
      try writer.writeInteger(FetchArgumentKey.containerFormat)
      try writer.writeUnsigned(1)
      try writer.writeInteger(FetchArgumentKey.containerSize)
      try writer.writeUnsigned(UInt64(encryption.transportSize))
      try writer.writeInteger(FetchArgumentKey.containerChunkSize)
      try writer.writeUnsigned(UInt64(chunkSize))
      guard !names.isEmpty else { return }
      try writer.writeInteger(FetchArgumentKey.containerRecipients)
      try writer.writeByteString(names.span)
    }
  }
}
