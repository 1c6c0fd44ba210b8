import OTACore
import OTACrypto

/// One signature under an envelope: a COSE_Sign1 structure with a detached payload, by its places.
///
/// - Note: Source: RFC 9052, section 4.2; the headers are those that `COSEProfile.manifests` accepts.
struct CompactSignature {
  private(set) var algorithm: SignatureAlgorithm?
  private(set) var keyIdentifier: Range<Int>?
  /// The identifiers of all keys that sign, one behind the other.
  private(set) var cosigners: Range<Int>?
  let protectedHeaders: Range<Int>
  let signature: Range<Int>

  init(_ range: Range<Int>, of bytes: Span<UInt8>) throws(CompactRefusal) {
    var reader = CompactReader(range, of: bytes)
    guard try reader.argument(.tag) == COSESign1.tag else { throw .unsupportedAlgorithm }
    guard try reader.count(.array) == 4 else { throw .malformed }
    protectedHeaders = try reader.string()
    var inner = CompactReader(protectedHeaders, of: bytes)
    let count = try inner.count(.map)
    var hasAlgorithm = false
    var previous: Int32?
    for _ in 0..<count {
      switch Int64(try inner.key(after: &previous)) {
      case COSEHeaders.algorithm:
        algorithm = SignatureAlgorithm(coseNumber: Int64(try inner.integer()))
        hasAlgorithm = true
      case COSEHeaders.keyIdentifier: keyIdentifier = try inner.string()
      case COSEHeaders.cosigners:
        let names = try inner.string()
        let size = KeyIdentifier.byteCount
        guard !names.isEmpty, names.count % size == 0,
          names.count <= size * COSEHeaders.maximumCosignerCount
        else { throw .malformed }
        cosigners = names
      default: throw .unsupported
      }
    }
    try inner.requireEnd()
    guard hasAlgorithm else { throw .unsupported }
    // Beside them the name of the key may stand, and nothing else.
    switch try reader.count(.map) {
    case 0: break
    case 1:
      guard keyIdentifier == nil, try reader.integer() == Int32(COSEHeaders.keyIdentifier) else {
        throw .unsupported
      }
      keyIdentifier = try reader.string()
    default: throw .unsupported
    }
    // null: the payload is the digest in the envelope.
    let (kind, argument) = try reader.head()
    guard kind == .simple, argument == 22 else { throw .malformed }
    signature = try reader.string()
    try reader.requireEnd()
  }
}

/// Holds a wrapped member against its digest; the digest covers the head of the byte string too.
func checkCompact(
  _ digest: Digest, of member: SUITEnvelope.Member, in bytes: Span<UInt8>
) throws(CompactRefusal) {
  guard digest == SHA256.digest(of: bytes.extracting(member.item)) else {
    throw CompactRefusal(.manifestDigestMismatch)
  }
}
