public import OTAServer

/// Keeps registry, updates, deployments and receipts in one SQLite file.
///
/// What a function returned from is on the disk: write-ahead log, flushed at each commit. All access goes through one
/// serial queue of the store; other processes may read and write the same file.
public actor SQLiteStore: ServerStore {
  let connection: SQLiteConnection
  private let executor: DatabaseExecutor

  /// The queue on which the store works; never a thread of the cooperative pool, for a database blocks.
  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    unsafe executor.asUnownedSerialExecutor()
  }

  /// Opens a database file, makes it if it is missing, and brings its tables to the newest version.
  ///
  /// - Parameters:
  ///   - path: the file, in a folder that exists; `:memory:` for a store that ends with this object.
  ///   - busyTimeoutMilliseconds: how long each function waits for the lock of another process.
  /// - Throws: ``StoreError/cannotOpen(path:)``, ``StoreError/notADatabase(path:)`` (also another program's),
  ///   ``StoreError/corrupt(path:)``, ``StoreError/readOnly(path:)``, ``StoreError/newerSchema(path:version:)``,
  ///   ``StoreError/busy(path:)``, ``StoreError/storageFull(path:)`` or ``StoreError/failed(path:status:)`` with the
  ///   extended result code of SQLite.
  public init(path: String, busyTimeoutMilliseconds: Int32 = 5000) throws(StoreError) {
    let connection = try SQLiteConnection(path: path, busyTimeoutMilliseconds: busyTimeoutMilliseconds)
    // Before anything is written: another program's database is left as it is.
    try Schema.version(connection, path: path)
    // A device forgets its report once the server has answered: what was answered must outlive a loss of power.
    try connection.execute(
      script: "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")
    try Schema.migrate(connection, path: path)
    self.connection = connection
    self.executor = DatabaseExecutor()
  }
}
