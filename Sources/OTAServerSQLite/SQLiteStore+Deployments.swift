public import OTACore
public import OTAServer

extension SQLiteStore {
  private static let receiptColumns = "update_id, outcome, code, image, sequence_number, bytes, received_at"

  /// Keeps a verified receipt, and brings the deployment into the state that it proves.
  public func record(_ stored: StoredReceipt) throws(StoreError) -> Bool {
    let report = stored.receipt.report
    let device = SQLiteValue.identifier(stored.receipt.device)
    let update = try SQLiteValue.digest(report.updateID)
    let image = try SQLiteValue.digest(stored.receipt.imageDigest)
    let sequenceNumber = try SQLiteValue.sequenceNumber(stored.receipt.sequenceNumber)
    return try connection.transaction { () throws(StoreError) in
      let known = try connection.query("SELECT 1 FROM devices WHERE id = ?", [device]) { _ in true }
      guard !known.isEmpty else { throw .unknownDevice }
      try requireUpdate(report.updateID)

      let added = try connection.execute(
        """
        INSERT INTO receipts (device, update_id, outcome, code, image, sequence_number, bytes, received_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (device, bytes) DO NOTHING
        """,
        [
          device, update, .integer(Int64(report.outcome.kind.rawValue)), .code(report.outcome.code), image,
          sequenceNumber,
          .blob(stored.bytes), .time(stored.receivedAt),
        ])
      guard added == 1 else { return false }
      try connection.execute(
        """
        INSERT INTO deployments (device, update_id, state, code, reported_at) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (device, update_id) DO UPDATE
        SET state = excluded.state, code = excluded.code, reported_at = excluded.reported_at
        """,
        [
          device, update, .integer(Int64(DeploymentState(report.outcome).rawValue)),
          .code(report.outcome.code),
          .time(stored.receivedAt),
        ])
      return true
    }
  }

  /// Lists the deployments of a device, the latest sequence number first.
  public func deployments(of device: UniversalIdentifier) throws(StoreError) -> [Deployment] {
    let sql = """
      SELECT update_id, state, code, offered_at, reported_at
      FROM deployments JOIN updates ON updates.id = deployments.update_id
      WHERE deployments.device = ? ORDER BY sequence_number DESC, update_id
      """
    return try connection.query(sql, [.identifier(device)]) { (row) throws(StoreError) in
      guard let state = DeploymentState(rawValue: try row.integer(1)) else { throw row.corrupt }
      return Deployment(
        device: device, update: try row.digest(0), state: state, code: try row.code(2),
        offeredAt: try row.optional(3, row.time), reportedAt: try row.optional(4, row.time))
    }
  }

  /// Lists the receipts of a device in the order in which they arrived.
  public func receipts(of device: UniversalIdentifier) throws(StoreError) -> [StoredReceipt] {
    let sql = "SELECT \(SQLiteStore.receiptColumns) FROM receipts WHERE device = ? ORDER BY id"
    return try connection.query(sql, [.identifier(device)]) { (row) throws(StoreError) in
      try SQLiteStore.receipt(in: row, of: device)
    }
  }

  /// What the last receipt of a device says.
  func lastReceipt(of device: UniversalIdentifier) throws(StoreError) -> DeviceReceipt? {
    let sql = "SELECT \(SQLiteStore.receiptColumns) FROM receipts WHERE device = ? ORDER BY id DESC LIMIT 1"
    return try connection.query(sql, [.identifier(device)]) { (row) throws(StoreError) in
      try SQLiteStore.receipt(in: row, of: device).receipt
    }.first
  }

  /// Counts the devices in each state of each update, the latest sequence number first.
  public func updateStatistics() throws(StoreError) -> [UpdateStatistics] {
    let counts = DeploymentState.allCases.map { "count(*) FILTER (WHERE state = \($0.rawValue))" }
    let sql = """
      SELECT updates.id, sequence_number, new_version, \(counts.joined(separator: ", "))
      FROM updates LEFT JOIN deployments ON updates.id = deployments.update_id
      GROUP BY updates.id ORDER BY sequence_number DESC, updates.id
      """
    return try connection.query(sql) { (row) throws(StoreError) in
      UpdateStatistics(
        update: try row.digest(0), sequenceNumber: try row.sequenceNumber(1), newVersion: try row.version(2),
        offered: try row.integer(3), installed: try row.integer(4), failed: try row.integer(5),
        reverted: try row.integer(6))
    }
  }

  private static func receipt(
    in row: SQLiteStatement, of device: UniversalIdentifier
  ) throws(StoreError) -> StoredReceipt {
    guard let kind = Report.Outcome.Kind(rawValue: try row.integer(1)),
      let outcome = Report.Outcome(kind, code: try row.code(2))
    else { throw row.corrupt }
    let report = Report(updateID: try row.digest(0), outcome: outcome)
    return StoredReceipt(
      receipt: DeviceReceipt(
        device: device, report: report, imageDigest: try row.digest(3),
        sequenceNumber: try row.sequenceNumber(4)),
      bytes: try row.blob(5), receivedAt: try row.time(6))
  }
}
