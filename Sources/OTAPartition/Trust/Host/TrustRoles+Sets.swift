#if !hasFeature(Embedded)
// Lists of cases, and the default implementations of sets, make arrays: bare metal does without.
extension TrustRoles: OptionSet {}

extension TrustRole: CaseIterable {
  /// All of them, in the order of their numbers.
  public static var allCases: [TrustRole] { [.root, .manifest, .image] }
}

extension KeyUse: CaseIterable {
  /// Both of them.
  public static var allCases: [KeyUse] { [.booting, .installing] }
}
#endif
