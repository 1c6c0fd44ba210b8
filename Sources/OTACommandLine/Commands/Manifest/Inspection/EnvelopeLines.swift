import OTACore
import OTAManifest

/// An envelope of any maker as lines for people.
///
/// Not a format: nothing reads it back, and its wording may change.
struct EnvelopeLines {
  private(set) var lines: [String] = []

  init(_ report: EnvelopeReport) {
    add("manifest", "format version \(report.formatVersion), sequence number \(report.sequenceNumber)")
    add("digest", "\(report.digest.value) (algorithm \(report.digest.algorithm))")
    if report.signatures.isEmpty { add("signatures", "none") }
    for signature in report.signatures {
      let algorithm = signature.algorithm.map { "algorithm \($0)" } ?? "COSE structure of another kind"
      add("signature", algorithm + (signature.keyID.map { ", key \($0)" } ?? ", no key named"))
    }
    for (index, name) in report.components.enumerated() { add("component \(index)", name) }
    for dependency in report.dependencies ?? [] {
      add(
        "dependency", "component \(dependency.component)" + (dependency.prefix.map { ", prefix \($0)" } ?? "")
      )
    }
    if let version = report.setVersion { add("version", version) }
    if let uri = report.referenceURI { add("reference", uri) }
    if let name = report.manifestComponent { add("kept as", name) }
    for payload in report.payloads ?? [] {
      add("payload", "\(payload.uri), \(payload.size) bytes, \(payload.sha256)")
    }
    for section in report.sections {
      lines.append("\(section.name):" + (section.severed == nil ? "" : " (severed)"))
      if let commands = section.commands {
        add(commands, depth: 1)
      } else {
        lines.append("  not in the envelope any more")
      }
    }
    if report.isTextSevered == true, report.text == nil { add("text", "not in the envelope any more") }
    for language in report.text ?? [] {
      lines.append("text in \(language.language):")
      for (name, text) in language.texts.sorted(by: { $0.key < $1.key }) { add("  " + name, text) }
      for component in language.components {
        for (name, text) in component.texts.sorted(by: { $0.key < $1.key }) {
          add("  \(component.name) \(name)", text)
        }
      }
    }
    for (place, value) in (report.unknown ?? [:]).sorted(by: { $0.key < $1.key }) {
      add("unknown", "member in \(place): \(value)")
    }
  }

  private mutating func add(_ label: String, _ value: String) {
    // A text of several lines stays one, and nothing in it commands the terminal.
    lines.append("\(visible(label)): \(visible(value))")
  }

  private mutating func add(_ steps: [StepReport], depth: Int) {
    let indent = String(repeating: "  ", count: depth)
    for step in steps {
      var line = indent + (step.name ?? "command \(step.code)")
      if let components = step.components {
        line += " " + components.map { "\($0)" }.joined(separator: ", ")
      }
      if step.allComponents == true { line += " all" }
      if let argument = step.argument { line += " " + argument }
      lines.append(line)
      for parameter in step.parameters ?? [] {
        let name = parameter.name ?? "parameter \(parameter.key)"
        lines.append(indent + "  " + name + " = " + visible(parameter.value))
        guard let encryption = parameter.encryption else { continue }
        for recipient in encryption.recipients {
          let key = recipient.keyID.map { "key \($0)" } ?? "no key named"
          lines.append(indent + "    \(encryption.algorithm) for \(recipient.algorithm), \(key)")
        }
      }
      for (index, alternative) in (step.alternatives ?? []).enumerated() {
        lines.append(indent + "  alternative \(index + 1):" + (alternative.isEmpty ? " nothing" : ""))
        add(alternative, depth: depth + 2)
      }
      add(step.sequence ?? [], depth: depth + 1)
    }
  }
}
