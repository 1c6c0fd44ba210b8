import OTAPartition

// A device as a state: what it is apart from, and equal to, another.

extension SimulatedFlash {
  /// The hash of everything that decides what the device does after its next start.
  ///
  /// That is: bytes, units in use, unstable bits, weak units, bad blocks, what happens to writes over used units, and the
  /// ``note``; the ``wear`` only if there is an ``endurance``. Not in it: whether there is power, a cut that is still to
  /// come, counters, clock and log. Two devices of one geometry with the same hash behave alike from the same call of
  /// ``restorePower(seed:)`` on.
  ///
  /// Only blocks that have changed since their last hash are read. Calling ``rememberHashes()`` before copies are made
  /// saves the copies that work.
  public var stateHash: StateHash {
    var hasher = StateHasher()
    for block in blocks { hasher.combine(block.computedHash) }
    hasher.combine(note)
    hasher.combine(UInt64(writeToUsed.rawValue))
    if !badBlocks.isEmpty {
      hasher.combine(1)
      for (block, faults) in badBlocks.sorted(by: { $0.key < $1.key }) {
        hasher.combine(UInt64(block) << 8 | UInt64(faults.rawValue))
      }
    }
    if let endurance {
      hasher.combine(2)
      hasher.combine(UInt64(endurance.erases))
      hasher.combine(UInt64(endurance.faults.rawValue))
      for count in wear { hasher.combine(UInt64(count)) }
    }
    return hasher.finalize()
  }

  /// Computes what is missing for ``stateHash``, so that it is there in all copies that are made from now on.
  public mutating func rememberHashes() {
    for index in blocks.indices where blocks[index].knownHash == nil { _ = blocks[index].hash() }
  }

  /// Whether every start from this state reads the same: there are no unstable bits, no weak units, and no bad blocks.
  public var readsTheSame: Bool { !mayHaveFaults && blocks.allSatisfy(\.readsTheSame) }

  /// The first stored byte that is another one than in another state of the same device.
  ///
  /// - Parameters:
  ///   - other: a state of a device with the same geometry.
  ///   - ranges: what is not looked at, in any order.
  /// - Returns: its offset, or `nil` if all are the same. Blocks that both share are not read.
  public func firstDifference(from other: SimulatedFlash, outside ranges: [Range<UInt32>]) -> UInt32? {
    precondition(borders.count == other.borders.count, "states of one device")
    for block in blocks.indices where !blocks[block].hasSameBytes(as: other.blocks[block]) {
      let bytes = blocks[block].bytes
      let others = other.blocks[block].bytes
      for index in bytes.indices where bytes[index] != others[index] {
        let offset = borders[block] + UInt32(index)
        if !ranges.contains(where: { $0.contains(offset) }) { return offset }
      }
    }
    return nil
  }
}
