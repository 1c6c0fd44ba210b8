import CZlib

/// The parts of a gzip member around its stream.
///
/// - Note: Source: RFC 1952, section 2.3.
enum GzipHeader {
  /// Where the header at a place ends.
  ///
  /// - Returns: `nil` if there is no header, or it does not fit the file.
  static func end(in file: [UInt8], at start: Int) -> Int? {
    // Magic number, the one method that there is, and no reserved flag.
    guard file.count - start >= 18, file[start + 2] == 8, file[start + 3] & 0xe0 == 0 else { return nil }
    let flags = file[start + 3]
    var position = start + 10
    if flags & 4 != 0 {
      let size = Int(file[position]) | Int(file[position + 1]) << 8
      guard file.count - position - 2 >= size else { return nil }
      position += 2 + size
    }
    // A name, a comment; both end with a zero.
    for flag in [8, 16] as [UInt8] where flags & flag != 0 {
      // Longer ones are no names: a file of headers would else be read again and again.
      guard let zero = file[position...].prefix(1024).firstIndex(of: 0) else { return nil }
      position = zero + 1
    }
    if flags & 2 != 0 { position += 2 }
    return position < file.count ? position : nil
  }

  /// Whether CRC-32 and size of a content stand at a place.
  static func trailerIsRight(of content: [UInt8], in file: [UInt8], at position: Int) -> Bool {
    guard file.count - position >= 8 else { return false }
    func word(_ offset: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(file[position + offset + $1]) << UInt32(8 * $1) }
    }
    guard word(4) == UInt32(truncatingIfNeeded: content.count) else { return false }
    let checksum = unsafe content.withUnsafeBufferPointer { unsafe crc32_z(0, $0.baseAddress, $0.count) }
    return word(0) == UInt32(truncatingIfNeeded: checksum)
  }
}
