#if !hasFeature(Embedded)
public import OTACore
public import OTACrypto

/// A manifest as lines for people: what `inspect` prints.
///
/// Not a format: nothing reads it back, and its wording may change.
public struct ManifestSummary: CustomStringConvertible, Sendable {
  /// A label and its value.
  public struct Line: Equatable, Sendable {
    /// What it is.
    public var label: String
    /// What it says, without control characters.
    public var value: String
  }

  /// The lines, in the order of the manifest's parts.
  public private(set) var lines: [Line] = []

  /// Describes a manifest, signed or not.
  ///
  /// - Parameters:
  ///   - manifest: what to describe.
  ///   - signer: whose signature was good, if one was checked.
  public init(_ manifest: Manifest, signer: KeyIdentifier? = nil) {
    if let signer { add("signed by", signer.digest.description) }
    add("component", ManifestSummary.printable(manifest.component.bytes))
    add("version", manifest.newVersion.description)
    add("sequence number", manifest.sequenceNumber.description)
    if let version = manifest.requiredVersion { add("requires version", version.description) }
    add("vendor", manifest.compatibility.vendorID.description)
    add("class", manifest.compatibility.classID.description)
    if let device = manifest.compatibility.deviceID { add("device", device.description) }
    if let revisions = manifest.compatibility.hardwareRevisions {
      add("hardware revisions", "\(revisions.lowerBound) to \(revisions.upperBound)")
    }
    for dependency in manifest.dependencies {
      let name = ManifestSummary.printable(dependency.component.bytes)
      add("depends on", "\(name) from \(dependency.minimumSequenceNumber)")
    }
    add("image", "\(manifest.image.size) bytes, \(manifest.image.digest)")
    for payload in manifest.payloads { add(payload) }
    if let blocks = manifest.imageBlocks {
      add("blocks of the image", "\(blocks.digests.count) of \(blocks.blockSize) bytes")
    }
    addText("vendor name", manifest.metadata.vendorName)
    addText("model name", manifest.metadata.modelName)
    addText("description", manifest.metadata.updateDescription)
  }

  /// All lines, with the values below each other.
  public var description: String {
    let width = lines.map(\.label.count).max() ?? 0
    return lines.map { line in
      line.label + String(repeating: " ", count: width - line.label.count + 2) + line.value
    }.joined(separator: "\n")
  }

  private mutating func add(_ payload: PayloadDescription) {
    add("payload", "\(payload.size) bytes, \(payload.digest)")
    add("payload at", ManifestSummary.printable(payload.uri))
    add("blocks", "\(payload.blocks.digests.count) of \(payload.blocks.blockSize) bytes")
    if let encryption = payload.encryption { add(encryption) }
    switch payload.encoding {
    case .identity: add("encoding", "the payload is the image")
    case .delta(let delta):
      add("encoding", "\(delta.format.name) patch, \(delta.memory) bytes of memory")
      add("patch on", "\(delta.source.size) bytes, \(delta.source.digest)")
    }
  }

  private mutating func add(_ encryption: PayloadEncryption) {
    let sizes = "\(encryption.transportSize) bytes on the way, \(encryption.memory) bytes of memory"
    switch encryption.form {
    case .encryptionInfo: add("encrypted", "SUIT_Encryption_Info, " + sizes)
    case .chunks(let size, let recipients):
      add("encrypted", "chunks of \(size) bytes, " + sizes)
      for recipient in recipients { add("for the key", recipient.description) }
    }
  }

  private mutating func add(_ label: String, _ value: String) {
    lines.append(Line(label: label, value: value))
  }

  private mutating func addText(_ label: String, _ text: [UInt8]) {
    if !text.isEmpty { add(label, ManifestSummary.printable(text)) }
  }

  /// Text as it is, but for control characters: they could rewrite the terminal.
  private static func printable(_ bytes: [UInt8]) -> String {
    var text = ""
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
        text += "\\u{" + String(scalar.value, radix: 16) + "}"
      default:
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}
#endif
