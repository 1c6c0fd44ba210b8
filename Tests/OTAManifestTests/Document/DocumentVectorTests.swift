import OTACore
import OTACrypto
import OTAManifest
import Testing

/// Envelopes of draft-ietf-suit-manifest-37, appendix B, as values.
@Suite(.enabled(if: SharedVectors.has("suit/example0-0.suit"), "needs ../shared/vectors"))
struct DocumentVectorTests {
  static let names = ["example0-0", "example0-1", "example1-0", "example1-1", "example3-0", "example3-1"]

  private func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try SharedVectors.data("suit/\(name).suit"))
  }

  @Test(
    "every envelope becomes a value and the same bytes again, and its digests are right", arguments: names)
  func reencoded(_ name: String) throws {
    let bytes = try bytes(name)
    let document = try SUITDocument(decoding: bytes)
    #expect(document.encoded == bytes)
    try document.checkDigests()
    #expect(document.authenticationBlocks.count == (name.hasSuffix("-1") ? 1 : 0))
  }

  @Test("example 3 has its alternatives, with the parameters of each slot")
  func alternatives() throws {
    let document = try SUITDocument(decoding: try bytes("example3-1"))
    #expect(document.manifest.shared.map(\.code) == [20, 15, 1, 2])
    guard case .alternatives(let choices) = document.manifest.shared[1].argument else {
      Issue.record("no alternatives")
      return
    }
    #expect(choices.map { $0?.map(\.code) } == [[20, 5, 20], [20, 5, 20]])
    #expect(choices[1]?.first == .override([SUITDocument.Parameter(5, .unsigned(1))]))
    guard case .parameters(let parameters) = choices[0]?[2].argument else {
      Issue.record("no parameters")
      return
    }
    #expect(parameters.map(\.key) == [3, 14])
    guard case .digest(let digest) = parameters[0].value else {
      Issue.record("no digest")
      return
    }
    #expect(digest.algorithm == -16 && digest.bytes.count == 32)
  }

  @Test("every envelope that is cut, or has a byte behind it, is refused", arguments: names)
  func truncated(_ name: String) throws {
    let bytes = try bytes(name)
    for count in 0..<bytes.count {
      #expect(throws: ManifestError.self) { try SUITDocument(decoding: Array(bytes[..<count])) }
    }
    #expect(throws: ManifestError.malformed(ParseError(.trailingBytes, at: bytes.count))) {
      try SUITDocument(decoding: bytes + [0])
    }
  }

  @Test("what any flipped bit leaves readable is written as it was read", arguments: names)
  func flipped(_ name: String) throws {
    let bytes = try bytes(name)
    var readable = 0
    for bit in 0..<bytes.count * 8 {
      let changed = bytes.flipping(bit)
      guard let document = try? SUITDocument(decoding: changed) else { continue }
      readable += 1
      #expect(document.encoded == changed, "bit \(bit)")
    }
    // Most of an envelope is digests and identifiers.
    #expect(readable > bytes.count)
  }
}
