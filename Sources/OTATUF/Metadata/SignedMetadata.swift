import OTACore

/// A metadata file before anything in it is believed: what was signed, and by whom allegedly.
///
/// - Note: Source: TUF specification 1.0, section 4.2.1.
struct SignedMetadata: Sendable {
  /// A signature as it stands in the file.
  struct Signature: Sendable {
    let keyID: UTF8Text
    /// `nil` if it is not hexadecimal, as the empty text is that stands for a signature that is still to be made.
    let bytes: [UInt8]?
  }

  let signatures: [Signature]
  /// The signed part.
  let signed: JSONObject
  /// The bytes that the signatures are over.
  let message: [UInt8]

  /// Takes a file apart.
  init(_ bytes: [UInt8], limits: RepositoryLimits) throws(MetadataFault) {
    let value: JSONValue
    do {
      value = try JSONReader.read(bytes, limits: limits)
    } catch {
      throw .json(error)
    }
    guard case .object(let envelope) = value else { throw .field("signed") }
    signed = try envelope.object("signed")
    message = CanonicalJSON.encode(.object(signed))
    var signatures: [Signature] = []
    var keyIDs: Set<UTF8Text> = []
    for value in try envelope.array("signatures") {
      guard case .object(let signature) = value else { throw .field("signatures") }
      let keyID = try signature.string("keyid")
      let text = try signature.string("sig").text
      // "The keyid MUST be unique in the signatures array."
      guard keyIDs.insert(keyID).inserted else { throw .field("signatures") }
      signatures.append(Signature(keyID: keyID, bytes: text.isEmpty ? nil : [UInt8](hexadecimal: text)))
    }
    self.signatures = signatures
  }
}

/// What all roles have in common.
struct MetadataHeader: Sendable {
  /// At least 1.
  let version: Int64
  /// Seconds since 1970-01-01T00:00:00Z.
  let expires: Int64

  /// Reads the fields, and checks that they are those of a type of metadata.
  init(_ signed: JSONObject, type: UTF8Text) throws(MetadataFault) {
    guard try signed.string("_type") == type else { throw .wrongType }
    let specification = try signed.string("spec_version").text
    guard MetadataHeader.isSupported(specification) else { throw .unsupportedVersion(specification) }
    version = try signed.integer("version", atLeast: 1)
    guard let expires = DateTime.seconds(of: try signed.string("expires")) else { throw .field("expires") }
    self.expires = expires
  }

  /// Whether a version of the specification is 1.x or 1.x.y: a reader of the first version reads them all.
  private static func isSupported(_ version: String) -> Bool {
    let parts = version.split(separator: ".", omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count), parts[0] == "1" else { return false }
    return parts.allSatisfy { part in !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) } }
  }
}
