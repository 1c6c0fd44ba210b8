import CSQLite
import OTAServer

/// A value of a column or parameter.
enum SQLiteValue {
  case integer(Int64)
  case text(String)
  case blob([UInt8])
  case null
}

/// A prepared statement; confined to the connection that made it.
@safe final class SQLiteStatement {
  private let pointer: OpaquePointer
  private let path: String

  /// Takes over a statement; `path` names the database in errors.
  init(_ pointer: OpaquePointer, path: String) {
    unsafe self.pointer = pointer
    self.path = path
  }

  deinit {
    unsafe sqlite3_finalize(pointer)
  }

  /// Sets all parameters, in order.
  ///
  /// - Returns: the status of the database.
  func bind(_ values: [SQLiteValue]) -> Int32 {
    for (index, value) in values.enumerated() {
      let status = bind(value, at: Int32(index + 1))
      guard status == SQLITE_OK else { return status }
    }
    return SQLITE_OK
  }

  private func bind(_ value: SQLiteValue, at index: Int32) -> Int32 {
    // The database copies the bytes: they live shorter than the statement.
    let copied = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    switch value {
    case .integer(let number): return unsafe sqlite3_bind_int64(pointer, index, number)
    case .text(let text): return unsafe sqlite3_bind_text(pointer, index, text, -1, copied)
    case .null: return unsafe sqlite3_bind_null(pointer, index)
    case .blob(let bytes):
      // An empty array has no address, and that would bind NULL.
      guard !bytes.isEmpty else { return unsafe sqlite3_bind_zeroblob(pointer, index, 0) }
      return unsafe sqlite3_bind_blob64(pointer, index, bytes, UInt64(bytes.count), copied)
    }
  }

  /// Goes to the next row.
  ///
  /// - Returns: the status of the database: `SQLITE_ROW`, `SQLITE_DONE` or an error.
  func step() -> Int32 {
    unsafe sqlite3_step(pointer)
  }

  /// Makes the statement ready for another run, and drops its parameters.
  func reset() {
    unsafe sqlite3_reset(pointer)
    unsafe sqlite3_clear_bindings(pointer)
  }

  // MARK: columns of the current row

  func isNull(_ column: Int32) -> Bool {
    unsafe sqlite3_column_type(pointer, column) == SQLITE_NULL
  }

  func integer<Number: FixedWidthInteger>(_ column: Int32) throws(StoreError) -> Number {
    guard unsafe sqlite3_column_type(pointer, column) == SQLITE_INTEGER,
      let number = Number(exactly: unsafe sqlite3_column_int64(pointer, column))
    else { throw .corrupt(path: path) }
    return number
  }

  func text(_ column: Int32) throws(StoreError) -> String {
    guard unsafe sqlite3_column_type(pointer, column) == SQLITE_TEXT,
      let text = unsafe sqlite3_column_text(pointer, column)
    else { throw .corrupt(path: path) }
    return unsafe String(cString: text)
  }

  func blob(_ column: Int32) throws(StoreError) -> [UInt8] {
    guard unsafe sqlite3_column_type(pointer, column) == SQLITE_BLOB else { throw .corrupt(path: path) }
    guard let bytes = unsafe sqlite3_column_blob(pointer, column) else { return [] }
    let count = unsafe sqlite3_column_bytes(pointer, column)
    return unsafe [UInt8](UnsafeRawBufferPointer(start: bytes, count: Int(count)))
  }

  /// The error for a row that this program never writes.
  var corrupt: StoreError { .corrupt(path: path) }
}
