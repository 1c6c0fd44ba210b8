/// A file of a repository, by its path below the folder of its kind; not in percent-encoding.
public enum TUFRepositoryFile: Hashable, Sendable, CustomStringConvertible {
  /// Metadata: `timestamp.json`, `3.targets.json`.
  case metadata(String)
  /// A target, with its hash before its name: `board/0a1b….app.bin`.
  case target(String)

  /// The path below a folder that has one for each kind.
  public var description: String {
    switch self {
    case .metadata(let path): "metadata/\(path)"
    case .target(let path): "targets/\(path)"
    }
  }

  /// Whether a file of this name never gets other contents once it is published.
  var isImmutable: Bool { self != .metadata("timestamp.json") }
}

/// A place where clients find a repository: a folder, a server, a store of objects.
///
/// The order of the calls is what makes a publication whole: what ``put(_:_:)`` has taken must be there for every reader
/// before it returns, and stay there through a loss of power.
public protocol TUFDestination: Sendable {
  /// Reads a file.
  ///
  /// - Parameters:
  ///   - file: the file.
  ///   - limit: how large it may be, in bytes.
  /// - Returns: `nil` if there is none, or it is larger.
  /// - Throws: a ``TUFWriterError`` if the place cannot be asked.
  func read(_ file: TUFRepositoryFile, limit: Int) async throws(TUFWriterError) -> [UInt8]?

  /// Whether a file of this length is there; its contents are not looked at.
  ///
  /// - Throws: a ``TUFWriterError`` if the place cannot be asked.
  func contains(_ file: TUFRepositoryFile, length: Int64) async throws(TUFWriterError) -> Bool

  /// Stores a file in one step: a reader finds the old one or all of the new one.
  ///
  /// - Throws: a ``TUFWriterError``; then the old one is still there, or the new one.
  func put(_ file: TUFRepositoryFile, _ bytes: [UInt8]) async throws(TUFWriterError)
}
