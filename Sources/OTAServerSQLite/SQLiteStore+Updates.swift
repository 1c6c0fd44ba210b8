public import OTACore
public import OTAServer

extension SQLiteStore {
  private static let updateColumns = """
    id, envelope_size, sequence_number, new_version, required_version, component, vendor, class, device,
    hardware_first, hardware_last, image, image_size, payload, payload_size, delta_format, delta_source,
    delta_source_size, delta_memory, published_at
    """

  /// Makes an update available; publishing it again changes nothing.
  public func publish(_ update: PublishedUpdate, artifacts: [ArtifactRecord]) throws(StoreError) {
    let values = try SQLiteStore.values(of: update)
    try connection.transaction { () throws(StoreError) in
      for artifact in artifacts {
        if let known = try self.find(artifact: artifact.digest) {
          guard known == artifact else { throw .conflict }
          continue
        }
        try connection.execute(
          "INSERT INTO artifacts (digest, size) VALUES (?, ?)",
          [try .digest(artifact.digest), try .size(artifact.size)])
      }
      let places = repeatElement("?", count: values.count).joined(separator: ", ")
      try connection.execute(
        """
        INSERT INTO updates (\(SQLiteStore.updateColumns)) VALUES (\(places))
        ON CONFLICT (id) DO NOTHING
        """, values)
    }
  }

  /// Looks an update up.
  public func update(_ id: Digest) throws(StoreError) -> PublishedUpdate? {
    let sql = "SELECT \(SQLiteStore.updateColumns) FROM updates WHERE id = ?"
    return try connection.query(sql, [try .digest(id)]) { (row) throws(StoreError) in
      try SQLiteStore.update(in: row)
    }.first
  }

  /// Lists the updates that come into question for a device.
  public func candidates(for query: UpdateQuery) throws(StoreError) -> [PublishedUpdate] {
    let reasonsOfDelivery = ErrorCode.reasonsOfDelivery.map { "\($0.rawValue)" }.joined(separator: ", ")
    let sql = """
      SELECT \(SQLiteStore.updateColumns) FROM updates AS candidate
      WHERE class = ?1 AND component = ?2 AND vendor = ?3 AND sequence_number > ?4
      AND (device IS NULL OR device = ?5)
      AND (hardware_first IS NULL OR ?6 BETWEEN hardware_first AND hardware_last)
      AND (delta_source IS NULL OR delta_source = ?7)
      AND NOT EXISTS (
        SELECT 1 FROM deployments
        WHERE deployments.device = ?5 AND deployments.update_id = candidate.id
        AND deployments.state = \(DeploymentState.failed.rawValue)
        AND coalesce(deployments.code, 0) NOT IN (\(reasonsOfDelivery)))
      AND NOT EXISTS (
        SELECT 1 FROM deployments JOIN updates AS given_up ON given_up.id = deployments.update_id
        WHERE deployments.device = ?5 AND deployments.state = \(DeploymentState.reverted.rawValue)
        AND given_up.image = candidate.image)
      """
    let profile = query.profile
    let values: [SQLiteValue] = [
      .identifier(profile.classID), .component(profile.component), .identifier(profile.vendorID),
      try .sequenceNumber(query.sequenceNumber), .identifier(profile.deviceID),
      .integer(Int64(profile.hardwareRevision)), try .digest(query.imageDigest),
    ]
    return try connection.query(sql, values) { (row) throws(StoreError) in try SQLiteStore.update(in: row) }
  }

  /// Looks an artifact up.
  public func artifact(_ digest: Digest) throws(StoreError) -> ArtifactRecord? {
    try find(artifact: digest)
  }

  private func find(artifact digest: Digest) throws(StoreError) -> ArtifactRecord? {
    let sql = "SELECT digest, size FROM artifacts WHERE digest = ?"
    return try connection.query(sql, [try .digest(digest)]) { (row) throws(StoreError) in
      ArtifactRecord(digest: try row.digest(0), size: try row.integer(1))
    }.first
  }

  /// Refuses an update that is not published.
  func requireUpdate(_ id: Digest) throws(StoreError) {
    let known = try connection.query("SELECT 1 FROM updates WHERE id = ?", [try .digest(id)]) { _ in true }
    guard !known.isEmpty else { throw .unknownUpdate }
  }

  private static func values(of update: PublishedUpdate) throws(StoreError) -> [SQLiteValue] {
    var delta: [SQLiteValue] = [.null, .null, .null, .null]
    if case .delta(let description) = update.encoding {
      delta = [
        .integer(Int64(description.format.rawValue)), try .digest(description.source.digest),
        .size(description.source.size), .size(description.memory),
      ]
    }
    let revisions = update.compatibility.hardwareRevisions
    return [
      try .digest(update.id), try .size(update.envelopeSize), try .sequenceNumber(update.sequenceNumber),
      .version(update.newVersion), .version(update.requiredVersion), .component(update.component),
      .identifier(update.compatibility.vendorID), .identifier(update.compatibility.classID),
      .identifier(update.compatibility.deviceID), revisions.map { .size($0.lowerBound) } ?? .null,
      revisions.map { .size($0.upperBound) } ?? .null, try .digest(update.image.digest),
      .size(update.image.size), try .digest(update.payload.digest), .size(update.payload.size),
    ] + delta + [.time(update.publishedAt)]
  }

  private static func update(in row: SQLiteStatement) throws(StoreError) -> PublishedUpdate {
    PublishedUpdate(
      id: try row.digest(0), envelopeSize: try row.integer(1), sequenceNumber: try row.sequenceNumber(2),
      newVersion: try row.version(3), requiredVersion: try row.optional(4, row.version),
      component: try row.component(5), compatibility: try compatibility(in: row),
      image: ImageDescription(digest: try row.digest(11), size: try row.integer(12)),
      payload: ImageDescription(digest: try row.digest(13), size: try row.integer(14)),
      encoding: try encoding(in: row), publishedAt: try row.time(19))
  }

  private static func compatibility(in row: SQLiteStatement) throws(StoreError) -> Compatibility {
    var revisions: ClosedRange<UInt32>?
    if !row.isNull(9) {
      let first: UInt32 = try row.integer(9)
      let last: UInt32 = try row.integer(10)
      guard first <= last else { throw row.corrupt }
      revisions = first...last
    }
    return Compatibility(
      vendorID: try row.identifier(6), classID: try row.identifier(7),
      deviceID: try row.optional(8, row.identifier), hardwareRevisions: revisions)
  }

  private static func encoding(in row: SQLiteStatement) throws(StoreError) -> PayloadEncoding {
    guard !row.isNull(15) else { return .identity }
    guard let format = DeltaFormat(rawValue: try row.integer(15)) else { throw row.corrupt }
    return .delta(
      DeltaDescription(
        format: format, source: ImageDescription(digest: try row.digest(16), size: try row.integer(17)),
        memory: try row.integer(18)))
  }
}
