import OTAPartition

/// A zip archive that is put together by hand, without compression, right or wrong.
enum RawArchive {
  static func word(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
  }

  static func pair(_ value: Int) -> [UInt8] { Array(word(UInt32(value)).prefix(2)) }

  /// The files one after the other, then the directory of them.
  static func bytes(_ files: [(String, [UInt8])]) -> [UInt8] {
    var bytes: [UInt8] = []
    var directory: [UInt8] = []
    for (text, contents) in files {
      let name = Array(text.utf8)
      let size = word(UInt32(contents.count))
      // Version, flags, method, time, date, checksum, sizes, lengths of name and more.
      let middle: [UInt8] =
        pair(20) + pair(0) + pair(0) + pair(0) + pair(0x21) + word(CRC32.checksum(of: contents.span))
        + size + size + pair(name.count) + pair(0)
      directory += [0x50, 0x4b, 1, 2] + pair(20) + middle + pair(0) + pair(0) + pair(0) + word(0)
      directory += word(UInt32(bytes.count)) + name
      bytes += [0x50, 0x4b, 3, 4] + middle + name + contents
    }
    let end: [UInt8] = [0x50, 0x4b, 5, 6] + pair(0) + pair(0) + pair(files.count) + pair(files.count)
    return bytes + directory + end + word(UInt32(directory.count)) + word(UInt32(bytes.count)) + pair(0)
  }

  static func manifest(firmware: String) -> [UInt8] {
    let name = firmware.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    return Array(
      "{\"manifest\": {\"application\": {\"bin_file\": \"\(name)\", \"dat_file\": \"a.dat\"}}}".utf8)
  }
}
