import OTATUF

/// What is published and what is not yet, for people and as JSON.
struct RepositoryReport: Encodable {
  struct Role: Encodable {
    var role: String
    var version: Int64
  }

  struct Draft: Encodable {
    var role: String
    var version: Int64
    var expires: Int64
    var missing: Int
    var signedBy: [String]
    var candidates: [String]
  }

  var folder: String
  var published: [Role]
  var drafts: [Draft]

  /// Prints it.
  static func print(
    _ writer: TUFRepositoryWriter, of options: RepositoryOptions, to console: Console
  ) throws(CommandFailure) {
    let pending = try explaining(options.folder) { () throws(TUFWriterError) in try writer.pending() }
    let published = writer.roles.filter { writer.version(of: $0) > 0 }
    if options.isJSON {
      try console.printJSON(
        RepositoryReport(
          folder: options.folder,
          published: published.map { Role(role: $0.description, version: writer.version(of: $0)) },
          drafts: pending.map {
            Draft(
              role: $0.role.description, version: $0.version, expires: $0.expires, missing: $0.missing,
              signedBy: $0.signedBy, candidates: $0.candidates)
          }))
      return
    }
    let versions = published.prefix(8).map { "\($0) \(writer.version(of: $0))" }
    let more = published.count > 8 ? ", and \(published.count - 8) more" : ""
    try console.print(
      "published: \(published.isEmpty ? "nothing" : versions.joined(separator: ", ") + more)")
    for draft in pending.prefix(16) {
      let state = draft.missing == 0 ? "signed" : "needs \(draft.missing) more of its keys"
      try console.print("draft:     \(draft.role) \(draft.version), \(state)")
    }
    if pending.count > 16 { try console.print("           and \(pending.count - 16) more") }
  }
}
