import Foundation
import OTACore
import Testing

@testable import OTATUF

/// A client with folders of its own, which go away with it.
final class TestClient {
  let path: String
  private let fetcher: any TUFFetcher
  private let limits: RepositoryLimits

  init(_ repository: TestRepository, limits: RepositoryLimits = RepositoryLimits()) async throws {
    path = FileManager.default.temporaryDirectory.appending(path: "ota-tuf-\(UUID().uuidString)").path
    fetcher = repository.metadata
    self.limits = limits
    for name in ["metadata", "targets"] {
      try FileManager.default.createDirectory(
        atPath: "\(path)/\(name)", withIntermediateDirectories: true)
    }
    try TUFClient.initialize(try folder(), root: try #require(repository.metadata["1.root.json"]))
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  func folder() throws -> MetadataFolder { try MetadataFolder(path: path + "/metadata") }
  func targetFolder() throws -> TargetFolder { try TargetFolder(path: path + "/targets") }

  @discardableResult
  func refresh(at time: Int64 = TestRepository.now) async throws -> TUFRepository {
    try await TUFClient(folder: try folder(), fetcher: fetcher, limits: Limits(repository: limits)).refresh(
      at: time)
  }

  /// Refreshes and expects an error.
  func refuses(
    _ error: TUFError, at time: Int64 = TestRepository.now, sourceLocation: SourceLocation = #_sourceLocation
  ) async {
    await #expect(throws: error, sourceLocation: sourceLocation) { try await refresh(at: time) }
  }

  /// The trusted files: `root 1, timestamp 2`, sorted.
  var trusted: String {
    get throws {
      var texts: [String] = []
      for name in try names("metadata") {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(path)/metadata/\(name)")))
        let metadata = try SignedMetadata(bytes, limits: RepositoryLimits())
        texts.append("\(name.dropLast(5)) \(try metadata.signed.integer("version", atLeast: 1))")
      }
      return texts.joined(separator: ", ")
    }
  }

  /// The names of all files of a folder, sorted.
  func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)").sorted()
  }

  func read(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: "\(path)/\(name)")))
  }

  func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: URL(filePath: "\(path)/\(name)"))
  }
}
