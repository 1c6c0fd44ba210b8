import OTACore
import OTACrypto
import OTACryptoSodium
import Testing

@Suite("Requests for signatures, and their answers") struct CeremonyTests {
  private static let message = Array("the bytes to sign".utf8)

  private static func request(
    for key: PublicKey, kind: SigningRequest.Kind = .suitManifest, notes: [String] = ["version 7, für Test"]
  ) throws(CeremonyError) -> SigningRequest {
    try SigningRequest(
      kind, for: key, message: message, document: kind == .bytes ? [] : [1, 2, 3], notes: notes)
  }

  private static func problem(_ body: () throws(CeremonyError) -> Void) -> CeremonyError? {
    do throws(CeremonyError) {
      try body()
      return nil
    } catch {
      return error
    }
  }

  @Test(
    "Request and answer survive their files, and the signature comes back",
    arguments: SigningRequest.Kind.allCases)
  func roundTrip(_ kind: SigningRequest.Kind) async throws {
    let signer = SodiumSigner(try Ed25519PrivateKey.generate())
    let request = try Self.request(for: signer.publicKey, kind: kind)
    let carried = try SigningRequest(text: request.text)
    #expect(carried == request)
    let response = try await carried.signed(by: signer)
    let back = try SigningResponse(text: response.text)
    #expect(back == response)
    let signature = try request.signature(from: back, by: signer.publicKey, using: SodiumVerifier())
    try SodiumVerifier().verify(signature: signature.span, of: Self.message.span, by: signer.publicKey)
  }

  @Test("Another key neither signs nor is accepted")
  func otherKey() async throws {
    let signer = SodiumSigner(try Ed25519PrivateKey.generate())
    let other = SodiumSigner(try Ed25519PrivateKey.generate())
    let request = try Self.request(for: signer.publicKey)
    await #expect(throws: CeremonyError.otherKey) { try await request.signed(by: other) }
    let response = try await request.signed(by: signer)
    #expect(throws: CeremonyError.otherKey) {
      try request.signature(from: response, by: other.publicKey, using: SodiumVerifier())
    }
    let foreign = try await Self.request(for: other.publicKey).signed(by: other)
    #expect(throws: CeremonyError.otherKey) {
      try request.signature(from: foreign, by: signer.publicKey, using: SodiumVerifier())
    }
  }

  @Test("An answer to another request is not accepted")
  func otherRequest() async throws {
    let signer = SodiumSigner(try Ed25519PrivateKey.generate())
    let request = try Self.request(for: signer.publicKey)
    let another = try SigningRequest(.bytes, for: signer.publicKey, message: [9])
    let response = try await another.signed(by: signer)
    #expect(throws: CeremonyError.otherRequest) {
      try request.signature(from: response, by: signer.publicKey, using: SodiumVerifier())
    }
  }

  @Test("Every changed byte of a request is refused, or is another request than before")
  func tamperedRequest() throws {
    let key = try Ed25519PrivateKey.generate().publicKey
    let request = try Self.request(for: key)
    let text = request.text
    for index in text.indices {
      for byte in [text[index] ^ 1, text[index] ^ 0x20, 0x00, 0x0a, 0x80] where byte != text[index] {
        var changed = text
        changed[index] = byte
        if let read = try? SigningRequest(text: changed) { #expect(read != request, "offset \(index)") }
      }
      // Without its last line it may be a request without a note.
      if let read = try? SigningRequest(text: Array(text[..<index])) { #expect(read != request) }
    }
  }

  @Test("Every changed byte of an answer is refused")
  func tamperedResponse() async throws {
    let signer = SodiumSigner(try Ed25519PrivateKey.generate())
    let request = try Self.request(for: signer.publicKey)
    let text = try await request.signed(by: signer).text
    for index in text.indices {
      for byte in [text[index] ^ 1, text[index] ^ 0x20, 0x00, 0x0a] where byte != text[index] {
        var changed = text
        changed[index] = byte
        let problem = Self.problem { () throws(CeremonyError) in
          let response = try SigningResponse(text: changed)
          _ = try request.signature(from: response, by: signer.publicKey, using: SodiumVerifier())
        }
        #expect(problem != nil, "offset \(index)")
      }
    }
  }

  @Test("Lines in another order, twice, or unknown, and other forms of the same, are refused")
  func forms() throws {
    let key = try Ed25519PrivateKey.generate().publicKey
    let text = String(decoding: try Self.request(for: key).text, as: UTF8.self)
    let lines = text.split(separator: "\n").map(String.init)
    func refused(_ lines: [String]) -> Bool {
      let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
      return Self.problem { () throws(CeremonyError) in _ = try SigningRequest(text: bytes) } == .malformed
    }
    #expect(!refused(lines))
    for index in lines.indices.dropLast() {
      var swapped = lines
      swapped.swapAt(index, index + 1)
      #expect(refused(swapped), "\(index)")
    }
    for index in lines.indices.dropLast() {
      #expect(refused(Array(lines[...index]) + lines[index...]), "\(index) twice")
      #expect(refused(Array(lines[..<index]) + lines[(index + 1)...]), "\(index) missing")
    }
    #expect(refused(lines + ["other: 1"]))
    #expect(refused(lines + [""]))
    #expect(refused(lines.map { $0 + "\r" }))
    #expect(refused(lines.map { $0.replacing("version", with: "\u{1b}[2J") }))
    #expect(refused(lines.map { $0.replacing("für", with: "\u{202e}") }))
    #expect(refused(lines.map { $0.replacing("algorithm: -8", with: "algorithm: -08") }))
    #expect(refused(lines.map { $0.replacing("message: 7", with: "message: 7F") }))
  }

  @Test("More than the limits is neither made nor read")
  func limits() throws {
    let key = try Ed25519PrivateKey.generate().publicKey
    func made(_ message: Int, _ document: Int, _ notes: [String]) -> CeremonyError? {
      Self.problem { () throws(CeremonyError) in
        _ = try SigningRequest(
          .suitManifest, for: key, message: [UInt8](repeating: 1, count: message),
          document: [UInt8](repeating: 1, count: document), notes: notes)
      }
    }
    #expect(made(SigningRequest.maximumMessageSize, SigningRequest.maximumDocumentSize, []) == nil)
    #expect(made(SigningRequest.maximumMessageSize + 1, 1, []) == .malformed)
    #expect(made(1, SigningRequest.maximumDocumentSize + 1, []) == .malformed)
    #expect(made(0, 1, []) == .malformed)
    #expect(made(1, 0, []) == .malformed)
    #expect(made(1, 1, [String](repeating: "a", count: 16)) == nil)
    #expect(made(1, 1, [String](repeating: "a", count: 17)) == .malformed)
    #expect(made(1, 1, [String(repeating: "a", count: 201)]) == .malformed)
    #expect(made(1, 1, ["line\nend"]) == .malformed)
    let large = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20) + [UInt8(ascii: "\n")]
    #expect(Self.problem { () throws(CeremonyError) in _ = try SigningRequest(text: large) } == .malformed)
  }
}
