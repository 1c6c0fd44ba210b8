import OTACore

/// One update, as section 5 of the specification describes it; each step is a function of its own.
///
/// The start time is fixed (5.1): what was valid when the update began is valid until it ends.
struct UpdateCycle: Sendable {
  static let rootRole: UTF8Text = "root"
  static let timestampRole: UTF8Text = "timestamp"
  static let snapshotRole: UTF8Text = "snapshot"
  static let targetsRole: UTF8Text = "targets"

  let folder: MetadataFolder
  let fetcher: any TUFFetcher
  let limits: RepositoryLimits
  let startTime: Int64

  /// Verified metadata whose fields have been read.
  ///
  /// First the signatures, then the fields: nothing but JSON is parsed that is not signed.
  func verify<Metadata>(
    _ bytes: [UInt8], of role: UTF8Text, by keys: RoleKeys,
    as read: (JSONObject) throws(MetadataFault) -> Metadata
  ) throws(TUFError) -> Metadata {
    let metadata = try UpdateCycle.open(bytes, of: role, limits: limits)
    try keys.check(metadata, of: role.text)
    return try UpdateCycle.fields(of: metadata, role: role, as: read)
  }

  /// Takes a file apart; nothing in it is believed yet.
  static func open(_ bytes: [UInt8], of role: UTF8Text, limits: RepositoryLimits) throws(TUFError)
    -> SignedMetadata
  {
    do throws(MetadataFault) {
      return try SignedMetadata(bytes, limits: limits)
    } catch {
      throw error.error(role: role.text)
    }
  }

  /// Reads the fields of metadata.
  static func fields<Metadata>(
    of metadata: SignedMetadata, role: UTF8Text, as read: (JSONObject) throws(MetadataFault) -> Metadata
  ) throws(TUFError) -> Metadata {
    do throws(MetadataFault) {
      return try read(metadata.signed)
    } catch {
      throw error.error(role: role.text)
    }
  }

  /// The freeze attack: whoever serves old metadata for ever is found out when it expires.
  func checkExpiry(of header: MetadataHeader, role: UTF8Text) throws(TUFError) {
    guard header.expires > startTime else { throw .expired(role: role.text) }
  }

  /// The name of a metadata file in the repository.
  func path(of role: UTF8Text, version: Int64, _ root: RootMetadata) -> String {
    let name = MetadataFolder.fileName(of: role)
    return root.usesConsistentSnapshots ? "\(version).\(name)" : name
  }
}
