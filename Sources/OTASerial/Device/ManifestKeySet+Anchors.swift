public import OTACrypto
public import OTAManifest
public import OTAPartition

extension ManifestKeySet {
  /// Takes the keys of a set of trust anchors that may sign manifests, and the threshold that goes with them.
  ///
  /// - Throws: `CryptoError.unknownKey` if there are none; `CryptoError.tooManyKeys` if there are more than
  ///   ``OTAManifest/ManifestKeySet/capacity``.
  public init(_ anchors: TrustAnchors) throws(CryptoError) {
    var set: ManifestKeySet?
    for index in 0..<anchors.count where anchors[index].roles.contains(.manifest) {
      let key = anchors[index].key
      if set == nil {
        set = ManifestKeySet(
          key, policy: SignaturePolicy(threshold: max(1, Int(anchors.thresholds.manifest))))
      } else {
        try set?.add(key)
      }
    }
    guard let set else { throw .unknownKey }
    self = set
  }
}
