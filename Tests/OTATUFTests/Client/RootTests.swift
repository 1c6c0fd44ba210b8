import OTACore
import OTACryptoOpenSSL
import Testing

@testable import OTATUF

@Suite("The root of a TUF client")
struct RootTests {
  @Test("is followed step by step, each signed by the keys before it and by its own")
  func chain() async throws {
    var repository = try await TestRepository()
    let client = try await TestClient(repository)
    for _ in 0..<5 {
      let old = repository.root.keys
      try repository.root.rotate()
      repository.root.signers += old
      try await repository.publishNextRoot()
    }
    try await client.refresh()
    #expect(try client.trusted == "root 6, snapshot 1, targets 1, timestamp 1")
  }

  @Test("does not change hands without the keys before it, nor to keys that have not signed")
  func rotationWithoutSignature() async throws {
    let first = try await TestRepository()
    for signsOld in [true, false] {
      var repository = first
      let client = try await TestClient(repository)
      let old = repository.root.keys
      try repository.root.rotate()
      if signsOld { repository.root.signers = old }
      try await repository.publishNextRoot()
      await client.refuses(.thresholdNotMet(role: "root"))
      #expect(try client.trusted == "root 1")
      repository.metadata["2.root.json"] = nil
    }
  }

  @Test("has a threshold that holds before and after a change of it")
  func thresholds() async throws {
    var repository = try await TestRepository()
    let client = try await TestClient(repository)
    repository.root.keys.append(try TestKey())
    repository.root.threshold = 2
    try await repository.publishNextRoot()
    await client.refuses(.thresholdNotMet(role: "root"))
    repository.root.signers = repository.root.keys
    try await repository.publishRoot()
    try await client.refresh()
    // Back to one: still two of the keys before.
    repository.root.threshold = 1
    repository.root.signers.removeLast()
    try await repository.publishNextRoot()
    await client.refuses(.thresholdNotMet(role: "root"))
    #expect(try client.trusted == "root 2, snapshot 1, targets 1, timestamp 1")
  }

  @Test("has the version that comes next", arguments: [1, 3] as [Int64])
  func version(offered: Int64) async throws {
    var repository = try await TestRepository()
    let client = try await TestClient(repository)
    repository.root.version = offered
    repository.metadata["2.root.json"] = try await repository.rootFile()
    await client.refuses(.rootOutOfOrder(offered: offered, expected: 2))
    #expect(try client.trusted == "root 1")
  }

  @Test("is kept when it has expired, and nothing else is fetched; one in the middle of the chain may have")
  func expiry() async throws {
    var repository = try await TestRepository()
    let client = try await TestClient(repository)
    try await client.refresh()
    repository.root.expires = "2023-11-14T22:13:20Z"
    try await repository.publishNextRoot()
    _ = repository.metadata.takeRequests()
    // Equal is expired.
    await client.refuses(.expired(role: "root"))
    #expect(repository.metadata.takeRequests() == ["2.root.json", "3.root.json"])
    #expect(try client.trusted == "root 2, snapshot 1, targets 1, timestamp 1")
    try await client.refresh(at: TestRepository.now - 1)
    repository.root.expires = "2030-01-01T00:00:00Z"
    try await repository.publishNextRoot()
    try await client.refresh()
    #expect(try client.trusted == "root 3, snapshot 1, targets 1, timestamp 1")
  }

  @Test("is followed for as many versions as the limit says, and the next update goes on")
  func rotationLimit() async throws {
    var repository = try await TestRepository()
    let client = try await TestClient(repository, limits: RepositoryLimits(rootRotations: 2))
    for _ in 0..<3 { try await repository.publishNextRoot() }
    try await client.refresh()
    #expect(try client.trusted.hasPrefix("root 3,"))
    try await client.refresh()
    #expect(try client.trusted.hasPrefix("root 4,"))
  }

  @Test("is not trusted at first unless it is whole, and signed by itself")
  func firstRoot() async throws {
    var repository = try await TestRepository()
    let client = try await TestClient(repository)
    let good = try #require(repository.metadata["1.root.json"])
    let folder = try client.folder()
    func refuses(_ bytes: [UInt8]) {
      #expect {
        try TUFClient.initialize(folder, root: bytes)
      } throws: { error in
        if case .noTrustedRoot = error as? TUFError { true } else { false }
      }
    }
    refuses([])
    refuses(Array(good.dropLast()))
    refuses(Array(String(decoding: good, as: UTF8.self).replacing("2030", with: "2031").utf8))
    refuses(try #require(repository.metadata["timestamp.json"]))
    repository.root.signers = []
    refuses(try await repository.rootFile())
    repository.root.signers = [try TestKey()]
    refuses(try await repository.rootFile())
    refuses(good + [UInt8](repeating: 0x20, count: 600_000))
    #expect(try client.read("metadata/root.json") == good)
  }

  @Test("that was changed in the folder is not trusted, and nobody is asked")
  func damagedRoot() async throws {
    let repository = try await TestRepository()
    let client = try await TestClient(repository)
    var bytes = try client.read("metadata/root.json")
    bytes[bytes.count / 2] ^= 1
    try client.write(bytes, to: "metadata/root.json")
    await #expect(throws: TUFError.self) { try await client.refresh() }
    #expect(repository.metadata.takeRequests() == [])
  }

  @Test("may have keys of every type of the specification, each of which counts")
  func keyTypes() async throws {
    let keys = [
      try TestKey(),
      try TestKey(.p256, type: "ecdsa", scheme: "ecdsa-sha2-nistp256", .ecdsaP256SHA256),
      try TestKey(.p256, type: "ecdsa-sha2-nistp256", scheme: "ecdsa-sha2-nistp256", .ecdsaP256SHA256),
      try TestKey(.rsa2048, type: "rsa", scheme: "rsassa-pss-sha256", .rsaPSSSHA256),
    ]
    let first = try await TestRepository()
    for key in keys {
      var repository = first
      let client = try await TestClient(repository)
      repository.root.keys.append(key)
      repository.root.signers.append(key)
      repository.root.threshold = 2
      try await repository.publishNextRoot()
      try await client.refresh()
      #expect(try client.trusted.hasPrefix("root 2,"))
      // The same key's signature over something else.
      let file = try await repository.rootFile()
      repository.root.fields["x"] = .null
      try await repository.publishNextRoot()
      let text = String(decoding: try #require(repository.metadata["3.root.json"]), as: UTF8.self)
      guard case .object(let other) = try JSONReader.read(file, limits: RepositoryLimits()),
        case .object(let envelope) = try JSONReader.read(Array(text.utf8), limits: RepositoryLimits()),
        case .array(let wrong) = other["signatures"], case .array(let right) = envelope["signatures"],
        let signed = envelope["signed"]
      else { return #expect(Bool(false)) }
      repository.metadata["3.root.json"] = [UInt8](
        json: .make(["signed": signed, "signatures": .array([right[0], wrong[1]])]))
      await client.refuses(.thresholdNotMet(role: "root"))
      repository.metadata["2.root.json"] = nil
      repository.metadata["3.root.json"] = nil
    }
  }
}
