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

  /// How many bytes of the current part are missing; 0 only behind the frame.
  private(set) var missing = 3

  init(hasChecksum: Bool) {
    self.hasChecksum = hasChecksum
  }

  /// Goes on behind bytes of the current part.
  ///
  /// - Parameter bytes: at most as many as are missing, not none.
  mutating func take(_ bytes: Span<UInt8>) {
    if part == .blockHeader {
      for index in 0..<bytes.count {
        blockHeader |= UInt32(bytes[index]) << UInt32(8 * (3 - missing + index))
      }
    }
    missing -= bytes.count
    guard missing == 0 else { return }
    switch part {
    case .blockHeader:
      let size = Int(blockHeader >> 3)
      // Type 1 is one byte that is repeated. An unknown type is for the library to refuse.
      missing = blockHeader >> 1 & 3 == 1 ? 1 : size
      part = .block
      if missing == 0 { endBlock() }
    case .block:
      endBlock()
    case .checksum, .end:
      part = .end
    }
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
