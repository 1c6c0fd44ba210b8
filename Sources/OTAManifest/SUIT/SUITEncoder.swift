import OTACore
import OTACrypto

/// Writes the parts of an envelope; their layout is in Docs/ManifestFormat.md.
///
/// The same manifest has the same bytes, always.
struct SUITEncoder {
  let manifest: Manifest
  let limit: Int

  /// Record success and failure, as the examples of the draft do.
  private static var reportingPolicy: UInt64 { 15 }

  /// The text, or `nil` if there is none.
  func text() throws(ManifestError) -> [UInt8]? {
    let metadata = manifest.metadata
    let names = (metadata.vendorName.isEmpty ? 0 : 1) + (metadata.modelName.isEmpty ? 0 : 1)
    let descriptions = metadata.updateDescription.isEmpty ? 0 : 1
    guard names + descriptions > 0 else { return nil }
    // "und": the language is not known (BCP 47).
    let language: InlineArray<3, UInt8> = [0x75, 0x6e, 0x64]
    do throws(ParseError) {
      return try [UInt8](cborUpTo: limit) { (writer) throws(ParseError) in
        try writer.writeMapHeader(1)
        try writer.writeTextString(language.span)
        try writer.writeMapHeader(descriptions + (names > 0 ? 1 : 0))
        if descriptions > 0 {
          try writer.writeInteger(SUITTextKey.updateDescription)
          try writer.writeTextString(metadata.updateDescription.span)
        }
        if names > 0 {
          try writer.writeArrayHeader(1)
          try writer.writeByteString(manifest.component.bytes.span)
          try writer.writeMapHeader(names)
          try writer.writeTextIfAny(metadata.vendorName, key: SUITTextKey.vendorName)
          try writer.writeTextIfAny(metadata.modelName, key: SUITTextKey.modelName)
        }
      }
    } catch {
      throw error.kind == .invalidValue ? .invalid(.metadata) : .malformed(error)
    }
  }

  /// The manifest; `textDigest` stands for the text that goes into the envelope.
  func manifest(textDigest: Digest?) throws(ManifestError) -> [UInt8] {
    let common = try self.common()
    let install = try self.install()
    let validate = try condition(SUITCode.imageMatch)
    let invoke = manifest.installSteps.contains(.invoke) ? try condition(SUITCode.invoke) : nil
    return try encode { (writer) throws(ParseError) in
      try writer.writeMapHeader(5 + (invoke == nil ? 0 : 1) + (textDigest == nil ? 0 : 1))
      try writer.writeInteger(SUITKey.version)
      try writer.writeUnsigned(1)
      try writer.writeInteger(SUITKey.sequenceNumber)
      try writer.writeUnsigned(manifest.sequenceNumber.rawValue)
      try writer.writeInteger(SUITKey.common)
      try writer.writeByteString(common.span)
      try writer.writeInteger(SUITKey.validate)
      try writer.writeByteString(validate.span)
      if let invoke {
        try writer.writeInteger(SUITKey.invoke)
        try writer.writeByteString(invoke.span)
      }
      try writer.writeInteger(SUITKey.install)
      try writer.writeByteString(install.span)
      if let textDigest {
        try writer.writeInteger(SUITKey.text)
        try writer.write(textDigest)
      }
    }
  }

  private func common() throws(ManifestError) -> [UInt8] {
    let compatibility = manifest.compatibility
    let imageDigest = try encode { (writer) throws(ParseError) in try writer.write(manifest.image.digest) }
    let shared = try encode { (writer) throws(ParseError) in
      let hasDevice = compatibility.deviceID != nil
      try writer.writeArrayHeader(hasDevice ? 8 : 6)
      try writer.writeInteger(SUITCode.overrideParameters)
      try writer.writeMapHeader(hasDevice ? 5 : 4)
      try writer.writeInteger(SUITParameterKey.vendorIdentifier)
      try writer.write(compatibility.vendorID)
      try writer.writeInteger(SUITParameterKey.classIdentifier)
      try writer.write(compatibility.classID)
      try writer.writeInteger(SUITParameterKey.imageDigest)
      try writer.writeByteString(imageDigest.span)
      try writer.writeInteger(SUITParameterKey.imageSize)
      try writer.writeUnsigned(UInt64(manifest.image.size))
      if let deviceID = compatibility.deviceID {
        try writer.writeInteger(SUITParameterKey.deviceIdentifier)
        try writer.write(deviceID)
      }
      try writer.writeCommand(SUITCode.vendorIdentifier, SUITEncoder.reportingPolicy)
      try writer.writeCommand(SUITCode.classIdentifier, SUITEncoder.reportingPolicy)
      if hasDevice { try writer.writeCommand(SUITCode.deviceIdentifier, SUITEncoder.reportingPolicy) }
    }
    return try encode { (writer) throws(ParseError) in
      try writer.writeMapHeader(2)
      try writer.writeInteger(SUITKey.components)
      try writer.writeArrayHeader(1)
      try writer.writeArrayHeader(1)
      try writer.writeByteString(manifest.component.bytes.span)
      try writer.writeInteger(SUITKey.sharedSequence)
      try writer.writeByteString(shared.span)
    }
  }

  private func install() throws(ManifestError) -> [UInt8] {
    let alternatives = try self.alternatives()
    let arguments = try fetchArguments(of: manifest.payload, imageBlocks: manifest.imageBlocks)
    let info = alternatives.isEmpty ? manifest.payload.encryptionInfo : nil
    let revisions = try hardwareRevisions()
    let newVersion = try version(manifest.newVersion)
    let requiredVersion = try manifest.requiredVersion.map { (required) throws(ManifestError) in
      try version(required)
    }
    let dependencies = try self.dependencies()
    let rules = (revisions == nil ? 0 : 1) + (requiredVersion == nil ? 0 : 1) + (dependencies == nil ? 0 : 1)
    return try encode { (writer) throws(ParseError) in
      try writer.writeArrayHeader(2 * (3 + rules))
      try writer.writeInteger(SUITCode.overrideParameters)
      try writer.writeMapHeader((alternatives.isEmpty ? 3 : 1) + (info == nil ? 0 : 1) + rules)
      try writer.writeStringIfAny(info, key: SUITParameterKey.encryptionInfo)
      if alternatives.isEmpty {
        try writer.writeInteger(SUITParameterKey.uri)
        try writer.writeTextString(manifest.payload.uri.span)
        try writer.writeInteger(SUITParameterKey.fetchArguments)
        try writer.writeByteString(arguments.span)
      }
      try writer.writeStringIfAny(revisions, key: SUITParameterKey.hardwareRevisions)
      try writer.writeStringIfAny(newVersion, key: SUITParameterKey.newVersion)
      try writer.writeStringIfAny(requiredVersion, key: SUITParameterKey.requiredVersion)
      try writer.writeStringIfAny(dependencies, key: SUITParameterKey.dependencies)
      if revisions != nil { try writer.writeCommand(SUITCode.hardwareRevision, SUITEncoder.reportingPolicy) }
      if requiredVersion != nil {
        try writer.writeCommand(SUITCode.requiredVersion, SUITEncoder.reportingPolicy)
      }
      if dependencies != nil { try writer.writeCommand(SUITCode.dependencies, SUITEncoder.reportingPolicy) }
      if alternatives.isEmpty {
        try writer.writeCommand(SUITCode.fetch, SUITEncoder.reportingPolicy)
      } else {
        try writer.writeInteger(SUITCode.tryEach)
        try writer.writeArrayHeader(alternatives.count)
        for alternative in alternatives { try writer.writeByteString(alternative.span) }
      }
      try writer.writeCommand(SUITCode.imageMatch, SUITEncoder.reportingPolicy)
    }
  }

  /// The sequences of which a device runs one, each for a payload; none if there is just one payload.
  private func alternatives() throws(ManifestError) -> [[UInt8]] {
    guard !manifest.alternatives.isEmpty else { return [] }
    var sequences: [[UInt8]] = []
    // The blocks of the image stand with the first patch.
    var imageBlocks = manifest.imageBlocks
    for payload in manifest.payloads {
      let isPatch = payload.encoding != .identity
      let arguments = try fetchArguments(of: payload, imageBlocks: isPatch ? imageBlocks : nil)
      if isPatch { imageBlocks = nil }
      sequences.append(
        try encode { (writer) throws(ParseError) in
          try writer.writeArrayHeader(6)
          try writer.writeInteger(SUITCode.overrideParameters)
          try writer.writeMapHeader(payload.encryptionInfo == nil ? 2 : 3)
          try writer.writeStringIfAny(payload.encryptionInfo, key: SUITParameterKey.encryptionInfo)
          try writer.writeInteger(SUITParameterKey.uri)
          try writer.writeTextString(payload.uri.span)
          try writer.writeInteger(SUITParameterKey.fetchArguments)
          try writer.writeByteString(arguments.span)
          try writer.writeCommand(SUITCode.usablePayload, SUITEncoder.reportingPolicy)
          try writer.writeCommand(SUITCode.fetch, SUITEncoder.reportingPolicy)
        })
    }
    return sequences
  }

  private func fetchArguments(
    of payload: PayloadDescription, imageBlocks: BlockDigests?
  ) throws(ManifestError) -> [UInt8] {
    try SUITEncoder.fetchArguments(of: payload, imageBlocks: imageBlocks, limit: limit)
  }

  static func fetchArguments(
    of payload: PayloadDescription, imageBlocks: BlockDigests?, limit: Int
  ) throws(ManifestError) -> [UInt8] {
    let digests = SUITEncoder.joined(payload.blocks)
    let imageBlocks = imageBlocks.map { ($0.blockSize, SUITEncoder.joined($0)) }
    let container = payload.encryption.flatMap { SUITEncoder.Container($0) }
    return try encode(upTo: limit) { (writer) throws(ParseError) in
      let deltas =
        switch payload.encoding {
        case .identity: 0
        case .delta: 1
        }
      try writer.writeMapHeader(4 + deltas + (imageBlocks == nil ? 0 : 2) + (container == nil ? 0 : 1))
      try writer.writeInteger(FetchArgumentKey.payloadDigest)
      try writer.write(payload.digest)
      try writer.writeInteger(FetchArgumentKey.payloadSize)
      try writer.writeUnsigned(UInt64(payload.size))
      try writer.writeInteger(FetchArgumentKey.blockSize)
      try writer.writeUnsigned(UInt64(payload.blocks.blockSize))
      try writer.writeInteger(FetchArgumentKey.blockDigests)
      try writer.writeByteString(digests.span)
      switch payload.encoding {
      case .identity: break
      case .delta(let delta):
        try writer.writeInteger(FetchArgumentKey.delta)
        try writer.writeMapHeader(4)
        try writer.writeInteger(FetchArgumentKey.deltaFormat)
        try writer.writeUnsigned(UInt64(delta.format.rawValue))
        try writer.writeInteger(FetchArgumentKey.deltaSourceDigest)
        try writer.write(delta.source.digest)
        try writer.writeInteger(FetchArgumentKey.deltaSourceSize)
        try writer.writeUnsigned(UInt64(delta.source.size))
        try writer.writeInteger(FetchArgumentKey.deltaMemory)
        try writer.writeUnsigned(UInt64(delta.memory))
      }
      if let (blockSize, digests) = imageBlocks {
        try writer.writeInteger(FetchArgumentKey.imageBlockSize)
        try writer.writeUnsigned(UInt64(blockSize))
        try writer.writeInteger(FetchArgumentKey.imageBlockDigests)
        try writer.writeByteString(digests.span)
      }
      if let container { try container.write(to: &writer) }
    }
  }

  /// The digests, one behind the other.
  private static func joined(_ blocks: BlockDigests) -> [UInt8] { joined(blocks.digests) }

  static func joined(_ digests: [Digest]) -> [UInt8] {
    var bytes: [UInt8] = []
    for digest in digests {
      for index in 0..<digest.bytes.count { bytes.append(digest.bytes[index]) }
    }
    return bytes
  }

  private func hardwareRevisions() throws(ManifestError) -> [UInt8]? {
    guard let revisions = manifest.compatibility.hardwareRevisions else { return nil }
    return try encode { (writer) throws(ParseError) in
      try writer.writeArrayHeader(2)
      try writer.writeUnsigned(UInt64(revisions.lowerBound))
      try writer.writeUnsigned(UInt64(revisions.upperBound))
    }
  }

  private func version(_ version: Version) throws(ManifestError) -> [UInt8] {
    try encode { (writer) throws(ParseError) in
      try writer.writeArrayHeader(3)
      try writer.writeUnsigned(UInt64(version.major))
      try writer.writeUnsigned(UInt64(version.minor))
      try writer.writeUnsigned(UInt64(version.patch))
    }
  }

  private func dependencies() throws(ManifestError) -> [UInt8]? {
    guard !manifest.dependencies.isEmpty else { return nil }
    return try encode { (writer) throws(ParseError) in
      try writer.writeArrayHeader(manifest.dependencies.count)
      for dependency in manifest.dependencies {
        try writer.writeArrayHeader(2)
        try writer.writeByteString(dependency.component.bytes.span)
        try writer.writeUnsigned(dependency.minimumSequenceNumber.rawValue)
      }
    }
  }

  /// A sequence of one command.
  private func condition(_ code: Int64) throws(ManifestError) -> [UInt8] {
    try encode { (writer) throws(ParseError) in
      try writer.writeArrayHeader(2)
      try writer.writeCommand(code, SUITEncoder.reportingPolicy)
    }
  }

  private func encode(
    _ body: (inout CBORWriter) throws(ParseError) -> Void
  ) throws(ManifestError) -> [UInt8] {
    try SUITEncoder.encode(upTo: limit, body)
  }

  private static func encode(
    upTo limit: Int, _ body: (inout CBORWriter) throws(ParseError) -> Void
  ) throws(ManifestError) -> [UInt8] {
    do throws(ParseError) {
      return try [UInt8](cborUpTo: limit, writing: body)
    } catch {
      switch error.kind {
      case .capacityExceeded: throw .limitExceeded(.envelope)
      // The one text that is written here.
      case .invalidValue: throw .invalid(.uri)
      default: throw .malformed(error)
      }
    }
  }
}

extension CBORWriter {
  @_lifetime(self: copy self)
  fileprivate mutating func writeCommand(_ code: Int64, _ argument: UInt64) throws(ParseError) {
    try writeInteger(code)
    try writeUnsigned(argument)
  }

  @_lifetime(self: copy self)
  fileprivate mutating func write(_ identifier: UniversalIdentifier) throws(ParseError) {
    let bytes = try [UInt8](capacity: 16) { (writer) throws(ParseError) in
      try identifier.serialize(into: &writer)
    }
    try writeByteString(bytes.span)
  }

  @_lifetime(self: copy self)
  fileprivate mutating func writeTextIfAny(_ text: [UInt8], key: Int64) throws(ParseError) {
    guard !text.isEmpty else { return }
    try writeInteger(key)
    try writeTextString(text.span)
  }

  @_lifetime(self: copy self)
  fileprivate mutating func writeStringIfAny(_ bytes: [UInt8]?, key: Int64) throws(ParseError) {
    guard let bytes else { return }
    try writeInteger(key)
    try writeByteString(bytes.span)
  }
}
