public import OTACore

/// What authenticates an envelope: one of the structures of COSE that the draft allows.
///
/// - Note: Source: draft-ietf-suit-manifest-37, section 8.3. COSE_Mac, which has recipients, is not read.
public enum COSEBlock: Equatable, Sendable {
  /// One signature.
  case sign1(COSESign1)
  /// Several signatures.
  case sign(COSESign)
  /// A tag under a key that both sides have.
  case mac0(COSEMac0)

  /// Parses a structure with its tag; nothing of it is trusted.
  ///
  /// - Parameters:
  ///   - range: where the structure is; it fills the range.
  ///   - document: the outermost bytes.
  ///   - profile: which headers are accepted.
  ///   - limits: limits on nesting and counts.
  /// - Throws: as ``COSESign1/init(parsing:of:tagging:profile:limits:)``.
  public init(
    parsing range: Range<Int>, of document: Span<UInt8>, profile: COSEProfile = .manifests,
    limits: Limits = Limits()
  ) throws(ManifestError) {
    var reader = CBORReader(document.extracting(range), limits: limits, origin: range.lowerBound)
    switch try readTag(&reader) {
    case COSESign.tag:
      self = .sign(
        try COSESign(parsing: range, of: document, tagging: .tagged, profile: profile, limits: limits))
    case COSEMac0.tag:
      self = .mac0(
        try COSEMac0(parsing: range, of: document, tagging: .tagged, profile: profile, limits: limits))
    case _:
      self = .sign1(
        try COSESign1(parsing: range, of: document, tagging: .tagged, profile: profile, limits: limits))
    }
  }

  /// The signatures; none for a tag.
  public var signatures: [COSESignature] {
    switch self {
    case .sign1(let structure): [structure.signer]
    case .sign(let structure): structure.signatures
    case .mac0: []
    }
  }

  /// The payload, in the document; `nil` if it is detached.
  public var payload: Range<Int>? {
    switch self {
    case .sign1(let structure): structure.payload
    case .sign(let structure): structure.payload
    case .mac0(let structure): structure.payload
    }
  }
}
