import OTACore
import OTACrypto
import OTAManifest

/// An envelope of any maker for machines; names and meanings are stable.
struct EnvelopeReport: Encodable {
  struct DigestReport: Encodable {
    /// The number of the algorithm in COSE.
    var algorithm: Int64
    var value: String

    init(_ digest: SUITDocument.DigestValue) {
      algorithm = digest.algorithm
      value = hexadecimal(digest.bytes)
    }
  }

  struct Signature: Encodable {
    /// The number of the algorithm in COSE; absent if the structure is not one that is known here.
    var algorithm: Int64?
    /// The key identifier in the structure.
    var keyID: String?
    /// The tag of the structure: 18 for COSE_Sign1.
    var structure: UInt64?
  }

  struct DependencyReport: Encodable {
    var component: UInt64
    var prefix: String?
  }

  struct SectionReport: Encodable {
    var name: String
    /// The digest in the manifest, if the section was moved out of it.
    var severed: DigestReport?
    /// Absent if the section is gone.
    var commands: [StepReport]?
  }

  struct TextReport: Encodable {
    struct Component: Encodable {
      var name: String
      var texts: [String: String]
    }

    var language: String
    var texts: [String: String]
    var components: [Component]
  }

  struct PayloadReport: Encodable {
    var uri: String
    var size: Int
    var sha256: String
  }

  var formatVersion: UInt64
  var sequenceNumber: UInt64
  var digest: DigestReport
  var signatures: [Signature]
  var components: [String]
  var dependencies: [DependencyReport]?
  var referenceURI: String?
  var manifestComponent: String?
  var setVersion: String?
  var sections: [SectionReport]
  /// Whether the text was moved out of the manifest.
  var isTextSevered: Bool?
  var text: [TextReport]?
  var payloads: [PayloadReport]?
  /// Members that nobody knows here, by their places and keys, in the hexadecimal of their encoding.
  var unknown: [String: String]?

  init(_ document: SUITDocument) {
    let manifest = document.manifest
    formatVersion = manifest.version
    sequenceNumber = manifest.sequenceNumber
    digest = DigestReport(document.digest)
    signatures = document.authenticationBlocks.flatMap { Signature.all(in: $0) }
    components = manifest.components.map { componentName($0) }
    dependencies =
      manifest.dependencies.isEmpty
      ? nil
      : manifest.dependencies.map {
        DependencyReport(component: $0.index, prefix: $0.prefix.map { componentName($0) })
      }
    referenceURI = manifest.referenceURI
    manifestComponent = manifest.componentName.map { componentName($0) }
    setVersion = manifest.setVersion.map { versionText($0) }
    sections =
      manifest.shared.isEmpty
      ? []
      : [
        SectionReport(name: "shared", commands: manifest.shared.map { StepReport($0) })
      ]
    for section in SUITDocument.Section.inOrder {
      guard let part = manifest.sections[section] else { continue }
      var report = SectionReport(name: section.name)
      if case .severed(let digest) = part { report.severed = DigestReport(digest) }
      report.commands = document.steps(of: section).map { $0.map { StepReport($0) } }
      sections.append(report)
    }
    if case .severed = manifest.text { isTextSevered = true }
    text = document.text.map { $0.languages.map { TextReport($0) } }
    payloads =
      document.payloads.isEmpty
      ? nil
      : document.payloads.map { payload in
        PayloadReport(
          uri: payload.uri, size: payload.bytes.count,
          sha256: SHA256.digest(of: payload.bytes.span).description)
      }
    unknown = Self.unknown(document)
  }

  private static func unknown(_ document: SUITDocument) -> [String: String]? {
    var unknown: [String: String] = [:]
    for (key, value) in document.otherMembers { unknown["envelope \(key)"] = hexadecimal(value) }
    for (key, value) in document.manifest.others { unknown["manifest \(key)"] = hexadecimal(value) }
    for (key, value) in document.manifest.otherCommon { unknown["common \(key)"] = hexadecimal(value) }
    for dependency in document.manifest.dependencies {
      for (key, value) in dependency.others {
        unknown["dependency \(dependency.index) \(key)"] = hexadecimal(value)
      }
    }
    return unknown.isEmpty ? nil : unknown
  }
}

extension EnvelopeReport.Signature {
  /// The signatures of a structure; one without facts if it is not one that is known here.
  fileprivate static func all(in block: [UInt8]) -> [EnvelopeReport.Signature] {
    var reader = CBORReader(block.span)
    let tag = try? reader.readTag()
    guard let parsed = try? COSEBlock(parsing: 0..<block.count, of: block.span, profile: .documents) else {
      return [EnvelopeReport.Signature(structure: tag)]
    }
    if case .mac0(let mac) = parsed {
      let key = mac.keyIdentifier.map { hexadecimal(Array(block[$0])) }
      return [EnvelopeReport.Signature(algorithm: mac.algorithmNumber, keyID: key, structure: tag)]
    }
    return parsed.signatures.map { signature in
      EnvelopeReport.Signature(
        algorithm: signature.algorithmNumber,
        keyID: signature.keyIdentifier.map { hexadecimal(Array(block[$0])) }, structure: tag)
    }
  }
}

extension EnvelopeReport.TextReport {
  fileprivate init(_ language: SUITDocument.Text.Language) {
    self.language = language.tag
    texts = [:]
    for (key, text) in language.entries { texts[SUITDocument.Text.name(ofEntry: key) ?? "\(key)"] = text }
    components = language.components.map { component in
      var texts: [String: String] = [:]
      for (key, text) in component.entries {
        texts[SUITDocument.Text.name(ofComponentEntry: key) ?? "\(key)"] = text
      }
      return Component(name: componentName(component.name), texts: texts)
    }
  }
}

/// A command with its argument.
struct StepReport: Encodable {
  var code: Int64
  var name: String?
  var reporting: UInt64?
  /// What is chosen: indices, or all.
  var components: [UInt64]?
  var allComponents: Bool?
  var parameters: [ParameterReport]?
  /// The sequences of try-each; an empty one is nil.
  var alternatives: [[StepReport]]?
  var sequence: [StepReport]?
  /// The argument in the hexadecimal of its encoding, if it is none of these.
  var argument: String?

  init(_ step: SUITDocument.Step) {
    code = step.code
    name = step.name
    switch step.argument {
    case .reporting(let policy): reporting = policy
    case .components(.index(let index)): components = [index]
    case .components(.list(let indices)): components = indices
    case .components(.all): allComponents = true
    case .parameters(let all): parameters = all.map { ParameterReport($0) }
    case .alternatives(let all): alternatives = all.map { ($0 ?? []).map { StepReport($0) } }
    case .sequence(let steps): sequence = steps.map { StepReport($0) }
    case .encoded(let bytes): argument = hexadecimal(bytes)
    }
  }
}

/// A parameter with its value as text.
struct ParameterReport: Encodable {
  var key: Int64
  var name: String?
  var value: String
  /// What an encryption-info says, if it can be read.
  var encryption: EncryptionReport?

  init(_ parameter: SUITDocument.Parameter) {
    key = parameter.key
    name = parameter.name
    switch parameter.value {
    case .unsigned(let number): value = "\(number)"
    case .bool(let flag): value = "\(flag)"
    case .text(let text): value = text
    case .digest(let digest): value = "\(digest.algorithm):\(hexadecimal(digest.bytes))"
    case .version(let comparison, let numbers):
      let names = ["?", ">", ">=", "=", "<=", "<"]
      value = (comparison < 6 ? names[Int(comparison)] : "?") + versionText(numbers)
    case .bytes(let bytes):
      // Identifiers have a form of their own.
      if key == 19 { encryption = EncryptionReport(bytes) }
      if [1, 2, 24].contains(key), let identifier = try? UniversalIdentifier(bytes: bytes.span) {
        value = identifier.description
      } else {
        value = "0x" + hexadecimal(bytes)
      }
    case .encoded(let bytes): value = "cbor:" + hexadecimal(bytes)
    }
  }
}

/// Bytes in lower-case hexadecimal.
func hexadecimal(_ bytes: [UInt8]) -> String { String(hexadecimal: bytes.span) }

/// The parts of a name with slashes between them; a part that is not plain ASCII is in hexadecimal.
func componentName(_ name: SUITDocument.ComponentName) -> String {
  name.map { part in
    let isPlain =
      !part.isEmpty && part.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "/") }
      && !part.starts(with: Array("0x".utf8))
    return isPlain ? String(decoding: part, as: UTF8.self) : "0x" + hexadecimal(part)
  }.joined(separator: "/")
}

/// A version as people write it: 1, 2, -1, 3 is 1.2-rc.3.
func versionText(_ numbers: [Int64]) -> String {
  var text = ""
  for number in numbers {
    switch number {
    case 0...: text += text.isEmpty ? "\(number)" : ".\(number)"
    case -1: text += "-rc"
    case -2: text += "-beta"
    case -3: text += "-alpha"
    default: text += "-(\(number))"
    }
  }
  return text
}
