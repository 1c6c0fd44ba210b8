import Foundation
import Testing

@Suite("Documentation")
struct DocumentationTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  @Test("The example in the porting guide is the one that is compiled and checked")
  func example() throws {
    let source = try String(
      contentsOf: Self.root.appendingPathComponent("Tests/OTAPartitionTests/Flash/ExampleFlash.swift"),
      encoding: .utf8)
    let guide = try String(
      contentsOf: Self.root.appendingPathComponent("Docs/FlashPorting.md"), encoding: .utf8)
    let parts = source.components(separatedBy: "// BEGIN EXAMPLE\n")
    let code = try #require(parts.last?.components(separatedBy: "// END EXAMPLE").first)
    #expect(parts.count == 2 && code.count > 500)
    #expect(guide.contains("```swift\n" + code + "```"))
  }
}
