import Testing

@testable import OTATUF

@Suite("A document to look at")
struct DocumentTests {
  @Test("says what it is, and whether a root's keys have signed it")
  func looked() async throws {
    var repository = try await TestRepository()
    try repository.add("a/b", [1, 2])
    try repository.delegate([("A", ["x/*"], false)])
    try await repository.publishNext()
    let root = try TUFDocument(try #require(repository.metadata["1.root.json"]))
    #expect(root.type == .root && root.version == 1)
    for name in ["timestamp.json", "2.snapshot.json", "2.targets.json"] {
      let file = try #require(repository.metadata[name])
      let document = try TUFDocument(file)
      #expect(document.version == 2 && document.expires == DateTime.seconds(of: "2030-01-01T00:00:00Z"))
      #expect(document.signedBy.count == 1)
      #expect(try document.isSigned(for: root))
      #expect(try !document.isSigned(for: document))
      let changed = String(decoding: file, as: UTF8.self).replacing("2030", with: "2031")
      #expect(try !TUFDocument(Array(changed.utf8)).isSigned(for: root))
    }
    let targets = try TUFDocument(try #require(repository.metadata["2.targets.json"]))
    #expect(try targets.target(at: "a/b")?.length == 2)
    #expect(try targets.target(at: "x/b")?.length == nil)
    #expect(try targets.delegates(for: "x/b") == ["A"])
    #expect(try targets.delegates(for: "a/b") == [])
    #expect(throws: TUFError.unusablePath("../a")) { try targets.delegates(for: "../a") }
    #expect(throws: TUFError.wrongType(role: "the file")) {
      try TUFDocument(Array(#"{"signatures":[],"signed":{"_type":"mirrors"}}"#.utf8))
    }
  }
}
