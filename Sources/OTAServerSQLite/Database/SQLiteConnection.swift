import CSQLite
import Glibc
import OTAServer

/// A connection to a database file, with the statements that were prepared on it.
///
/// Not to be shared: the store's executor is the only thread that uses it.
@safe final class SQLiteConnection {
  private let pointer: OpaquePointer
  private let path: String
  private var statements: [String: SQLiteStatement] = [:]

  /// Opens a database file, and makes it if it is missing.
  ///
  /// - Throws: ``StoreError`` with the path.
  init(path: String, busyTimeoutMilliseconds: Int32) throws(StoreError) {
    self.path = path
    var opened: OpaquePointer?
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    let status = unsafe sqlite3_open_v2(path, &opened, flags, nil)
    guard let opened = unsafe opened else { throw .failed(path: path, status: SQLITE_NOMEM) }
    unsafe pointer = opened
    // From here on `deinit` closes the connection, also when this initialiser throws.
    guard status == SQLITE_OK else { throw error(status) }
    unsafe sqlite3_busy_timeout(pointer, busyTimeoutMilliseconds)
    guard unsafe sqlite3_db_readonly(pointer, "main") != 1 else { throw .readOnly(path: path) }
  }

  deinit {
    statements.removeAll()
    unsafe sqlite3_close_v2(pointer)
  }

  /// Runs statements that have no parameters; rows that they return are dropped.
  func execute(script: String) throws(StoreError) {
    try check(unsafe sqlite3_exec(pointer, script, nil, nil, nil))
  }

  /// Runs a statement that returns no rows.
  ///
  /// - Returns: the number of rows that it changed.
  @discardableResult
  func execute(_ sql: String, _ values: [SQLiteValue] = []) throws(StoreError) -> Int {
    let statement = try prepared(sql, values)
    defer { statement.reset() }
    let status = statement.step()
    guard status == SQLITE_DONE || status == SQLITE_ROW else { throw error(status) }
    return Int(unsafe sqlite3_changes(pointer))
  }

  /// Runs a query and maps its rows.
  func query<Row>(
    _ sql: String, _ values: [SQLiteValue] = [], map: (SQLiteStatement) throws(StoreError) -> Row
  ) throws(StoreError) -> [Row] {
    let statement = try prepared(sql, values)
    defer { statement.reset() }
    var rows: [Row] = []
    while true {
      switch statement.step() {
      case SQLITE_ROW: rows.append(try map(statement))
      case SQLITE_DONE: return rows
      case let status: throw error(status)
      }
    }
  }

  /// Runs `body` as one write transaction: all of it is kept, or nothing.
  ///
  /// The lock is taken at the start: a transaction that would begin by reading could not wait for it later.
  func transaction<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
    try execute("BEGIN IMMEDIATE")
    do throws(StoreError) {
      let result = try body()
      try execute("COMMIT")
      return result
    } catch {
      // After some errors, such as a full disk, the database has rolled back by itself.
      if unsafe sqlite3_get_autocommit(pointer) == 0 { _ = try? execute("ROLLBACK") }
      throw error
    }
  }

  private func prepared(_ sql: String, _ values: [SQLiteValue]) throws(StoreError) -> SQLiteStatement {
    let statement: SQLiteStatement
    if let known = statements[sql] {
      statement = known
    } else {
      var made: OpaquePointer?
      try check(unsafe sqlite3_prepare_v3(pointer, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &made, nil))
      guard let made = unsafe made else { throw .failed(path: path, status: SQLITE_MISUSE) }
      statement = unsafe SQLiteStatement(made, path: path)
      statements[sql] = statement
    }
    let status = statement.bind(values)
    guard status == SQLITE_OK else {
      statement.reset()
      throw error(status)
    }
    return statement
  }

  private func check(_ status: Int32) throws(StoreError) {
    guard status == SQLITE_OK else { throw error(status) }
  }

  private func error(_ status: Int32) -> StoreError {
    // The low byte is the kind, the rest says more of it.
    switch status & 0xFF {
    case SQLITE_BUSY, SQLITE_LOCKED: return .busy(path: path)
    case SQLITE_FULL: return .storageFull(path: path)
    case SQLITE_CANTOPEN: return .cannotOpen(path: path)
    case SQLITE_NOTADB: return .notADatabase(path: path)
    case SQLITE_CORRUPT: return .corrupt(path: path)
    case SQLITE_READONLY, SQLITE_PERM: return .readOnly(path: path)
    case SQLITE_IOERR where [ENOSPC, EDQUOT, EFBIG].contains(unsafe sqlite3_system_errno(pointer)):
      return .storageFull(path: path)
    default: return .failed(path: path, status: status)
    }
  }
}
