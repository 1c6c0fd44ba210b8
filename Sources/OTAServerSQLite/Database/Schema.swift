import OTAServer

/// The tables, and the steps from each version of them to the next.
///
/// Identifiers and digests are BLOBs of 16 and 32 bytes, components BLOBs, versions text, times seconds since 1970.
enum Schema {
  /// Stands in the header of the file, and tells our databases from those of other programs: `OTAs`.
  static let applicationID: Int32 = 0x4F54_4173

  /// Element n leads from version n to n + 1; steps that were released never change.
  static let migrations: [String] = [
    """
    CREATE TABLE devices (
      id BLOB NOT NULL PRIMARY KEY,
      vendor BLOB NOT NULL,
      class BLOB NOT NULL,
      hardware_revision INTEGER NOT NULL,
      key_algorithm INTEGER NOT NULL,
      public_key BLOB NOT NULL,
      registered_at INTEGER NOT NULL,
      checkin_at INTEGER,
      checkin_component BLOB,
      checkin_version TEXT,
      checkin_sequence_number INTEGER,
      checkin_image BLOB
    ) WITHOUT ROWID;

    CREATE TABLE artifacts (
      digest BLOB NOT NULL PRIMARY KEY,
      size INTEGER NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE updates (
      id BLOB NOT NULL PRIMARY KEY REFERENCES artifacts (digest),
      envelope_size INTEGER NOT NULL,
      sequence_number INTEGER NOT NULL,
      new_version TEXT NOT NULL,
      required_version TEXT,
      component BLOB NOT NULL,
      vendor BLOB NOT NULL,
      class BLOB NOT NULL,
      device BLOB,
      hardware_first INTEGER,
      hardware_last INTEGER,
      image BLOB NOT NULL,
      image_size INTEGER NOT NULL,
      payload BLOB NOT NULL REFERENCES artifacts (digest),
      payload_size INTEGER NOT NULL,
      delta_format INTEGER,
      delta_source BLOB,
      delta_source_size INTEGER,
      delta_memory INTEGER,
      published_at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX updates_by_target ON updates (class, component, vendor, sequence_number);

    CREATE TABLE deployments (
      device BLOB NOT NULL REFERENCES devices (id),
      update_id BLOB NOT NULL REFERENCES updates (id),
      state INTEGER NOT NULL,
      code INTEGER,
      offered_at INTEGER,
      reported_at INTEGER,
      PRIMARY KEY (device, update_id)
    ) WITHOUT ROWID;
    CREATE INDEX deployments_by_update ON deployments (update_id, state);

    CREATE TABLE receipts (
      id INTEGER PRIMARY KEY,
      device BLOB NOT NULL REFERENCES devices (id),
      update_id BLOB NOT NULL REFERENCES updates (id),
      outcome INTEGER NOT NULL,
      code INTEGER,
      image BLOB NOT NULL,
      sequence_number INTEGER NOT NULL,
      bytes BLOB NOT NULL,
      received_at INTEGER NOT NULL,
      UNIQUE (device, bytes)
    );
    CREATE INDEX receipts_by_device ON receipts (device, id);
    """
  ]

  /// Finds the version of the tables, 0 for a database without any, and writes nothing.
  ///
  /// - Throws: `StoreError.newerSchema`; `StoreError.notADatabase` if the tables are those of
  ///   another program.
  @discardableResult
  static func version(_ connection: SQLiteConnection, path: String) throws(StoreError) -> Int {
    let version: Int = try number(connection, "PRAGMA user_version")
    let application: Int32 = try number(connection, "PRAGMA application_id")
    let tables: Int = try number(connection, "SELECT count(*) FROM sqlite_schema")
    guard application == applicationID || (version == 0 && application == 0 && tables == 0) else {
      throw .notADatabase(path: path)
    }
    guard (0...migrations.count).contains(version) else {
      throw .newerSchema(path: path, version: version)
    }
    return version
  }

  /// Brings a database to the newest version, all steps or none.
  ///
  /// - Throws: as ``version(_:path:)``.
  static func migrate(_ connection: SQLiteConnection, path: String) throws(StoreError) {
    try connection.transaction { () throws(StoreError) in
      let version = try version(connection, path: path)
      guard version < migrations.count else { return }
      for step in migrations[version...] { try connection.execute(script: step) }
      try connection.execute(script: "PRAGMA application_id = \(applicationID)")
      try connection.execute(script: "PRAGMA user_version = \(migrations.count)")
    }
  }

  private static func number<Number: FixedWidthInteger>(
    _ connection: SQLiteConnection, _ sql: String
  ) throws(StoreError) -> Number {
    let rows = try connection.query(sql) { (row) throws(StoreError) -> Number in try row.integer(0) }
    return rows.first ?? 0
  }
}
