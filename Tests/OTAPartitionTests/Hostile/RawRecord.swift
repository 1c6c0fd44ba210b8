import OTACore
import OTAFlashSimulator
import OTAPartition

/// A record of a journal as bytes, with every field at hand: written down from Docs/PowerLossModel.md, and not with the
/// code that reads it.
struct RawRecord {
  var magic: [UInt8] = Array("OTAJ".utf8)
  var version: UInt8 = 1
  var zero: UInt8 = 0
  /// What the header says; `nil` is the truth.
  var count: UInt16?
  var sequence: UInt32
  var payload: [UInt8]
  var hasChecksum = true
  var hasSeal = true
  var hasClaim = false

  /// How long a place is on a device, for values of this length.
  static func stride(_ geometry: FlashGeometry, capacity: Int = DeviceState.maximumSize) -> Int {
    let unit = Int(geometry.writeSize)
    return 2 * max(unit, 8) + (16 + capacity + unit - 1) / unit * unit
  }

  /// The bytes of a place; a payload that is too long for it is cut off.
  func bytes(_ geometry: FlashGeometry, capacity: Int = DeviceState.maximumSize) -> [UInt8] {
    let mark = max(Int(geometry.writeSize), 8)
    let seal = (0..<mark).map { [0x53, 0xac, 0x35, 0xca][$0 % 4] as UInt8 }
    let erased = [UInt8](repeating: geometry.erasedByte, count: mark)
    let stride = Self.stride(geometry, capacity: capacity)
    let length = count ?? UInt16(truncatingIfNeeded: payload.count)
    var body = magic + [version, zero, UInt8(truncatingIfNeeded: length), UInt8(length >> 8)]
    body += sequence.littleEndianBytes + payload
    let checksum = CRC32.checksum(of: body.span)
    body += (hasChecksum ? checksum : ~checksum).littleEndianBytes
    body = Array(body.prefix(stride - 2 * mark))
    body += [UInt8](repeating: geometry.erasedByte, count: stride - 2 * mark - body.count)
    return (hasClaim ? seal : erased) + body + (hasSeal ? seal : erased)
  }
}

extension UInt32 {
  var littleEndianBytes: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: self >> (8 * $0)) } }
}

extension SplitMix64 {
  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }

  /// One of a few.
  mutating func pick<Element>(_ choices: [Element]) -> Element {
    choices[Int(next() % UInt64(choices.count))]
  }

  /// True in one of so many times.
  mutating func isOne(in count: UInt64) -> Bool { next() % count == 0 }

  /// Changes some bytes: to values at limits, to noise, or to copies of others.
  mutating func mutate(_ bytes: inout [UInt8], in range: Range<Int>, times: Int) {
    guard !range.isEmpty else { return }
    for _ in 0..<times {
      let place = range.lowerBound + Int(next() % UInt64(range.count))
      switch next() % 4 {
      case 0: bytes[place] ^= 1 << UInt8(next() % 8)
      case 1: bytes[place] = pick([0, 1, 2, 0x7f, 0x80, 0xfe, 0xff])
      case 2: bytes[place] = UInt8(truncatingIfNeeded: next())
      default:
        let count = min(Int(next() % 400), range.upperBound - place)
        let source = range.lowerBound + Int(next() % UInt64(range.count - count + 1))
        bytes.replaceSubrange(place..<place + count, with: Array(bytes[source..<source + count]))
      }
    }
  }
}
