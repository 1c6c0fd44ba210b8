import OTAPartition

// What operations do to the cells: in whole, and when they are interrupted.

extension SimulatedFlash {
  /// Where a unit of writing is.
  struct UnitPlace {
    var block: Int
    /// Its number in the block.
    var index: Int
  }

  func places(ofUnits count: Int, at offset: UInt32) -> [UnitPlace] {
    var places: [UnitPlace] = []
    places.reserveCapacity(count)
    var block = blockIndex(of: offset)
    var index = Int((offset - borders[block]) / geometry.writeSize)
    for _ in 0..<count {
      if index == blocks[block].isUsed.count {
        block += 1
        index = 0
      }
      places.append(UnitPlace(block: block, index: index))
      index += 1
    }
    return places
  }

  // MARK: Writing

  mutating func write(_ source: Span<UInt8>, to units: [UnitPlace], outcome: TornOutcome) {
    switch outcome {
    case .notDone:
      break
    case .done:
      write(source, to: units.prefix(units.count))
    case .prefix(let count):
      write(source, to: units.prefix(max(0, count)))
    case .randomBits(let seed):
      var random = SplitMix64(seed: seed)
      for (number, unit) in units.enumerated() {
        writeSomeBits(of: part(number, of: source), to: unit, using: &random)
      }
    case .partial(let count, let seed):
      var random = SplitMix64(seed: seed)
      let torn = min(max(0, count), units.count - 1)
      write(source, to: units.prefix(torn))
      writeSomeBits(of: part(torn, of: source), to: units[torn], using: &random)
    case .unstable(let count):
      let torn = min(max(0, count), units.count - 1)
      write(source, to: units.prefix(torn))
      writeUnstably(part(torn, of: source), to: units[torn])
    case .marginal(let count, let seed):
      let torn = min(max(0, count), units.count - 1)
      write(source, to: units.prefix(torn))
      writeUnstably(part(torn, of: source), to: units[torn], oneBit: seed, seemsDone: true)
    case .faint(let count, let seed):
      let torn = min(max(0, count), units.count - 1)
      write(source, to: units.prefix(torn))
      writeUnstably(part(torn, of: source), to: units[torn], oneBit: seed, seemsDone: false)
    case .unseen:
      blocks[units[0].block].isUsed[units[0].index] = true
    }
  }

  /// What goes into the unit with this number.
  @_lifetime(copy source)
  private func part(_ number: Int, of source: Span<UInt8>) -> Span<UInt8> {
    let size = Int(geometry.writeSize)
    return source.extracting(number * size..<(number + 1) * size)
  }

  private mutating func write(_ source: Span<UInt8>, to units: ArraySlice<UnitPlace>) {
    let size = Int(geometry.writeSize)
    var done = 0
    while done < units.count {
      let place = units[units.startIndex + done]
      let count = min(blocks[place.block].isUsed.count - place.index, units.count - done)
      blocks[place.block].program(
        source.extracting(done * size..<(done + count) * size), at: place.index,
        erasedByte: geometry.erasedByte, weakens: !geometry.isMultiwrite)
      done += count
    }
  }

  /// Changes bits from erased to programmed, as far as the source wants them programmed.
  private func combine(_ old: UInt8, _ new: UInt8) -> UInt8 {
    geometry.erasedByte == 0xff ? old & new : old | new
  }

  private mutating func writeSomeBits(
    of source: Span<UInt8>, to unit: UnitPlace, using random: inout SplitMix64
  ) {
    let start = unit.index * source.count
    for index in 0..<source.count {
      let old = blocks[unit.block].bytes[start + index]
      let change = (old ^ combine(old, source[index])) & UInt8(truncatingIfNeeded: random.next())
      blocks[unit.block].bytes[start + index] = old ^ change
    }
    blocks[unit.block].isUsed[unit.index] = true
  }

  private mutating func writeUnstably(_ source: Span<UInt8>, to unit: UnitPlace) {
    let start = unit.index * source.count
    for index in 0..<source.count {
      let old = blocks[unit.block].bytes[start + index]
      addUnstable(old ^ combine(old, source[index]), at: start + index, of: unit.block)
    }
    blocks[unit.block].isUsed[unit.index] = true
  }

  /// One bit of those that were to change becomes unstable.
  private mutating func writeUnstably(
    _ source: Span<UInt8>, to unit: UnitPlace, oneBit seed: UInt64, seemsDone: Bool
  ) {
    let start = unit.index * source.count
    var changes: [UInt8] = []
    for index in 0..<source.count {
      let old = blocks[unit.block].bytes[start + index]
      changes.append(old ^ combine(old, source[index]))
      if seemsDone { blocks[unit.block].bytes[start + index] = combine(old, source[index]) }
    }
    addUnstableBit(among: changes, at: start, of: unit.block, seed: seed)
    blocks[unit.block].isUsed[unit.index] = true
  }

  private mutating func addUnstable(_ bits: UInt8, at index: Int, of block: Int) {
    blocks[block].addUnstable(bits, at: index)
  }

  /// Makes one of the bits that are set in `changes` unstable.
  private mutating func addUnstableBit(among changes: [UInt8], at start: Int, of block: Int, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    guard let (index, byte) = changes.enumerated().filter({ $0.element != 0 }).randomElement(using: &random),
      let bit = (0..<8).filter({ byte >> UInt8($0) & 1 != 0 }).randomElement(using: &random)
    else { return }
    addUnstable(1 << UInt8(bit), at: start + index, of: block)
  }

  // MARK: Erasing

  mutating func eraseBlocks(_ range: Range<Int>, outcome: TornOutcome) {
    switch outcome {
    case .notDone:
      break
    case .done:
      for block in range { erase(block) }
    case .prefix(let units):
      var left = max(0, units)
      for block in range {
        let count = blocks[block].isUsed.count
        if left >= count { erase(block) } else { erase(firstUnits: left, of: block) }
        guard left >= count else { return }
        left -= count
      }
    case .randomBits(let seed):
      var random = SplitMix64(seed: seed)
      for block in range {
        // Most of a large block is erased already.
        let bytes = blocks[block].bytes
        for index in bytes.indices where bytes[index] != geometry.erasedByte {
          let change = (bytes[index] ^ geometry.erasedByte) & UInt8(truncatingIfNeeded: random.next())
          blocks[block].bytes[index] = bytes[index] ^ change
        }
        touch(block)
      }
    case .partial(let units, let seed):
      var random = SplitMix64(seed: seed)
      let torn = eraseBlocks(of: range, before: units)
      for unit in blocks[torn].isUsed.indices where random.next() & 1 == 0 { clear(unit: unit, of: torn) }
      touch(torn)
    case .unstable(let units):
      let torn = eraseBlocks(of: range, before: units)
      let bytes = blocks[torn].bytes
      for index in bytes.indices where bytes[index] != geometry.erasedByte {
        addUnstable(bytes[index] ^ geometry.erasedByte, at: index, of: torn)
      }
      touch(torn)
    case .marginal(let units, let seed):
      tear(eraseBlocks(of: range, before: units), oneBit: seed, seemsDone: true)
    case .faint(let units, let seed):
      tear(eraseBlocks(of: range, before: units), oneBit: seed, seemsDone: false)
    case .unseen:
      for block in range {
        erase(block)
        blocks[block].isUsed = [Bool](repeating: true, count: blocks[block].isUsed.count)
      }
    }
  }

  private mutating func tear(_ block: Int, oneBit seed: UInt64, seemsDone: Bool) {
    let changes = blocks[block].bytes.map { $0 ^ geometry.erasedByte }
    if seemsDone {
      for unit in blocks[block].isUsed.indices { clear(unit: unit, of: block) }
    }
    addUnstableBit(among: changes, at: 0, of: block, seed: seed)
    touch(block)
  }

  private mutating func erase(_ block: Int) {
    blocks[block] = erasedBlock(block)
    wear[block] += 1
    counters.blocksErased += 1
  }

  /// Erases the blocks before the one with this unit.
  ///
  /// - Returns: that one, for the caller to tear.
  private mutating func eraseBlocks(of range: Range<Int>, before units: Int) -> Int {
    var left = max(0, units)
    for block in range.dropLast() {
      guard left >= blocks[block].isUsed.count else { return block }
      left -= blocks[block].isUsed.count
      erase(block)
    }
    return range.upperBound - 1
  }

  private mutating func erase(firstUnits count: Int, of block: Int) {
    guard count > 0 else { return }
    for unit in 0..<count { clear(unit: unit, of: block) }
    touch(block)
  }

  private mutating func clear(unit: Int, of block: Int) {
    blocks[block].clear(unit: unit, erasedByte: geometry.erasedByte)
  }

  /// An erase that did not end leaves no unit that may be written, whatever it reads as.
  private mutating func touch(_ block: Int) {
    blocks[block].touch()
    wear[block] += 1
    counters.blocksErased += 1
  }
}

// MARK: Decay

extension SimulatedFlash {
  /// What was written over used units holds while the power is on, and may not afterwards: one bit of every other weak
  /// unit falls back.
  mutating func decay(using random: inout SplitMix64) {
    let size = Int(geometry.writeSize)
    for block in blocks.indices where !blocks[block].weakUnits.isEmpty {
      for unit in blocks[block].weakUnits.sorted() where random.next() & 1 == 0 {
        let bytes = blocks[block].bytes[unit * size..<(unit + 1) * size].map { $0 ^ geometry.erasedByte }
        guard let index = bytes.indices.filter({ bytes[$0] != 0 }).randomElement(using: &random) else {
          continue
        }
        blocks[block].bytes[unit * size + index] ^= bytes[index] & (0 &- bytes[index])
      }
    }
  }
}
