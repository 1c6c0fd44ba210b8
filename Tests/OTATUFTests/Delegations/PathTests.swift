import OTACore
import Testing

@testable import OTATUF

@Suite("Paths of targets")
struct PathTests {
  @Test(
    "match patterns part by part",
    arguments: [
      // The first eight: TUF specification 1.0, section 4.5.
      ("targets/*.tgz", "targets/foo.tgz", true), ("targets/*.tgz", "targets/foo.txt", false),
      ("foo-version-?.tgz", "foo-version-2.tgz", true), ("foo-version-?.tgz", "foo-version-alpha.tgz", false),
      ("*.tgz", "foo.tgz", true), ("*.tgz", "targets/foo.tgz", false), ("foo.tgz", "foo.tgz", true),
      ("foo.tgz", "Foo.tgz", false),
      ("*", "a", true), ("*", "a/b", false), ("*/*", "a/b", true), ("*/*", "a/b/c", false), ("?", "/", false),
      ("a*/b", "axx/b", true), ("a*/b", "axx/c/b", false), ("*a*b*c", "xaxbxaxbxc", true),
      ("*a*b*c", "xaxbxaxbx", false), ("a**b", "ab", true), ("", "", true), ("", "a", false),
      ("a", "", false),
      ("[ab]", "a", false), ("[ab]", "[ab]", true), ("?.bin", "\u{e9}.bin", true), ("a?", "a", false),
    ])
  func patterns(pattern: String, path: String, expected: Bool) {
    #expect(PathPattern(UTF8Text(pattern)).matches(UTF8Text(path)) == expected)
  }

  @Test("that only look alike are two")
  func normalization() {
    #expect(!PathPattern(UTF8Text("\u{e9}")).matches(UTF8Text("e\u{301}")))
    #expect(UTF8Text("\u{e9}") != UTF8Text("e\u{301}"))
  }

  @Test("are matched in time that does not explode")
  func hostilePattern() {
    let pattern = PathPattern(UTF8Text(String(repeating: "*a", count: 2000) + "b"))
    #expect(!pattern.matches(UTF8Text(String(repeating: "a", count: 4000))))
  }

  @Test(
    "cannot have parts that mean other folders",
    arguments: ["", "/a", "a/", "a//b", ".", "..", "a/../b", "./a"])
  func unusable(path: String) {
    #expect(throws: TUFError.unusablePath(path)) { try TargetPath(UTF8Text(path)) }
  }

  @Test("fall into hash bins by the first bits of their digest")
  func bins() throws {
    let object = try JSONReader.read(
      Array(#"{"keyids":[],"threshold":1,"bit_length":6,"name_prefix":"bin"}"#.utf8),
      limits: RepositoryLimits())
    guard case .object(let members) = object else { return #expect(Bool(false)) }
    let bins = try SuccinctBins(members, among: [:])
    for name in ["a", "b/c", "file.bin"] {
      let path = try TargetPath(UTF8Text(name))
      let digits = String(path.digest[0] >> 2, radix: 16)
      let delegate = bins.delegate(for: path)
      #expect(delegate.name.text == "bin-" + String(repeating: "0", count: 2 - digits.count) + digits)
      #expect(delegate.isTerminating)
    }
    // printf a | sha256sum begins with ca: the first six bits are 110010.
    #expect(bins.delegate(for: try TargetPath("a")).name.text == "bin-32")
  }

  @Test("are percent-encoded in names of files and in addresses")
  func encoding() {
    #expect(PercentEncoding.encode(Array("../a b?#%~_-.\u{e9}/".utf8)) == "..%2Fa%20b%3F%23%25~_-.%C3%A9%2F")
    #expect(PercentEncoding.encodePath(Array("a/b c?#%+@:".utf8)) == "a/b%20c%3F%23%25+@:")
  }
}
