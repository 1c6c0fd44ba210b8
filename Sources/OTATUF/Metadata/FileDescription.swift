import OTACore

/// Length and hashes of a file, as far as metadata says them.
struct FileDescription: Sendable {
  /// In bytes; `nil` if it is not said.
  let length: Int64?
  /// By functions that are known here; empty if none is said.
  let digests: [Digest]

  /// Reads the fields `length` and `hashes`.
  ///
  /// Hashes by unknown functions are passed over as long as there is a known one: one is enough to tell files apart.
  init(_ object: JSONObject) throws(MetadataFault) {
    length = object["length"] == nil ? nil : try object.integer("length", atLeast: 0)
    guard object["hashes"] != nil else {
      digests = []
      return
    }
    var digests: [Digest] = []
    let hashes = try object.object("hashes")
    let known: [(UTF8Text, DigestAlgorithm)] = [("sha256", .sha256), ("sha512", .sha512)]
    for (name, algorithm) in known where hashes[name] != nil {
      guard let bytes = [UInt8](hexadecimal: try hashes.string(name).text),
        let digest = try? Digest(algorithm: algorithm, bytes: bytes.span)
      else { throw .field("hashes") }
      digests.append(digest)
    }
    guard !digests.isEmpty else { throw .field("hashes") }
    self.digests = digests
  }

  /// Whether bytes are those of the file, as far as it is described.
  func matches(_ bytes: [UInt8]) throws(TUFError) -> Bool {
    if let length, length != Int64(bytes.count) { return false }
    for digest in digests {
      guard try Hashing.digest(digest.algorithm, of: bytes) == digest else { return false }
    }
    return true
  }
}

/// What a metadata file says about another one.
///
/// - Note: Source: TUF specification 1.0, section 4.4 (METAFILES).
struct MetadataListing: Sendable {
  let version: Int64
  let file: FileDescription

  init(_ value: JSONValue) throws(MetadataFault) {
    guard case .object(let object) = value else { throw .field("meta") }
    version = try object.integer("version", atLeast: 1)
    file = try FileDescription(object)
  }
}
