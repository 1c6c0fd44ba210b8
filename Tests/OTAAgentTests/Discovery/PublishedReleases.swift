import Foundation
import OTAAgent
import OTAAgentTUF
import OTACore
import OTACryptoSodium
import OTATUF
import Synchronization
import Testing

/// A TUF repository of releases, and a device's way to it: an attacker may change what is served.
final class PublishedReleases: Sendable {
  static let now: Int64 = 1_700_000_000
  let path: String
  let clock = Mutex(PublishedReleases.now)
  /// What is served instead of the repository.
  let served = Mutex<[String: [UInt8]?]>([:])

  init() async throws {
    path = FileManager.default.temporaryDirectory.appending(path: "ota-agent-tuf-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path + "/trust", withIntermediateDirectories: true)
    let keys = TUFRoleKeys([try PublishedReleases.signer().publicKey])
    var writer = try TUFRepositoryWriter(
      creating: path + "/repository",
      keys: [.root: keys, .timestamp: keys, .snapshot: keys, .targets: keys], at: PublishedReleases.now)
    try await writer.publish(at: PublishedReleases.now, signers: [try PublishedReleases.signer()])
    let root = try #require(FileManager.default.contents(atPath: path + "/repository/metadata/1.root.json"))
    try TUFClient.initialize(try MetadataFolder(path: path + "/trust"), root: [UInt8](root))
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  static func signer() throws -> TUFKeySigner {
    let seed = SecretBytes(copying: [UInt8](repeating: 9, count: 32).span)
    return try TUFKeySigner(SodiumSigner(try Ed25519PrivateKey(seed: seed)))
  }

  /// Changes the repository and publishes it.
  func publish(_ change: (inout TUFRepositoryWriter) throws -> Void) async throws {
    var writer = try TUFRepositoryWriter(opening: path + "/repository")
    try change(&writer)
    try await writer.publish(at: PublishedReleases.now, signers: [try PublishedReleases.signer()])
  }

  func add(_ release: Release) async throws {
    try await publish { writer in
      try writer.add(
        TUFDiscovery.defaultPath(of: release.updateID), contents: release.envelope, at: PublishedReleases.now)
    }
  }

  /// A file as the repository has it now.
  func file(_ name: String) throws -> [UInt8] {
    try #require(contents(name))
  }

  private func contents(_ name: String) -> [UInt8]? {
    FileManager.default.contents(atPath: "\(path)/repository/\(name)").map { [UInt8]($0) }
  }

  /// Serves this in place of a file; nothing for `nil`.
  func serve(_ bytes: [UInt8]?, as name: String) {
    served.withLock { $0[name] = .some(bytes) }
  }

  func discovery() throws -> TUFDiscovery {
    let folder = try MetadataFolder(path: path + "/trust")
    return TUFDiscovery(
      client: TUFClient(folder: folder, fetcher: Fetcher(releases: self, folder: "metadata")),
      targets: Fetcher(releases: self, folder: "targets"), time: { self.clock.withLock { $0 } })
  }

  private struct Fetcher: TUFFetcher {
    let releases: PublishedReleases
    let folder: String

    func open(_ path: String) async throws(TUFFetchError) -> any TransportStream {
      let name = "\(folder)/\(path)"
      let answer = releases.served.withLock { $0[name] }
      guard let bytes = answer ?? releases.contents(name) else { throw .notFound }
      return Pieces(bytes)
    }
  }

  private final class Pieces: TransportStream {
    private let rest: Mutex<ArraySlice<UInt8>>
    let totalSize: UInt64? = nil

    init(_ bytes: [UInt8]) { rest = Mutex(bytes[...]) }

    func next(limit: Int) async throws(TransportError) -> [UInt8]? {
      rest.withLock { rest in
        guard !rest.isEmpty else { return nil }
        defer { rest = rest.dropFirst(min(limit, 501)) }
        return Array(rest.prefix(min(limit, 501)))
      }
    }

    func cancel() {}
  }
}
