import Foundation
import Testing

@testable import OTACommandLine

@Suite struct DemoTests {
  /// What `ota demo --json` prints.
  struct Document: Decodable {
    struct Check: Decodable {
      var what: String
      var holds: Bool
    }

    struct Step: Decodable {
      var name: String
      var checks: [Check]
      var figures: [String: Int]
      var texts: [String: String]
    }

    var result: String
    var failedChecks: [String]
    var steps: [Step]
  }

  /// Two images of which the second has bytes inserted early.
  private func images(in folder: TemporaryFolder, size: Int) throws -> (old: String, new: String) {
    let old = (0..<size).map { UInt8(truncatingIfNeeded: ($0 * 7) ^ ($0 >> 5)) }
    let new = Array(old[..<(size / 8)]) + [UInt8](repeating: 0x5a, count: 40) + old[(size / 8)...]
    let paths = (old: folder.path + "/old.bin", new: folder.path + "/new.bin")
    try Data(old).write(to: URL(filePath: paths.old))
    try Data(new).write(to: URL(filePath: paths.new))
    return paths
  }

  @Test(
    "The whole cycle holds on any two images, and every step has its checks and figures",
    arguments: [300, 21_000])
  func wholeCycle(size: Int) async throws {
    let folder = try TemporaryFolder()
    let paths = try images(in: folder, size: size)
    let run = await ota("demo", "--old", paths.old, "--new", paths.new, "--json")
    #expect(run.status == .done, "\(run.output)")
    #expect(run.diagnostics == "")
    let document = try JSONDecoder().decode(Document.self, from: Data(run.output.utf8))
    #expect(document.result == "passed")
    #expect(document.failedChecks.isEmpty)
    #expect(
      document.steps.map(\.name)
        == ["firmware", "publish", "update", "interruptions", "revert", "attacks", "summary"])
    for step in document.steps.dropFirst() { #expect(!step.checks.isEmpty, "\(step.name)") }
    let summary = try #require(document.steps.last)
    #expect(summary.figures["powerCuts"] == 2)
    #expect(summary.figures["connectionCuts"] == 1)
    #expect(summary.figures["refusals"] == 4)
    #expect(summary.figures["reverts"] == 1)
    #expect(document.steps[1].figures["imageBytes"] == size + 40)
    #expect(document.steps[4].texts["reason"] == "healthCheckFailed")
  }

  @Test("Told on a console, it ends with the number of checks")
  func told() async throws {
    let folder = try TemporaryFolder()
    let paths = try images(in: folder, size: 4000)
    let run = await ota("demo", "--old", paths.old, "--new", paths.new)
    #expect(run.status == .done)
    #expect(run.output.contains("3. A device updates itself"))
    #expect(run.output.hasSuffix(" checks held.\n"))
    #expect(!run.output.contains("NO"))
    #expect(run.diagnostics.contains("alpha downloads: 100 %"))
  }

  @Test("A check that does not hold fails the demonstration")
  func failure() throws {
    let story = DemoStory(Console(output: BufferSink(), diagnostics: BufferSink()), isQuiet: true)
    try story.chapter("one", "One")
    try story.check("this holds", true)
    #expect(DemoDocument(story).result == "passed")
    try story.check("this does not", false)
    #expect(story.failures.map(\.what) == ["this does not"])
    #expect(DemoDocument(story).result == "failed")
    #expect(DemoDocument(story).failedChecks == ["this does not"])
  }

  @Test("Wrong use is answered with one line and the documented status")
  func wrongUse() async throws {
    let folder = try TemporaryFolder()
    let paths = try images(in: folder, size: 300)
    let empty = folder.path + "/empty.bin"
    try Data().write(to: URL(filePath: empty))
    let runs = [
      (await ota("demo", "--old", paths.old), ExitStatus.usage),
      (await ota("demo", "--new", paths.new), .usage),
      (await ota("demo", "--fast"), .usage),
      (await ota("demo", "file"), .usage),
      (await ota("demo", "--old", folder.path + "/none", "--new", paths.new), .inputOutput),
      (await ota("demo", "--old", folder.path, "--new", paths.new), .inputOutput),
      (await ota("demo", "--old", empty, "--new", paths.new), .failed),
      (await ota("demo", "--old", paths.old, "--new", paths.old), .failed),
    ]
    for (run, status) in runs {
      #expect(run.status == status, "\(run.diagnostics)")
      #expect(run.output == "")
      #expect(run.diagnosticLines.count == 1, "\(run.diagnostics)")
    }
  }
}
