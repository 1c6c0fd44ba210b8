import OTACore

/// A metadata file on its way: what is to be signed, and the signatures so far.
struct MetadataDocument: Sendable {
  /// What the signatures are over.
  let signed: JSONObject
  /// By identifier of the key.
  private(set) var signatures: [UTF8Text: [UInt8]]
  /// The bytes of the file that it came from; none of one that was made here.
  private let original: [UInt8]?

  /// Makes a document without signatures.
  init(_ signed: JSONObject) {
    self.signed = signed
    signatures = [:]
    original = nil
  }

  /// Takes a file apart.
  init(file: [UInt8], limits: RepositoryLimits) throws(MetadataFault) {
    let metadata = try SignedMetadata(file, limits: limits)
    signed = metadata.signed
    signatures = [:]
    for signature in metadata.signatures { signatures[signature.keyID] = signature.bytes }
    original = file
  }

  /// The document with a signature more.
  func adding(_ signature: [UInt8], by keyID: UTF8Text) -> MetadataDocument {
    var document = MetadataDocument(signed)
    document.signatures = signatures
    document.signatures[keyID] = signature
    return document
  }

  /// The bytes that are signed.
  var message: [UInt8] { CanonicalJSON.encode(.object(signed)) }

  /// The bytes of the file; the same ones each time.
  var file: [UInt8] {
    if let original { return original }
    let entries = signatures.sorted { $0.key < $1.key }.map { keyID, signature in
      JSONValue.object(
        JSONObject(replacing: [
          ("keyid", .string(keyID)), ("sig", .string(UTF8Text(String(hexadecimal: signature.span)))),
        ]))
    }
    return JSONText.encode(
      .object(JSONObject(replacing: [("signatures", .array(entries)), ("signed", .object(signed))])))
  }

  var version: Int64 {
    guard case .integer(let version) = signed["version"] else { return 0 }
    return version
  }

  var expires: Int64 {
    guard case .string(let text) = signed["expires"], let seconds = DateTime.seconds(of: text) else {
      return 0
    }
    return seconds
  }
}

extension RoleKeys {
  /// How many more keys must sign a document.
  func missing(in document: MetadataDocument) throws(TUFWriterError) -> Int {
    let message = document.message
    var counted: Set<[UInt8]> = []
    do throws(TUFError) {
      for (keyID, signature) in document.signatures {
        guard let key = keys[keyID], try key.accepts(signature, of: message) else { continue }
        counted.insert(key.identity)
      }
    } catch {
      throw .repository(error)
    }
    return Int(clamping: max(0, threshold - Int64(counted.count)))
  }
}
