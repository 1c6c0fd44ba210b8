import Foundation
import OTACore
import OTACrypto
import OTACryptoOpenSSL
import Testing

@testable import OTATUF

@Suite("Keys of a repository that is written here")
struct WriterKeyTests {
  @Test("change for every role, in a chain of roots that a client from the first day follows")
  func rotation() async throws {
    let repository = try WrittenRepository()
    let time = repository.time
    var writer = try repository.create(root: try WrittenRepository.keys(1, 5, threshold: 2))
    let bob = try TUFRole(delegated: "bob")
    try writer.delegate(to: bob, paths: ["b/*"], keys: try WrittenRepository.keys(6), at: time)
    try writer.add("b/x", contents: Array("x".utf8), to: bob, at: time)
    try await writer.publish(at: time, signers: try repository.everybody)
    let (first, client) = (try FolderClient(repository.home), try FolderClient(repository.home))
    try await client.refresh()
    var next: UInt8 = 10
    for role in [TUFRole.timestamp, .snapshot, .targets, bob, .root] {
      try writer.rotate(role, to: try WrittenRepository.keys(next), at: time)
      try await writer.publish(at: time, signers: try repository.everybody)
      #expect(try await client.download("b/x") == "x", "after \(role)")
      next += 1
    }
    #expect(writer.version(of: .root) == 5)
    // Only the new keys from here on; a client that has slept all the time follows, too.
    try writer.add("b/x", contents: Array("y".utf8), to: bob, at: time)
    try await writer.publish(at: time, signers: try repository.signers(10, 11, 13))
    #expect(try await first.download("b/x") == "y")
    #expect(try await client.download("b/x") == "y")
    try writer.rotate(.root, to: try WrittenRepository.keys(1), at: time)
    await #expect(throws: TUFWriterError.self) {
      try await writer.publish(at: time, signers: try repository.signers(1, 10))
    }
    try await writer.publish(at: time, signers: try repository.signers(14, 10))
    #expect(try await first.refresh().rootVersion == 6)
  }

  @Test("sign to a threshold, one after the other, some of them far away")
  func offline() async throws {
    let repository = try WrittenRepository()
    let time = repository.time
    let far = try WrittenRepository.key(7)
    do {
      var writer = try repository.create(root: try WrittenRepository.keys(1, 5, 7, threshold: 3))
      try await writer.sign(with: try repository.signers(1, 4))
      try writer.save()
    }
    let message: [UInt8]
    do {
      var writer = try repository.open()
      try await writer.sign(with: try repository.signers(5))
      let root = try #require(try writer.pending().first { $0.role == .root })
      #expect(root.missing == 1)
      #expect(root.candidates == [far.publicKey.keyID])
      #expect(root.signedBy.count == 2)
      await #expect(throws: TUFWriterError.incomplete([root])) {
        try await writer.publish(at: time, signers: try repository.signers(2, 3))
      }
      message = try writer.bytesToSign(for: .root)
    }
    #expect(try repository.files().keys.filter { $0.hasPrefix("metadata/") }.isEmpty)
    let signature = try await far.signature(for: message)
    var writer = try repository.open()
    #expect(try writer.bytesToSign(for: .root) == message)
    var wrong = signature
    wrong[3] ^= 1
    #expect(throws: TUFWriterError.signatureRefused(role: "root", keyID: far.publicKey.keyID)) {
      try writer.add(signature: wrong, by: far.publicKey, to: .root)
    }
    let stranger = try WrittenRepository.key(8).publicKey
    #expect(throws: TUFWriterError.keyNotAuthorized(role: "root", keyID: stranger.keyID)) {
      try writer.add(signature: signature, by: stranger, to: .root)
    }
    #expect(throws: TUFWriterError.nothingToSign(role: "snapshot")) {
      try writer.add(signature: signature, by: far.publicKey, to: .snapshot)
    }
    try writer.add(signature: signature, by: far.publicKey, to: .root)
    try await writer.publish(at: time, signers: try repository.signers(2, 3))
    try await FolderClient(repository.home).refresh()
  }

  @Test("sign snapshot and timestamp far away, too")
  func offlineTimestamp() async throws {
    let repository = try WrittenRepository()
    var writer = try repository.create()
    for (numbers, pending) in [([1, 4], [TUFRole.snapshot]), ([3], [.snapshot, .timestamp])] {
      await #expect(throws: TUFWriterError.self) {
        try await writer.publish(
          at: repository.time, signers: try numbers.map { try WrittenRepository.key(UInt8($0)) })
      }
      #expect(try writer.pending().map(\.role).filter { $0 != .root && $0 != .targets } == pending)
    }
    let key = try WrittenRepository.key(2)
    let signature = try await key.signature(for: try writer.bytesToSign(for: .timestamp))
    try writer.add(signature: signature, by: key.publicKey, to: .timestamp)
    try await writer.publish(at: repository.time)
    try await FolderClient(repository.home).refresh()
  }

  @Test("are of three types")
  func types() async throws {
    let repository = try WrittenRepository()
    let p256 = try TUFKeySigner(try OpenSSLPrivateKey.generate(.p256))
    let rsa = try TUFKeySigner(try OpenSSLPrivateKey.generate(.rsa3072))
    let signers: [any TUFSigner] = try repository.signers(1, 2, 3) + [p256, rsa]
    let keys: [TUFRole: TUFRoleKeys] = [
      .root: TUFRoleKeys(signers.map(\.publicKey), threshold: 5), .timestamp: TUFRoleKeys([p256.publicKey]),
      .snapshot: TUFRoleKeys([rsa.publicKey]), .targets: try WrittenRepository.keys(1),
    ]
    var writer = try TUFRepositoryWriter(creating: repository.home, keys: keys, at: repository.time)
    try writer.add("t", contents: [0x61], at: repository.time)
    try await writer.publish(at: repository.time, signers: signers)
    #expect(try await FolderClient(repository.home).download("t") == "a")
    // Signed again, P-256 and PSS give other signatures; what is published keeps the one that it has.
    try await writer.publish(at: repository.time, signers: signers)
    #expect(writer.version(of: .snapshot) == 1)
  }

  @Test("are refused where they cannot be")
  func refused() throws {
    let repository = try WrittenRepository()
    let time = repository.time
    var writer = try repository.create()
    #expect(throws: TUFWriterError.impossibleThreshold(role: "targets")) {
      try writer.rotate(.targets, to: try WrittenRepository.keys(4, threshold: 2), at: time)
    }
    #expect(throws: TUFWriterError.impossibleThreshold(role: "targets")) {
      try writer.rotate(.targets, to: try WrittenRepository.keys(4, 4), at: time)
    }
    #expect(throws: TUFWriterError.impossibleThreshold(role: "root")) {
      try writer.rotate(.root, to: TUFRoleKeys([], threshold: 0), at: time)
    }
    #expect(throws: TUFWriterError.unknownRole("nobody")) {
      try writer.rotate(
        try TUFRole(delegated: "nobody"), to: try WrittenRepository.keys(4), at: time)
    }
    #expect(throws: TUFWriterError.signing(.unsupportedAlgorithm)) {
      try TUFKeySigner(try OpenSSLPrivateKey.generate(.p384))
    }
    #expect(throws: TUFWriterError.unusableBins(bits: 15)) {
      try writer.delegate(toBins: "b", bits: 15, keys: try WrittenRepository.keys(4), at: time)
    }
    #expect(throws: TUFWriterError.malformedCustom) {
      try writer.add("x", contents: [], custom: Array("[1.5]".utf8), at: time)
    }
    #expect(throws: TUFWriterError.outOfRange(role: "targets")) { try writer.renew(.targets, at: .max) }
  }

  @Test(
    "of roles with names that lead elsewhere are refused",
    arguments: [
      "", "root", "timestamp", "snapshot", "targets", "a/b", "..", "../x", ".x", "1.root", "a%2Fb", "a b",
      "é", String(repeating: "a", count: 101), "a\u{0}",
    ])
  func names(name: String) {
    #expect(throws: TUFWriterError.unusableName(name)) { try TUFRole(delegated: name) }
  }
}
