import OTAPartition

// What goes wrong with the cells while the power is on, and while nothing happens at all.

extension SimulatedFlash {
  /// Makes the blocks that a range touches bad, or good again.
  ///
  /// - Parameters:
  ///   - faults: what is bad about them from now on; nothing makes them good, as far as they are not worn out.
  ///   - range: any bytes; each block that has one of them is meant.
  /// - Precondition: the range is inside the device.
  public mutating func setFaults(_ faults: BlockFaults, in range: Range<UInt32>) {
    for block in blockIndices(touching: range) { badBlocks[block] = faults.isEmpty ? nil : faults }
  }

  /// What is bad about the block that holds a byte: what was set, and what wear has brought.
  ///
  /// - Precondition: the offset is inside the device.
  public func faults(at offset: UInt32) -> BlockFaults {
    precondition(offset < geometry.capacity, "inside the device")
    return faults(ofBlock: blockIndex(of: offset))
  }

  /// Wears blocks out without erasing them.
  ///
  /// - Parameters:
  ///   - range: any bytes; each block that has one of them is meant.
  ///   - erases: is added to their ``wear``.
  /// - Precondition: the range is inside the device, and `erases` is not negative.
  public mutating func age(_ range: Range<UInt32>, by erases: Int) {
    precondition(erases >= 0, "blocks do not grow younger")
    for block in blockIndices(touching: range) { wear[block] += erases }
  }

  /// Inverts random bits at rest; no operation is counted, and none notices.
  ///
  /// Units that were writable stay so: what is written over a bit that has fallen combines with it.
  ///
  /// - Parameters:
  ///   - count: how many different bits.
  ///   - range: where they are.
  ///   - seed: of their choice; the same seed inverts the same bits, so that a second call takes them back.
  /// - Returns: the bytes that have changed, in ascending order, each once.
  /// - Precondition: the range is inside the device and has so many bits.
  @discardableResult
  public mutating func rot(bits count: Int, in range: Range<UInt32>, seed: UInt64) -> [UInt32] {
    let total = range.count * 8
    precondition(count >= 0 && count <= total, "so many bits")
    precondition(range.upperBound <= geometry.capacity, "inside the device")
    // Floyd's choice of a subset: each equally likely, and one random number a bit.
    var random = SplitMix64(seed: seed)
    var bits: Set<Int> = []
    for last in total - count..<total {
      let bit = Int.random(in: 0...last, using: &random)
      bits.insert(bits.contains(bit) ? last : bit)
    }
    var changed: Set<UInt32> = []
    for bit in bits {
      let offset = range.lowerBound + UInt32(bit / 8)
      flipBits(1 << UInt8(bit % 8), at: offset)
      changed.insert(offset)
    }
    return changed.sorted()
  }

  // MARK: Parts

  /// Whether any block may be bad; a device without bad blocks does not look at each.
  var mayHaveFaults: Bool { !badBlocks.isEmpty || endurance != nil }

  func faults(ofBlock block: Int) -> BlockFaults {
    var faults = badBlocks[block] ?? []
    if let endurance, wear[block] >= endurance.erases { faults.formUnion(endurance.faults) }
    return faults
  }

  /// The blocks that have a byte of this range.
  func blockIndices(touching range: Range<UInt32>) -> Range<Int> {
    precondition(range.upperBound <= geometry.capacity, "inside the device")
    guard !range.isEmpty else { return 0..<0 }
    return blockIndex(of: range.lowerBound)..<blockIndex(of: range.upperBound - 1) + 1
  }

  /// What bad blocks make of an operation.
  struct FaultEffect {
    /// The block at which it fails; what is behind it is not begun.
    var failing: Int?
    /// Blocks that do not take part, silently.
    var ignoring: [Int] = []

    /// How the log calls it.
    var result: Operation.Result {
      if failing != nil { return .failed }
      return ignoring.isEmpty ? .completed : .ignored
    }
  }

  /// Looks at the blocks of an operation, up to the first one at which it fails.
  func effect(on range: Range<Int>, error: BlockFaults, ignored: BlockFaults) -> FaultEffect {
    var effect = FaultEffect()
    guard mayHaveFaults else { return effect }
    for block in range {
      let faults = faults(ofBlock: block)
      if faults.contains(error) {
        effect.failing = block
        return effect
      }
      if faults.contains(ignored) { effect.ignoring.append(block) }
    }
    return effect
  }
}
