import Foundation
import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import Synchronization
import Testing

@testable import OTATUF

/// A folder that a writer writes and clients read, with keys that are the same in every run; it goes away with this value.
final class WrittenRepository: Sendable {
  let path: String
  let time: Int64

  init(at time: Int64 = TestRepository.now) throws {
    path = WrittenRepository.folder()
    self.time = time
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// A name for a folder; in memory if there is such a file system, since tests wait for thousands of files to be durable.
  static func folder() -> String {
    let memory = URL(filePath: "/dev/shm")
    let base =
      FileManager.default.isWritableFile(atPath: memory.path)
      ? memory : FileManager.default.temporaryDirectory
    return base.appending(path: "ota-tuf-\(UUID().uuidString)").path
  }

  var home: String { path + "/repository" }

  /// An Ed25519 key that is made of its number.
  static func key(_ number: UInt8) throws -> TUFKeySigner {
    let seed = SecretBytes(copying: [UInt8](repeating: number, count: 32).span)
    return try TUFKeySigner(SodiumSigner(try Ed25519PrivateKey(seed: seed)))
  }

  static func keys(_ numbers: UInt8..., threshold: Int = 1) throws -> TUFRoleKeys {
    TUFRoleKeys(try numbers.map { try key($0).publicKey }, threshold: threshold)
  }

  /// Keys 1 to 4 for root, timestamp, snapshot and targets.
  func create(root: TUFRoleKeys? = nil) throws -> TUFRepositoryWriter {
    let keys: [TUFRole: TUFRoleKeys] = [
      .root: try root ?? WrittenRepository.keys(1), .timestamp: try WrittenRepository.keys(2),
      .snapshot: try WrittenRepository.keys(3), .targets: try WrittenRepository.keys(4),
    ]
    return try TUFRepositoryWriter(creating: home, keys: keys, at: time)
  }

  func open() throws -> TUFRepositoryWriter { try TUFRepositoryWriter(opening: home) }

  /// Signers with these numbers.
  func signers(_ numbers: UInt8...) throws -> [any TUFSigner] {
    try numbers.map { try WrittenRepository.key($0) }
  }

  var everybody: [any TUFSigner] {
    get throws { try (1...20).map { try WrittenRepository.key(UInt8($0)) } }
  }

  /// All files below the folder of the repository.
  func files() throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: home) {
      guard let data = FileManager.default.contents(atPath: "\(home)/\(name)") else { continue }
      files[name] = [UInt8](data)
    }
    return files
  }
}

/// Serves a folder as an HTTP server would.
struct FolderFetcher: TUFFetcher {
  let path: String

  func open(_ path: String) async throws(TUFFetchError) -> any TransportStream {
    guard let name = path.removingPercentEncoding,
      let data = FileManager.default.contents(atPath: "\(self.path)/\(name)")
    else { throw .notFound }
    return MemoryStream([UInt8](data))
  }
}

/// A client of a repository that a writer has written.
final class FolderClient {
  let path: String
  private let repository: String

  /// A client that knows the first root.
  init(_ repository: String) throws {
    self.repository = repository
    path = WrittenRepository.folder()
    for name in ["metadata", "targets"] {
      try FileManager.default.createDirectory(atPath: "\(path)/\(name)", withIntermediateDirectories: true)
    }
    let root = try #require(FileManager.default.contents(atPath: "\(repository)/metadata/1.root.json"))
    try TUFClient.initialize(try MetadataFolder(path: path + "/metadata"), root: [UInt8](root))
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  @discardableResult
  func refresh(at time: Int64 = TestRepository.now) async throws -> TUFRepository {
    let folder = try MetadataFolder(path: path + "/metadata")
    return try await TUFClient(folder: folder, fetcher: FolderFetcher(path: repository + "/metadata"))
      .refresh(at: time)
  }

  /// The contents of a target, as the repository says them now.
  func download(_ target: String, at time: Int64 = TestRepository.now) async throws -> String {
    let view = try await refresh(at: time)
    let description = try await view.target(at: target)
    let folder = try TargetFolder(path: path + "/targets")
    try await view.download(description, from: FolderFetcher(path: repository + "/targets"), into: folder)
    let data = try #require(FileManager.default.contents(atPath: try folder.path(of: description)))
    return String(decoding: data, as: UTF8.self)
  }
}

/// A place that takes a number of files, and then none any more: the power goes.
final class CutDestination: TUFDestination {
  private let place: any TUFDestination
  private let remaining: Mutex<Int>

  init(_ place: any TUFDestination, after count: Int) {
    self.place = place
    remaining = Mutex(count)
  }

  func read(_ file: TUFRepositoryFile, limit: Int) async throws(TUFWriterError) -> [UInt8]? {
    try await place.read(file, limit: limit)
  }

  func contains(_ file: TUFRepositoryFile, length: Int64) async throws(TUFWriterError) -> Bool {
    try await place.contains(file, length: length)
  }

  func put(_ file: TUFRepositoryFile, _ bytes: [UInt8]) async throws(TUFWriterError) {
    let isAlive = remaining.withLock { count in
      count -= 1
      return count >= 0
    }
    guard isAlive else { throw .transport(file: file.description, .interrupted) }
    try await place.put(file, bytes)
  }
}
