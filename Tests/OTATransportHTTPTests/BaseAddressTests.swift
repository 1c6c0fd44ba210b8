import OTACore
import Testing

@testable import OTATransportHTTP

@Suite struct BaseAddressTests {
  // RFC 3986, section 5.4, the examples that stay on the server.
  static let resolved: [(reference: String, address: String)] = [
    ("g", "http://a/b/c/g"), ("./g", "http://a/b/c/g"), ("g/", "http://a/b/c/g/"), ("/g", "http://a/g"),
    ("?y", "http://a/b/c/d;p?y"), ("g?y", "http://a/b/c/g?y"), ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
    ("../g", "http://a/b/g"), ("../../g", "http://a/g"), ("../../../g", "http://a/g"),
    ("/../g", "http://a/g"), ("g#s", "http://a/b/c/g"), ("http://a/x", "http://a/x"),
    ("http://a:80/x", "http://a:80/x"), ("HTTP://A/x", "http://A/x"), ("//a/x", "http://a/x"),
  ]

  @Test("a reference is resolved as RFC 3986 says", arguments: resolved)
  func resolve(reference: String, address: String) throws {
    let base = try BaseAddress("http://a/b/c/d;p?q")
    #expect(try base.resolve(reference).lowercased() == address.lowercased())
  }

  static let refused = [
    "http://b/x", "//b/x", "https://a/x", "http://a:81/x", "http://a.b/x", "ftp://a/x", "file:///etc/passwd",
    "http://user@a/x", "http://user:secret@a/x", "//user@a/x", "http://a@b/x", "http://b#@a/x",
    "http:\\\\b\\x", "", " ", "a b", "a\r\nHost: b", "\u{0}", "x\u{0}y", "grüße", "http://[::1]/x",
    "http://a:99999/x", "http://", "mailto:a@b", "javascript:alert(1)", "gopher://a/x",
  ]

  @Test("a reference that leaves the server, or is none, is refused", arguments: refused)
  func refuse(reference: String) throws {
    let base = try BaseAddress("http://a/b/c")
    // What is refused is refused; a reference that libcurl reads as a path stays on the server.
    do throws(TransportError) {
      let address = try base.resolve(reference)
      #expect(address.hasPrefix("http://a/"))
      #expect(!reference.contains("//"))
    } catch {
      #expect(error == .malformed)
    }
  }

  @Test(
    "a base address must be http or https, absolute and without a user",
    arguments: [
      "", "a", "/x", "ftp://a/", "file:///x", "http://u@a/", "http://u:p@a/", "http://", "http://a b/",
      "http://a\n/",
    ])
  func badBase(_ text: String) {
    #expect(throws: TransportError.malformed) { _ = try BaseAddress(text) }
  }

  @Test("random references never leave the server")
  func fuzz() throws {
    let seed = UInt64.random(in: .min ... .max)
    print("BaseAddress fuzz seed: \(seed)")
    var generator = SplitMix(state: seed)
    let base = try BaseAddress("http://a:8080/b/c")
    let pieces = [
      "/", "//", "\\", ":", "@", "a", "b", "http:", "https:", "?", "#", "..", ".", ":8080", "%2f", "[", "]",
      "\t",
    ]
    for _ in 0..<3000 {
      let count = Int.random(in: 0...8, using: &generator)
      let reference = (0..<count).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &generator)] }
        .joined()
      guard let address = try? base.resolve(reference) else { continue }
      #expect(address.lowercased().hasPrefix("http://a:8080/"), "\(reference)")
    }
  }
}

/// A small generator that repeats itself from a seed.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}
