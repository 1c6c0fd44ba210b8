import OTAPartition

extension SimulatedFlash {
  /// Everything that is stored, unstable bits as they were before they became so.
  public var contents: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(geometry.capacity))
    for block in blocks { bytes += block.bytes }
    return bytes
  }

  /// Puts bytes on the device as if they had always been there; no operation is counted.
  ///
  /// A unit that is not all erased counts as written.
  ///
  /// - Precondition: as many bytes as the device has.
  public mutating func setContents(_ bytes: [UInt8]) {
    precondition(bytes.count == Int(geometry.capacity), "as many bytes as the device has")
    for index in blocks.indices {
      setContents(ofBlock: index, to: bytes[Int(borders[index])..<Int(borders[index + 1])])
    }
  }

  private mutating func setContents(ofBlock index: Int, to bytes: ArraySlice<UInt8>) {
    blocks[index].bytes = Array(bytes)
    blocks[index].unstableBits = []
    let unit = Int(geometry.writeSize)
    for number in blocks[index].isUsed.indices {
      let content = blocks[index].bytes[number * unit..<(number + 1) * unit]
      blocks[index].isUsed[number] = content.contains { $0 != geometry.erasedByte }
    }
  }

  /// Inverts bits of one stored byte: bit rot, or an attacker with a probe.
  ///
  /// - Precondition: the offset is inside the device.
  public mutating func flipBits(_ bits: UInt8, at offset: UInt32) {
    precondition(offset < geometry.capacity, "inside the device")
    let block = blockIndex(of: offset)
    blocks[block].bytes[Int(offset - borders[block])] ^= bits
  }

  /// The blocks whose contents are not those of another state of the same device.
  ///
  /// Blocks that two copies share are told without a look at their bytes.
  func blocksThatDiffer(from other: SimulatedFlash) -> [Range<UInt32>] {
    blocks.indices.filter { !blocks[$0].hasSameBytes(as: other.blocks[$0]) }.map {
      borders[$0]..<borders[$0 + 1]
    }
  }

  /// The bytes of one range, as ``contents``.
  ///
  /// - Precondition: the range is inside the device.
  public func contents(of range: Range<UInt32>) -> [UInt8] {
    precondition(range.upperBound <= geometry.capacity, "inside the device")
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count)
    var offset = range.lowerBound
    while offset < range.upperBound {
      let block = blockIndex(of: offset)
      let end = min(borders[block + 1], range.upperBound)
      bytes += blocks[block].bytes[Int(offset - borders[block])..<Int(end - borders[block])]
      offset = end
    }
    return bytes
  }
}
