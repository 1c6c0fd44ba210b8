import Foundation

/// A number to reach.
struct Target: Codable {
  var name: String
  var wanted: Double
  var measured: Double
  var isReached: Bool { measured >= wanted }
}

/// What one run found.
struct Report: Codable {
  var machine: String
  var cores: Int
  var targets: [Target]
  var lines: [Line]

  var markdown: String {
    var text = "\(machine), \(cores) \(cores == 1 ? "core" : "cores").\n\n"
    text += "| target | measured |  |\n| --- | ---: | --- |\n"
    for target in targets {
      text += "| \(target.name) ≥ \(number(target.wanted)) | \(number(target.measured)) | "
      text += target.isReached ? "reached |\n" : "missed |\n"
    }
    text += table(
      "streaming", "SHA-256 of a payload that comes in pieces", "EVP_DigestUpdate, MB/s", "ours, MB/s",
      "ratio")
    text += table(
      "ed25519", "Ed25519, signatures checked in a second", "crypto_sign_verify_detached", "ours", "ratio")
    text += table(
      "blocks", "SHA-256 of all blocks", "one at a time, MB/s", "MB/s", "faster by")
    return text
  }

  private func table(_ group: String, _ title: String, _ raw: String, _ ours: String, _ ratio: String)
    -> String
  {
    var text = "\n| \(title) | \(raw) | \(ours) | \(ratio) |\n| --- | ---: | ---: | ---: |\n"
    for line in lines where line.group == group {
      text +=
        "| \(line.name) | \(Int(line.raw.rounded())) | \(Int(line.ours.rounded())) | \(number(line.ratio)) |\n"
    }
    return text
  }

  private func number(_ value: Double) -> String { String(format: "%.3f", value) }

  /// Puts the tables between the marks of a document.
  func write(into path: String) throws {
    let (first, last) = ("<!-- bench-verify -->\n", "<!-- end bench-verify -->")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    guard let start = text.range(of: first),
      let end = text.range(of: last, range: start.upperBound..<text.endIndex)
    else { throw CocoaError(.fileReadCorruptFile) }
    let new = text[..<start.upperBound] + markdown + text[end.lowerBound...]
    try String(new).write(toFile: path, atomically: true, encoding: .utf8)
  }
}
