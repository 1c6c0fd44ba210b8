import OTACore
import Testing

@testable import OTATUF

@Suite("Signatures of TUF metadata")
struct SignatureTests {
  /// Replaces the signatures of a published file.
  private func resign(
    _ path: String, of repository: TestRepository, _ change: ([JSONValue]) -> [JSONValue]
  ) throws {
    guard
      case .object(let envelope) = try JSONReader.read(
        try #require(repository.metadata[path]), limits: RepositoryLimits()),
      case .array(let signatures) = envelope["signatures"], let signed = envelope["signed"]
    else { return #expect(Bool(false)) }
    repository.metadata[path] = [UInt8](
      json: .make(["signed": signed, "signatures": .array(change(signatures))]))
  }

  @Test("are those of the role's own keys, for every role", arguments: ["timestamp", "snapshot", "targets"])
  func otherKeys(role: String) async throws {
    var repository = try await TestRepository()
    let stranger = [try TestKey()]
    switch role {
    case "timestamp": repository.timestamp.signers = stranger
    case "snapshot": repository.snapshot.signers = repository.timestamp.keys
    default: repository.targets["targets"]?.signers = repository.snapshot.keys
    }
    try await repository.publish()
    let client = try await TestClient(repository)
    await client.refuses(.thresholdNotMet(role: role))
    let expected = ["timestamp": "root 1", "snapshot": "root 1, timestamp 1"]
    #expect(try client.trusted == expected[role] ?? "root 1, snapshot 1, timestamp 1")
  }

  @Test("are enough of them, by different keys")
  func threshold() async throws {
    var repository = try await TestRepository()
    repository.snapshot.keys += [try TestKey(), try TestKey()]
    repository.snapshot.threshold = 3
    repository.snapshot.signers = Array(repository.snapshot.keys.prefix(2))
    try await repository.publishRoot()
    try await repository.publish()
    let client = try await TestClient(repository)
    await client.refuses(.thresholdNotMet(role: "snapshot"))
    repository.snapshot.signers = repository.snapshot.keys
    try await repository.publish()
    try await client.refresh()
    // More than there are keys can never be reached, but is no fault of the root.
    repository.snapshot.threshold = 4
    try await repository.publishNextRoot()
    try await repository.publishNext()
    await client.refuses(.thresholdNotMet(role: "snapshot"))
    #expect(try client.trusted.hasPrefix("root 2, snapshot 1,"))
  }

  @Test("by one key under two identifiers count once")
  func sameKeyTwice() async throws {
    var repository = try await TestRepository()
    let key = repository.timestamp.keys[0]
    repository.timestamp.threshold = 2
    try await repository.publish()
    // The root names the key a second time, under another identifier.
    guard
      case .object(let envelope) = try JSONReader.read(
        try await repository.rootFile(), limits: RepositoryLimits())
    else { return #expect(Bool(false)) }
    let text = String(decoding: CanonicalJSON.encode(.object(try envelope.object("signed"))), as: UTF8.self)
    let keyText = String(decoding: CanonicalJSON.encode(key.json), as: UTF8.self)
    let changed =
      text
      .replacing("\"keys\":{", with: "\"keys\":{\"other\":\(keyText),")
      .replacing("{\"keyids\":[\"\(key.identifier)\"]", with: "{\"keyids\":[\"\(key.identifier)\",\"other\"]")
    let signed = try JSONReader.read(Array(changed.utf8), limits: RepositoryLimits())
    let signature = try await repository.root.keys[0].signature(for: CanonicalJSON.encode(signed))
    repository.metadata["1.root.json"] = [UInt8](
      json: .make([
        "signed": signed,
        "signatures": .array([
          .make([
            "keyid": .text(repository.root.keys[0].identifier),
            "sig": .text(String(hexadecimal: signature.span)),
          ])
        ]),
      ]))
    try resign("timestamp.json", of: repository) { signatures in
      guard case .object(let first)? = signatures.first, let sig = first["sig"] else { return [] }
      return signatures + [.make(["keyid": .text("other"), "sig": sig])]
    }
    let client = try await TestClient(repository)
    await client.refuses(.thresholdNotMet(role: "timestamp"))
  }

  @Test("with one identifier twice make metadata malformed, also if there are enough")
  func duplicateIdentifier() async throws {
    let repository = try await TestRepository()
    try resign("1.snapshot.json", of: repository) { $0 + $0 }
    let client = try await TestClient(repository)
    await client.refuses(.malformed(role: "snapshot", why: "the field signatures is missing or wrong"))
    #expect(try client.trusted == "root 1, timestamp 1")
  }

  @Test("that are wrong, empty or by strangers do no harm beside good ones")
  func extraSignatures() async throws {
    var repository = try await TestRepository()
    let second = try TestKey()
    repository.timestamp.keys.append(second)
    try await repository.publishRoot()
    for bad in ["", "00", "xyz", String(repeating: "0", count: 128), "é"] {
      repository.timestamp.version += 1
      try await repository.publishTimestamp()
      try resign("timestamp.json", of: repository) { signatures in
        [
          .make(["keyid": .text(second.identifier), "sig": .text(bad)]),
          .make(["keyid": .text("stranger"), "sig": .text(bad)]),
        ] + signatures
      }
      try await TestClient(repository).refresh()
    }
  }

  @Test("cannot be by keys of a type that is not known, which do no harm either")
  func unknownKeyType() async throws {
    var repository = try await TestRepository()
    let key = repository.timestamp.keys[0]
    let text = String(decoding: CanonicalJSON.encode(key.json), as: UTF8.self)
    for change in [("\"scheme\":\"ed25519\"", "\"scheme\":\"new\""), ("\"public\":\"", "\"public\":\"0")] {
      let value = try JSONReader.read(
        Array(text.replacing(change.0, with: change.1).utf8), limits: RepositoryLimits())
      guard case .object(let object) = value else { return #expect(Bool(false)) }
      let unknown = try TUFKey(object)
      #expect(try !unknown.accepts(try await key.signature(for: [1, 2, 3]), of: [1, 2, 3]))
    }
    repository.timestamp.keys.append(try TestKey())
    try await repository.publishRoot()
    try await TestClient(repository).refresh()
  }
}
