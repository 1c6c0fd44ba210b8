/// Who may sign for what: read once, and then asked for every role.
struct Authorities {
  private let root: RootMetadata
  private let earlier: RootMetadata?
  private let delegations: [Delegations]

  /// Takes the root that counts, the one that is published, and all delegations.
  init(root: RootMetadata, earlier: RootMetadata?, delegations: [Delegations]) throws(TUFWriterError) {
    self.root = root
    self.earlier = earlier
    self.delegations = delegations
  }

  /// What the targets role and those that it delegates to entrust to others.
  static func delegations(
    in documents: [TUFRole: MetadataDocument]
  ) throws(TUFWriterError) -> [Delegations] {
    var delegations: [Delegations] = []
    for (role, document) in documents where role == .targets || !role.isTopLevel {
      // Most roles do not delegate, and there may be thousands of them.
      guard document.signed["delegations"] != nil else { continue }
      if let entry = try TUFRepositoryWriter.delegations(in: document.signed, of: role) {
        delegations.append(entry)
      }
    }
    return delegations
  }

  /// The keys that must sign for a role, each to its threshold: for a delegated one, those of every role that delegates to
  /// it; for a new root also those of the one before.
  func required(_ role: TUFRole) -> [RoleKeys] {
    guard role.isTopLevel else { return delegations.compactMap { $0.keys(of: role) } }
    guard role == .root, let earlier, earlier.header.version < root.header.version else {
      return [root.keys(of: role)]
    }
    return [root.root, earlier.root]
  }

  /// The keys that may sign for a role: for those that the root names also the ones of before, so that nobody notices a
  /// change.
  func accepted(_ role: TUFRole) -> [RoleKeys] {
    guard role.isTopLevel, let earlier else { return required(role) }
    return required(role) + [earlier.keys(of: role)]
  }
}
