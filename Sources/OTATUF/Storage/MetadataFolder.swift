import Glibc

/// The folder of trusted metadata: `root.json`, `timestamp.json`, `snapshot.json`, `targets.json`, and a file for each
/// delegated role, with its name in percent-encoding.
///
/// A file is written only when it has been verified, as the very bytes that came, and in one step: a loss of power leaves
/// the old file or the new one. What is read again is verified again. Delete all but `root.json` at any time; an update
/// then starts from that root.
public struct MetadataFolder: Sendable {
  private let folder: LockedFolder

  /// Opens a folder that exists, and holds it for as long as this value or a copy of it lives.
  ///
  /// - Throws: ``TUFError/folderInUse(path:)`` if another client has it, ``TUFError/storage(path:number:)``.
  public init(path: String) throws(TUFError) {
    folder = try LockedFolder(path)
  }

  /// The name of the file for a role.
  static func fileName(of role: UTF8Text) -> String {
    PercentEncoding.encode(role.bytes) + ".json"
  }

  /// Reads the metadata of a role.
  ///
  /// - Returns: `nil` if there is none, or it is larger than this role's may be.
  func read(_ role: UTF8Text, limit: Int) throws(TUFError) -> [UInt8]? {
    let name = MetadataFolder.fileName(of: role)
    guard let (file, size) = try folder.openFile(name) else { return nil }
    defer { close(file) }
    guard size <= Int64(limit) else { return nil }
    var bytes: [UInt8] = []
    try folder.readPieces(of: file, named: name) { (piece) throws(TUFError) in bytes += piece }
    return bytes.count <= limit ? bytes : nil
  }

  /// Keeps the metadata of a role, in place of what was there.
  func write(_ bytes: [UInt8], for role: UTF8Text) throws(TUFError) {
    let file = try NewFile(MetadataFolder.fileName(of: role), in: folder)
    try file.write(bytes)
    try file.commit()
  }

  /// Removes the metadata of a role, if there is any.
  func remove(_ role: UTF8Text) throws(TUFError) {
    try folder.remove(MetadataFolder.fileName(of: role))
  }
}
