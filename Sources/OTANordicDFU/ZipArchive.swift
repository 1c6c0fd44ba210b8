import CZip
import OTACore

/// A zip archive in memory, read and written with libzip: files by name, none of which ever becomes a path.
enum ZipArchive {
  /// Reads all files.
  ///
  /// No more is unpacked of a file than the archive says of it, and no more memory taken than the limits allow.
  ///
  /// - Parameters:
  ///   - bytes: the archive.
  ///   - limits: how much is accepted.
  /// - Returns: the files by name.
  /// - Throws: ``NordicPackageError/notAnArchive``, ``NordicPackageError/tooManyFiles``,
  ///   ``NordicPackageError/fileTooLarge``, ``NordicPackageError/unsupportedCompression``,
  ///   ``NordicPackageError/unusableName``, ``NordicPackageError/damagedFile``.
  static func files(
    in bytes: [UInt8], limits: PackageLimits
  ) throws(NordicPackageError) -> [String: [UInt8]] {
    guard !bytes.isEmpty else { throw .notAnArchive }
    // The pointer is good for as long as the closure runs, and so is the archive.
    let result = unsafe bytes.withUnsafeBytes { buffer -> Result<[String: [UInt8]], NordicPackageError> in
      guard let source = unsafe zip_source_buffer_create(buffer.baseAddress, UInt64(buffer.count), 0, nil)
      else { return .failure(.notAnArchive) }
      guard let archive = unsafe zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, nil) else {
        unsafe zip_source_free(source)
        return .failure(.notAnArchive)
      }
      defer { unsafe zip_discard(archive) }
      do throws(NordicPackageError) {
        return .success(try unsafe files(in: archive, limits: limits))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private static func files(
    in archive: OpaquePointer, limits: PackageLimits
  ) throws(NordicPackageError) -> [String: [UInt8]] {
    let count = unsafe zip_get_num_entries(archive, 0)
    guard count >= 0, count <= limits.fileCount else { throw .tooManyFiles }
    var files: [String: [UInt8]] = [:]
    var room = limits.totalSize
    for index in 0..<UInt64(count) {
      let (name, contents) = try unsafe file(index, in: archive, limit: min(room, limits.fileSize))
      room -= contents.count
      guard files.updateValue(contents, forKey: name) == nil else { throw .unusableName }
    }
    return files
  }

  private static func file(
    _ index: UInt64, in archive: OpaquePointer, limit: Int
  ) throws(NordicPackageError) -> (name: String, contents: [UInt8]) {
    var status = unsafe zip_stat_t()
    let wanted = UInt64(ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD | ZIP_STAT_NAME)
    guard unsafe zip_stat_index(archive, index, UInt32(ZIP_FL_ENC_STRICT), &status) == 0,
      unsafe status.valid & wanted == wanted, let text = unsafe status.name
    else { throw .notAnArchive }
    let name = unsafe String(cString: text)
    guard isUsable(name) else { throw .unusableName }
    let method = unsafe Int32(status.comp_method)
    guard unsafe status.encryption_method == UInt16(ZIP_EM_NONE),
      method == ZIP_CM_STORE || method == ZIP_CM_DEFLATE
    else { throw .unsupportedCompression }
    guard let size = unsafe Int(exactly: status.size), size <= limit else { throw .fileTooLarge }
    guard let file = unsafe zip_fopen_index(archive, index, 0) else { throw .damagedFile }
    defer { unsafe zip_fclose(file) }
    var contents = [UInt8](repeating: 0, count: size)
    let read = unsafe contents.withUnsafeMutableBytes { buffer -> Int64 in
      guard let start = buffer.baseAddress else { return 0 }
      return unsafe zip_fread(file, start, UInt64(buffer.count))
    }
    guard read == size else { throw .damagedFile }
    // libzip compares the checksum when it meets the end, so it must be asked for one more byte.
    var more: UInt8 = 0
    let rest = unsafe zip_fread(file, &more, 1)
    guard rest == 0 else { throw rest > 0 ? .fileTooLarge : .damagedFile }
    return (name, contents)
  }

  /// Whether a name is one of a plain file.
  static func isUsable(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 255 && name != "." && name != ".."
      && name.utf8.allSatisfy {
        $0 > 0x1f && $0 != 0x7f && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\")
      }
  }

  /// Writes an archive; the same files give the same bytes.
  ///
  /// - Parameter files: names and contents, in order; every name is usable and there once.
  /// - Returns: the archive.
  /// - Throws: ``NordicPackageError/writingFailed``.
  static func archive(_ files: [(name: String, contents: [UInt8])]) throws(NordicPackageError) -> [UInt8] {
    guard let source = unsafe zip_source_buffer_create(nil, 0, 0, nil) else { throw .writingFailed }
    guard let archive = unsafe zip_open_from_source(source, ZIP_TRUNCATE, nil) else {
      unsafe zip_source_free(source)
      throw .writingFailed
    }
    // The archive owns the source; one more owner reads it when the archive is closed.
    unsafe zip_source_keep(source)
    defer { unsafe zip_source_free(source) }
    var isComplete = true
    for file in files { isComplete = unsafe isComplete && add(file.name, file.contents, to: archive) }
    guard isComplete, unsafe zip_close(archive) == 0 else {
      unsafe zip_discard(archive)
      throw .writingFailed
    }
    return try unsafe contents(of: source)
  }

  private static func add(_ name: String, _ contents: [UInt8], to archive: OpaquePointer) -> Bool {
    // libzip reads the bytes when the archive is closed, and then frees them.
    guard let copy = unsafe malloc(max(1, contents.count)) else { return false }
    unsafe contents.withUnsafeBytes { buffer in
      guard let start = buffer.baseAddress else { return }
      unsafe copy.copyMemory(from: start, byteCount: buffer.count)
    }
    guard let source = unsafe zip_source_buffer(archive, copy, UInt64(contents.count), 1) else {
      unsafe free(copy)
      return false
    }
    let index = unsafe zip_file_add(archive, name, source, UInt32(ZIP_FL_ENC_UTF_8))
    guard index >= 0 else {
      unsafe zip_source_free(source)
      return false
    }
    // 1980-01-01, the first day that the format knows.
    return unsafe zip_file_set_dostime(archive, UInt64(index), 0, 0x21, 0) == 0
      && zip_set_file_compression(archive, UInt64(index), ZIP_CM_DEFLATE, 9) == 0
  }

  private static func contents(of source: OpaquePointer) throws(NordicPackageError) -> [UInt8] {
    var status = unsafe zip_stat_t()
    guard unsafe zip_source_stat(source, &status) == 0, let size = unsafe Int(exactly: status.size),
      unsafe zip_source_open(source) == 0
    else { throw .writingFailed }
    defer { unsafe zip_source_close(source) }
    var bytes = [UInt8](repeating: 0, count: size)
    let read = unsafe bytes.withUnsafeMutableBytes { buffer -> Int64 in
      guard let start = buffer.baseAddress else { return 0 }
      return unsafe zip_source_read(source, start, UInt64(buffer.count))
    }
    guard read == size else { throw .writingFailed }
    return bytes
  }
}
