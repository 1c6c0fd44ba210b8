import Foundation
import Testing

@Suite("The document of threats")
struct ThreatModelTests {
  /// The root of the repository.
  static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The text of all files that declare a suite, by the name of the suite.
  static func suites() throws -> [String: String] {
    var suites: [String: String] = [:]
    let tests = root.appending(path: "Tests").resolvingSymlinksInPath()
    for path in try FileManager.default.subpathsOfDirectory(atPath: tests.path) where path.hasSuffix(".swift")
    {
      let text = try String(contentsOf: tests.appending(path: path), encoding: .utf8)
      for match in text.matches(of: /(?:struct|class|extension) (\w+Tests)\b/) {
        suites[String(match.1), default: ""] += text
      }
    }
    return suites
  }

  /// What a cell names that is not there: suites in backticks, and behind each the words of its tests in quotes.
  static func missing(in cell: Substring, _ suites: [String: String]) -> [String] {
    var suite: String?
    var missing: [String] = []
    for match in cell.matches(of: /`([^`]+)`|"([^"]+)"/) {
      if let name = match.1 {
        suite = nil
        let isFolder = FileManager.default.fileExists(atPath: root.appending(path: "Tests/\(name)").path)
        guard !isFolder, !name.hasSuffix(".md") else { continue }
        suite = String(name)
        if suites[String(name)] == nil { missing.append(String(name)) }
      } else if let words = match.2 {
        guard let suite else {
          missing.append("a suite for \(words)")
          continue
        }
        if let text = suites[suite], !text.contains(words) { missing.append("\(suite): \(words)") }
      }
    }
    return missing
  }

  @Test("names tests that are there")
  func named() throws {
    let suites = try Self.suites()
    let text = try String(
      contentsOf: Self.root.appending(path: "Docs/ThreatModel.md"), encoding: .utf8)
    var rows = 0
    for line in text.split(separator: "\n") where line.hasPrefix("| ") {
      guard let cell = line.split(separator: "|").last(where: { !$0.allSatisfy(\.isWhitespace) }) else {
        continue
      }
      rows += 1
      #expect(Self.missing(in: cell, suites) == [], "\(line.prefix(60))")
    }
    #expect(rows > 40)
  }

  @Test("begins with every attack that there is a class for")
  func complete() throws {
    let text = try String(
      contentsOf: Self.root.appending(path: "Docs/ThreatModel.md"), encoding: .utf8)
    let attacks = [
      "man in the middle", "replay", "rollback", "freeze", "mix-and-match", "endless data", "slow retrieval",
      "wrong device", "supply chain", "fully compromised server", "privilege escalation", "confused deputy",
      "fragment tricks",
    ]
    for attack in attacks { #expect(text.contains("\n| \(attack)"), "\(attack)") }
  }

  @Test("is held against suites and words that are not there")
  func checker() throws {
    let suites = ["ATests": "@Test(\"one two\")"]
    #expect(
      Self.missing(in: "`ATests`: \"one\", \"three\"; `BTests`; `OTACoreTests` `ATests`", suites) == [
        "ATests: three", "BTests",
      ])
    #expect(Self.missing(in: "\"one\"", suites) == ["a suite for one"])
  }
}
