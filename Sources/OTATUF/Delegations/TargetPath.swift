import OTACore

/// The path of a target that is searched for, with its digest, by which bins are chosen.
struct TargetPath: Sendable {
  let name: UTF8Text
  /// SHA-256 of the path.
  let digest: [UInt8]
  /// The digest in lower-case hexadecimal.
  let digestText: [UInt8]

  /// Takes a path.
  ///
  /// - Throws: ``TUFError/unusablePath(_:)`` for an empty one, and for one with a part that is empty, `.` or `..`: servers
  ///   and file systems do not agree on what these mean. A separator at the front is one that leaves an empty part.
  init(_ name: UTF8Text) throws(TUFError) {
    let parts = name.bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    let unusable: [[UInt8]] = [[], Array(".".utf8), Array("..".utf8)]
    guard !parts.contains(where: { unusable.contains(Array($0)) }) else { throw .unusablePath(name.text) }
    self.name = name
    let digest = try Hashing.digest(.sha256, of: name.bytes)
    var bytes: [UInt8] = []
    for index in 0..<digest.bytes.count { bytes.append(digest.bytes[index]) }
    self.digest = bytes
    digestText = Array(digest.description.utf8)
  }
}
