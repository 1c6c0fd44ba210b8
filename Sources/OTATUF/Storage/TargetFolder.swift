import Glibc
import OTACore

/// A folder of verified targets, each under its path in percent-encoding: one flat folder, so that no path leads out.
///
/// Must not be the folder of metadata.
public struct TargetFolder: Sendable {
  private let folder: LockedFolder

  /// Opens a folder that exists, and holds it for as long as this value or a copy of it lives.
  ///
  /// - Throws: ``TUFError/folderInUse(path:)`` if another client has it, or it is the folder of metadata;
  ///   ``TUFError/storage(path:number:)``.
  public init(path: String) throws(TUFError) {
    folder = try LockedFolder(path)
  }

  /// The file of a target, whether it is there or not.
  ///
  /// - Throws: ``TUFError/unusablePath(_:)`` if the name is too long for a file.
  public func path(of target: TUFTarget) throws(TUFError) -> String {
    folder.path + "/" + (try TargetFolder.fileName(of: target))
  }

  private static func fileName(of target: TUFTarget) throws(TUFError) -> String {
    let name = PercentEncoding.encode(target.name.bytes)
    // A file system takes names of 255 bytes, also while they are being written.
    guard name.utf8.count <= 250 else { throw .unusablePath(target.path) }
    return name
  }

  /// Whether the folder has the target already: with its length and all of its hashes.
  ///
  /// - Throws: ``TUFError/storage(path:number:)``, ``TUFError/unusablePath(_:)``.
  public func contains(_ target: TUFTarget) throws(TUFError) -> Bool {
    let name = try TargetFolder.fileName(of: target)
    guard let (file, size) = try folder.openFile(name) else { return false }
    defer { close(file) }
    guard size == target.length else { return false }
    var hasher = try FileHasher(checking: target.digests)
    try folder.readPieces(of: file, named: name) { (piece) throws(TUFError) in hasher.update(piece.span) }
    return hasher.matches()
  }

  /// Begins the file of a target.
  func begin(_ target: TUFTarget) throws(TUFError) -> NewFile {
    try NewFile(try TargetFolder.fileName(of: target), in: folder)
  }
}
