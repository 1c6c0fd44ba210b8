import Foundation
import OTACommandLine
import Testing

/// A folder with keys, and descriptions of sets.
struct TrustBench {
  static let scope = "1492af14-2569-5e48-bf42-9b2d51f2ab45"
  let folder: TemporaryFolder

  /// Makes keys: three for roots, of every kind, and two each for manifests and images.
  init() async throws {
    folder = try TemporaryFolder()
    for (name, algorithm) in [
      ("r1", "ed25519"), ("r2", "es256"), ("r3", "es384"), ("m1", "ed25519"), ("m2", "ed25519"),
      ("i1", "es256"), ("i2", "ed25519"),
    ] {
      let run = await ota("key", "generate", "--algorithm", algorithm, "--out", folder.file("\(name).pem"))
      try #require(run.status == .done)
    }
  }

  /// Writes a description: two of three roots, and keys for manifests and images.
  func describe(
    _ name: String, _ manifest: String, _ image: String, changing change: (String) -> String = { $0 }
  )
    throws
  {
    let text = """
      {
        "number": 1, "scope": "\(Self.scope)", "issued": "2026-11-21", "expires": "2028-01-01T12:00:00Z",
        "thresholds": { "root": 2 },
        "keys": [
          { "file": "r1.pub.pem", "roles": ["root"] }, { "file": "r2.pub.pem", "roles": ["root"] },
          { "file": "r3.pub.pem", "roles": ["root"] }, { "file": "\(manifest).pub.pem", "roles": ["manifest"] },
          { "file": "\(image).pub.pem", "roles": ["image"] }
        ]
      }
      """
    _ = try folder.write(Array(change(text).utf8), to: name)
  }

  /// Makes a set; `trust` and a command, with files of the folder.
  func run(_ arguments: String...) async -> Run { await run(arguments) }

  func run(_ arguments: [String]) async -> Run {
    await OTACommandLineTests.run(
      ["trust"] + arguments.map { $0.contains(".") && !$0.hasPrefix("-") ? folder.file($0) : $0 },
      commands: CommandTable.all)
  }

  /// The first set, and the second one unsigned, with another manifest key.
  func makeTwo() async throws {
    try describe("1.json", "m1", "i1")
    try describe("2.json", "m2", "i1") {
      $0.replacingOccurrences(of: "\"number\": 1, ", with: "").replacingOccurrences(
        of: "11-21", with: "12-01")
    }
    try #require(await run("create", "1.json", "--out", "1.trust").status == .done)
    try #require(await run("create", "2.json", "--after", "1.trust", "--out", "2.trust").status == .done)
  }

  /// The third set follows upon the second, with another image key, signed by all who must.
  func makeThird() async throws {
    try describe("3.json", "m2", "i2") {
      $0.replacingOccurrences(of: "\"number\": 1, ", with: "").replacingOccurrences(
        of: "11-21", with: "12-02")
    }
    try #require(await run("create", "3.json", "--after", "2.trust", "--out", "3.trust").status == .done)
    let signed = await run("sign", "3.trust", "--key", "r1.pem", "--key", "r3.pem", "--key", "i2.pem")
    try #require(signed.status == .done)
  }
}
