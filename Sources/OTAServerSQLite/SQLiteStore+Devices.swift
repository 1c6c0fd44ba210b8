public import OTACore
import OTACrypto
public import OTAServer

extension SQLiteStore {
  private static let deviceColumns = "id, vendor, class, hardware_revision, key_algorithm, public_key"

  /// Adds a device to the registry; adding the same facts again changes nothing.
  public func register(_ device: RegisteredDevice, at time: Timestamp) throws(StoreError) {
    try connection.transaction { () throws(StoreError) in
      if let known = try self.find(device.id) {
        guard known == device else { throw .conflict }
        return
      }
      try connection.execute(
        """
        INSERT INTO devices (id, vendor, class, hardware_revision, key_algorithm, public_key, registered_at)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """,
        [
          .identifier(device.id), .identifier(device.vendorID), .identifier(device.classID),
          .integer(Int64(device.hardwareRevision)), .integer(Int64(device.publicKey.algorithm.rawValue)),
          .blob(device.publicKey.bytes), .time(time),
        ])
    }
  }

  /// Looks a device up.
  public func device(_ id: UniversalIdentifier) throws(StoreError) -> RegisteredDevice? {
    try find(id)
  }

  private func find(_ id: UniversalIdentifier) throws(StoreError) -> RegisteredDevice? {
    let sql = "SELECT \(SQLiteStore.deviceColumns) FROM devices WHERE id = ?"
    return try connection.query(sql, [.identifier(id)]) { (row) throws(StoreError) in
      try SQLiteStore.device(in: row)
    }.first
  }

  /// Keeps what a device said of itself, and that an update was offered to it.
  public func recordCheckIn(_ checkIn: CheckIn, offering update: Digest?) throws(StoreError) {
    let sequenceNumber = try SQLiteValue.sequenceNumber(checkIn.sequenceNumber)
    let image = try SQLiteValue.digest(checkIn.imageDigest)
    try connection.transaction { () throws(StoreError) in
      let changed = try connection.execute(
        """
        UPDATE devices SET checkin_at = ?, checkin_component = ?, checkin_version = ?,
        checkin_sequence_number = ?, checkin_image = ? WHERE id = ?
        """,
        [
          .time(checkIn.at), .component(checkIn.component), .version(checkIn.version), sequenceNumber, image,
          .identifier(checkIn.device),
        ])
      guard changed == 1 else { throw .unknownDevice }
      guard let update else { return }
      try requireUpdate(update)
      try connection.execute(
        """
        INSERT INTO deployments (device, update_id, state, offered_at) VALUES (?, ?, ?, ?)
        ON CONFLICT (device, update_id) DO NOTHING
        """,
        [
          .identifier(checkIn.device), try .digest(update),
          .integer(Int64(DeploymentState.offered.rawValue)), .time(checkIn.at),
        ])
    }
  }

  /// Lists devices in the order of their identifiers, a page at a time.
  public func deviceStatuses(
    after last: UniversalIdentifier?, limit: Int
  ) throws(StoreError) -> [DeviceStatus] {
    let sql = """
      SELECT \(SQLiteStore.deviceColumns), checkin_at, checkin_component, checkin_version,
      checkin_sequence_number, checkin_image FROM devices WHERE ?1 IS NULL OR id > ?1 ORDER BY id LIMIT ?2
      """
    let values: [SQLiteValue] = [.identifier(last), .integer(Int64(max(0, limit)))]
    var statuses = try connection.query(sql, values) { (row) throws(StoreError) in
      let device = try SQLiteStore.device(in: row)
      return DeviceStatus(
        device: device, lastCheckIn: try SQLiteStore.checkIn(in: row, of: device.id), lastReceipt: nil)
    }
    for index in statuses.indices {
      statuses[index].lastReceipt = try lastReceipt(of: statuses[index].device.id)
    }
    return statuses
  }

  private static func device(in row: SQLiteStatement) throws(StoreError) -> RegisteredDevice {
    guard let algorithm = SignatureAlgorithm(rawValue: try row.integer(4)) else { throw row.corrupt }
    let key: PublicKey
    let bytes = try row.blob(5)
    do throws(CryptoError) {
      key = try PublicKey(algorithm: algorithm, bytes: bytes)
    } catch {
      throw row.corrupt
    }
    return RegisteredDevice(
      id: try row.identifier(0), vendorID: try row.identifier(1), classID: try row.identifier(2),
      hardwareRevision: try row.integer(3), publicKey: key)
  }

  private static func checkIn(
    in row: SQLiteStatement, of device: UniversalIdentifier
  ) throws(StoreError) -> CheckIn? {
    guard !row.isNull(6) else { return nil }
    return CheckIn(
      device: device, component: try row.component(7), version: try row.version(8),
      sequenceNumber: try row.sequenceNumber(9), imageDigest: try row.digest(10), at: try row.time(6))
  }
}
