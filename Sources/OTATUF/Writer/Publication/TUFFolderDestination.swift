import Glibc

/// A folder that holds a repository, with `metadata` and `targets` in it; any HTTP server can serve it.
///
/// A file is written beside its place, made durable, and renamed.
public struct TUFFolderDestination: TUFDestination {
  /// Where it is.
  public let path: String
  private let lock: LockedFolder
  private let metadata: LockedFolder
  private let targets: LockedFolder

  /// Opens the folder, and makes it if it is not there; the folder above it must exist.
  ///
  /// - Throws: ``TUFWriterError/repository(_:)`` with `folderInUse` or `storage`.
  public init(path: String) throws(TUFWriterError) {
    self.path = path
    lock = try TUFFolderDestination.open(path)
    metadata = try TUFFolderDestination.open(path + "/metadata")
    targets = try TUFFolderDestination.open(path + "/targets")
  }

  /// Opens a folder, and makes it if it is not there.
  static func open(_ path: String) throws(TUFWriterError) -> LockedFolder {
    do throws(TUFError) {
      if unsafe mkdir(path, 0o755) == 0 {
        try TUFFolderDestination.synchronize(above: path)
      } else if errno != EEXIST {
        throw .storage(path: path, number: errno)
      }
      return try LockedFolder(path)
    } catch {
      throw .repository(error)
    }
  }

  /// Makes the name of a new folder durable.
  private static func synchronize(above path: String) throws(TUFError) {
    let end = path.lastIndex(of: "/")
    let parent = end.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = unsafe Glibc.open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .storage(path: parent, number: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw .storage(path: parent, number: errno) }
  }

  /// Reads a file.
  public func read(_ file: TUFRepositoryFile, limit: Int) async throws(TUFWriterError) -> [UInt8]? {
    try contents(of: file, limit: limit)
  }

  /// Reads a file, without waiting.
  func contents(of file: TUFRepositoryFile, limit: Int) throws(TUFWriterError) -> [UInt8]? {
    guard let (folder, name) = try place(of: file, isMade: false) else { return nil }
    return try TUFFolderDestination.read(name, in: folder, limit: limit)
  }

  static func read(_ name: String, in folder: LockedFolder, limit: Int) throws(TUFWriterError) -> [UInt8]? {
    do throws(TUFError) {
      guard let (file, size) = try folder.openFile(name) else { return nil }
      defer { close(file) }
      guard size <= Int64(limit) else { return nil }
      var bytes: [UInt8] = []
      try folder.readPieces(of: file, named: name) { (piece) throws(TUFError) in bytes += piece }
      return bytes.count <= limit ? bytes : nil
    } catch {
      throw .repository(error)
    }
  }

  /// Whether a file of this length is there.
  public func contains(_ file: TUFRepositoryFile, length: Int64) async throws(TUFWriterError) -> Bool {
    guard let (folder, name) = try place(of: file, isMade: false) else { return false }
    do throws(TUFError) {
      guard let (file, size) = try folder.openFile(name) else { return false }
      close(file)
      return size == length
    } catch {
      throw .repository(error)
    }
  }

  /// Stores a file in one step, durably.
  public func put(_ file: TUFRepositoryFile, _ bytes: [UInt8]) async throws(TUFWriterError) {
    try store(file, bytes)
  }

  /// Stores a file, without waiting.
  func store(_ file: TUFRepositoryFile, _ bytes: [UInt8]) throws(TUFWriterError) {
    guard let (folder, name) = try place(of: file, isMade: true) else { return }
    try TUFFolderDestination.write(bytes, to: name, in: folder)
  }

  static func write(_ bytes: [UInt8], to name: String, in folder: LockedFolder) throws(TUFWriterError) {
    do throws(TUFError) {
      let file = try NewFile(name, in: folder)
      try file.write(bytes)
      try file.commit()
    } catch {
      throw .repository(error)
    }
  }

  /// The folder that a file is in, and its name there.
  ///
  /// - Returns: `nil` if a folder on the way is not there, and is not to be made.
  private func place(
    of file: TUFRepositoryFile, isMade: Bool
  ) throws(TUFWriterError) -> (LockedFolder, String)? {
    let path: String
    var folder: LockedFolder
    switch file {
    case .metadata(let name): (path, folder) = (name, metadata)
    case .target(let name): (path, folder) = (name, targets)
    }
    var parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    // Also what does not come from the writer, which has looked at it, cannot lead out of the folder.
    guard let name = parts.popLast(), (parts + [name]).allSatisfy({ !["", ".", ".."].contains($0) }) else {
      throw .unusablePath(path)
    }
    for part in parts {
      let next = folder.path + "/" + part
      var status = stat()
      if !isMade, unsafe stat(next, &status) != 0 { return nil }
      folder = try TUFFolderDestination.open(next)
    }
    return (folder, name)
  }
}
