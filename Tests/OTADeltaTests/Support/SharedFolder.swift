import Foundation

/// Test data beside the package, which is not part of it.
enum SharedFolder {
  /// The folder `shared` beside the root of the package.
  static var root: URL {
    URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "../shared").standardizedFileURL
  }

  static func corpus(_ pair: String) -> URL { root.appending(path: "corpus/\(pair)") }

  static func hasCorpus(_ pair: String) -> Bool {
    FileManager.default.fileExists(atPath: corpus(pair).appending(path: "new.bin").path)
  }

  static func bytes(_ pair: String, _ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: corpus(pair).appending(path: name)))
  }
}
