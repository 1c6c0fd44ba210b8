import Foundation
import Testing

@Suite("Documentation")
struct DocumentationTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  @Test(
    "The examples in the porting guide are those that are compiled and checked",
    arguments: ["ExampleFlash", "ExampleProbe"])
  func example(_ name: String) throws {
    let source = try String(
      contentsOf: Self.root.appendingPathComponent("Tests/OTAPartitionTests/Flash/\(name).swift"),
      encoding: .utf8)
    let guide = try String(
      contentsOf: Self.root.appendingPathComponent("Docs/FlashPorting.md"), encoding: .utf8)
    let parts = source.components(separatedBy: "// BEGIN EXAMPLE\n")
    let code = try #require(parts.last?.components(separatedBy: "// END EXAMPLE").first)
    #expect(parts.count == 2 && code.count > 500)
    #expect(guide.contains("```swift\n" + code + "```"))
  }
}
