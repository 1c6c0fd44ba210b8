#if !hasFeature(Embedded)
extension NativeHeader {
  /// The header as it stands in front of a patch.
  package var serialized: [UInt8] {
    var bytes: [UInt8] = []
    for index in 0..<4 { bytes.append(NativeHeader.magic[index]) }
    bytes += [NativeHeader.version, coder.rawValue, architecture.rawValue, slotBits, matchBits]
    for number in [oldSize, newSize, bodySize, coverCount, regionCount] {
      NativeHeader.append(number, to: &bytes)
    }
    for index in 0..<NativeHeader.digestSize { bytes.append(oldDigest[index]) }
    for index in 0..<NativeHeader.digestSize { bytes.append(newDigest[index]) }
    return bytes
  }

  /// Appends a number of seven bits a byte.
  package static func append(_ number: UInt32, to bytes: inout [UInt8]) {
    var left = number
    while left >= 0x80 {
      bytes.append(UInt8(left & 0x7f) | 0x80)
      left >>= 7
    }
    bytes.append(UInt8(left))
  }
}
#endif
