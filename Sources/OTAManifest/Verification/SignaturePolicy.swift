public import OTACore

/// Whose signatures a manifest needs, beyond that they are good and by keys that may sign manifests.
///
/// - Note: Source: project decision, Docs/ManifestFormat.md.
public struct SignaturePolicy: Equatable, Sendable {
  /// A second kind of signatures beside the first, from some sequence number on.
  public struct Hybrid: Equatable, Sendable {
    /// From which sequence number on hash-based signatures are needed.
    ///
    /// Manifests are only accepted above the security counter: as soon as it is one below this number or higher, there is
    /// no way any more for a manifest with classical signatures alone.
    public var from: SequenceNumber
    /// How many different hash-based keys must have signed then, at least 1.
    public var threshold: Int

    /// Makes a requirement from its parts.
    ///
    /// - Precondition: the threshold is at least 1.
    public init(from: SequenceNumber, threshold: Int = 1) {
      precondition(threshold >= 1, "nobody's signature is no requirement")
      self.from = from
      self.threshold = threshold
    }
  }

  /// How many different keys must have signed, at least 1.
  ///
  /// Where ``hybrid`` applies, hash-based keys do not count here: so many classical ones *and* so many hash-based ones must
  /// have signed, and to take away either kind is to take away the manifest.
  public var threshold: Int
  /// Whether hash-based signatures are needed, and from when on.
  public var hybrid: Hybrid?
  /// Whether a manifest is refused that says it is signed by a trusted key whose good signature is not there.
  ///
  /// Signers say it in the header `cosigners`. Without it, a signature that was taken away is noticed only if too few are
  /// left.
  public var refusesStripping: Bool

  /// Makes a policy from its parts.
  ///
  /// - Precondition: the threshold is at least 1.
  public init(threshold: Int = 1, hybrid: Hybrid? = nil, refusesStripping: Bool = false) {
    precondition(threshold >= 1, "nobody's signature is no policy")
    self.threshold = threshold
    self.hybrid = hybrid
    self.refusesStripping = refusesStripping
  }

  /// One good signature is enough.
  public static var oneSignature: SignaturePolicy { SignaturePolicy() }

  /// Whether enough keys have signed a manifest with this number.
  func isMet(by signers: ManifestSigners, sequenceNumber: SequenceNumber) -> Bool {
    if refusesStripping, signers.isStripped { return false }
    if let hybrid, sequenceNumber >= hybrid.from {
      return signers.classicalCount >= max(1, threshold)
        && signers.hashBasedCount >= max(1, hybrid.threshold)
    }
    return signers.count >= max(1, threshold)
  }
}
