#if !hasFeature(Embedded)
public import OTACrypto

extension TrustState {
  /// The keys that sign manifests, for whoever verifies what is to be installed, and how many of them it takes.
  ///
  /// Both belong together: a verifier that counts fewer than the threshold must not use the keys.
  ///
  /// - Parameter time: seconds of Unix time, from a clock that is trusted; `nil` if there is none.
  /// - Returns: the keys of the set with the role of manifests, and their threshold; 0 if there are none.
  /// - Throws: ``TrustAnchorError/expired``; see ``requireValidity(at:)``.
  public func manifestKeys(
    at time: UInt64?
  ) throws(TrustAnchorError) -> (trustStore: TrustStore, threshold: Int) {
    try requireValidity(at: time)
    var store = TrustStore()
    for index in 0..<anchors.count {
      let entry = anchors[index]
      // As many as fit there: eight of 32.
      if entry.roles.contains(.manifest) { _ = try? store.add(entry.key, for: .manifest) }
    }
    return (store, Int(anchors.thresholds.manifest))
  }
}
#endif
