/// The timestamp role: which snapshot is the latest.
///
/// - Note: Source: TUF specification 1.0, section 4.6.
struct TimestampMetadata: Sendable {
  let header: MetadataHeader
  let snapshot: MetadataListing

  init(_ signed: JSONObject) throws(MetadataFault) {
    header = try MetadataHeader(signed, type: "timestamp")
    guard let listing = try signed.object("meta")["snapshot.json"] else { throw .field("meta") }
    snapshot = try MetadataListing(listing)
  }
}

/// The snapshot role: which versions of all targets metadata belong together.
///
/// - Note: Source: TUF specification 1.0, section 4.4.
struct SnapshotMetadata: Sendable {
  let header: MetadataHeader
  /// By file name, such as `targets.json`.
  let listings: [UTF8Text: MetadataListing]

  init(_ signed: JSONObject) throws(MetadataFault) {
    header = try MetadataHeader(signed, type: "snapshot")
    var listings: [UTF8Text: MetadataListing] = [:]
    for member in try signed.object("meta").members {
      listings[member.name] = try MetadataListing(member.value)
    }
    guard listings["targets.json"] != nil else { throw .field("meta") }
    self.listings = listings
  }

  /// What is said about the metadata of a role.
  func listing(of role: UTF8Text) -> MetadataListing? {
    listings[UTF8Text(bytes: role.bytes + Array(".json".utf8))]
  }
}
