/// Which headers of a COSE structure are accepted.
///
/// In both, the CBOR must be deterministic, a header that the structure calls critical is refused, and so is a label that
/// stands in both maps.
///
/// - Note: Source: RFC 9052, section 3; which headers: project decision, Docs/ManifestFormat.md.
public enum COSEProfile: UInt8, Sendable {
  /// What this library writes, and all that is accepted in manifests and receipts: algorithm, protected; key identifier, in
  /// either map; cosigners, protected. Every other header is refused, so that nothing is overlooked which somebody thought
  /// important.
  case manifests
  /// Structures that other programs made for other things: headers that are not known are passed over, and the algorithm
  /// need not be protected. `crit` is refused here too: what it lists is what may not be passed over.
  case documents
}
