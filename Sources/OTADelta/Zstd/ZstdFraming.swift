/// Where the parts of a frame begin and end.
///
/// The library is given one part at a time, so that an error of one never swallows the output of another: where
/// input is cut would otherwise change what comes out.
///
/// - Note: Source: RFC 8878, sections 3.1.1 and 3.1.1.2.
struct ZstdFraming {
  private enum Part: UInt8 {
    case blockHeader
    case block
    case checksum
    case end
  }

  private var part = Part.blockHeader
  private var blockHeader: UInt32 = 0
  private let hasChecksum: Bool

  /// How many bytes of the current part are missing.
  private var missing = 3

  /// How many bytes to give to the library at once, at most; 0 only behind the frame.
  ///
  /// Of a stored block it gives out what it has, but what comes with the last byte is lost if the frame turns out to
  /// have the wrong size: so that byte is always given alone.
  var largestPiece: Int {
    part == .block && blockHeader >> 1 & 3 == 0 && missing > 1 ? missing - 1 : missing
  }

  init(hasChecksum: Bool) {
    self.hasChecksum = hasChecksum
  }

  /// Goes on behind bytes of the current part.
  ///
  /// - Parameter bytes: at most ``largestPiece``, not none.
  /// - Returns: how many bytes the block will make, if these completed a header that says so; `nil` otherwise.
  mutating func take(_ bytes: Span<UInt8>) -> UInt64? {
    if part == .blockHeader {
      for index in 0..<bytes.count {
        blockHeader |= UInt32(bytes[index]) << UInt32(8 * (3 - missing + index))
      }
    }
    missing -= bytes.count
    guard missing == 0 else { return nil }
    switch part {
    case .blockHeader:
      let size = Int(blockHeader >> 3)
      let isStoredOrRepeated = blockHeader >> 1 & 3 <= 1
      // Type 1 is one byte that is repeated. An unknown type is for the library to refuse.
      missing = blockHeader >> 1 & 3 == 1 ? 1 : size
      part = .block
      if missing == 0 { endBlock() }
      return isStoredOrRepeated ? UInt64(size) : nil
    case .block:
      endBlock()
    case .checksum, .end:
      part = .end
    }
    return nil
  }

  private mutating func endBlock() {
    let isLast = blockHeader & 1 != 0
    blockHeader = 0
    if !isLast {
      part = .blockHeader
      missing = 3
    } else if hasChecksum {
      part = .checksum
      missing = 4
    } else {
      part = .end
      missing = 0
    }
  }
}
