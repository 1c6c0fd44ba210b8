public import OTAPartition

/// Holds an implementation of `Flash` against the contract.
///
/// It erases and writes the first, second and last erase blocks of the device, wherever they are; nothing on it is kept.
/// Power loss is not tried: that takes hardware, or a simulator.
///
/// - Parameter makeFlash: opens the device; called once for each group of rules, in any state that the one before left.
/// - Returns: what was found; empty if the implementation keeps the contract as far as it can be seen from outside.
public func checkFlashConformance<Device: Flash & ~Copyable>(_ makeFlash: () -> Device) -> [FlashViolation] {
  var violations: [FlashViolation] = []
  for group in FlashProbe<Device>.Group.allCases {
    var probe = FlashProbe(makeFlash())
    probe.run(group)
    violations += probe.violations
  }
  return violations
}

/// Drives one device and collects what it does wrong.
struct FlashProbe<Device: Flash & ~Copyable>: ~Copyable {
  enum Group: CaseIterable {
    case erasing, writing, places, bounds, alignment, rewriting, nothing
  }

  private var flash: Device
  private let geometry: FlashGeometry
  private(set) var violations: [FlashViolation] = []

  init(_ flash: consuming Device) {
    geometry = flash.geometry
    self.flash = flash
  }

  mutating func run(_ group: Group) {
    switch group {
    case .erasing: checkErasing()
    case .writing: checkWriting()
    case .places: checkPlaces()
    case .bounds: checkBounds()
    case .alignment: checkAlignment()
    case .rewriting: checkRewriting()
    case .nothing: checkNothing()
    }
    if flash.geometry != geometry { fail(.geometryChanges, "after \(group)") }
  }

  // MARK: Groups

  private mutating func checkErasing() {
    for block in blocks {
      erase(block)
      expect(
        block, [UInt8](repeating: geometry.erasedByte, count: block.count), .erasedByteIsWrong,
        "after erasing \(block)")
    }
    guard blocks.count > 1 else { return }
    // An erase of one block leaves the next one alone.
    let pattern = pattern(blocks[1].count)
    write(pattern, at: blocks[1].lowerBound)
    erase(blocks[0])
    expect(blocks[1], pattern, .neighbourChanges, "after erasing \(blocks[0])")
    // One call erases several blocks.
    guard blocks[0].upperBound == blocks[1].lowerBound else { return }
    let both = blocks[0].lowerBound..<blocks[1].upperBound
    erase(both)
    expect(
      both, [UInt8](repeating: geometry.erasedByte, count: both.count), .erasedByteIsWrong,
      "after erasing \(both)")
  }

  private mutating func checkWriting() {
    for block in blocks {
      erase(block)
      let unit = geometry.writeSize
      var expected = [UInt8](repeating: geometry.erasedByte, count: block.count)
      // The first and the last unit, then some in the middle, each write leaving all others alone.
      let middle = block.lowerBound + unit * (UInt32(block.count) / unit / 2)
      for offset in Set([block.lowerBound, middle, block.upperBound - unit]).sorted() {
        let bytes = pattern(Int(unit), from: offset)
        write(bytes, at: offset)
        expected.replaceSubrange(
          Int(offset - block.lowerBound)..<Int(offset - block.lowerBound + unit), with: bytes)
        expect(block, expected, .writeIsLost, "after writing \(unit) bytes at \(offset)")
      }
      erase(block)
      let whole = pattern(block.count)
      write(whole, at: block.lowerBound)
      expect(block, whole, .writeIsLost, "after writing all of \(block)")
      if read(block) != read(block) { fail(.readIsUnstable, "reading \(block) twice") }
      expectParts(of: block, whole)
    }
  }

  /// Each block has cells of its own.
  private mutating func checkPlaces() {
    for block in blocks { erase(block) }
    for block in blocks { write(pattern(block.count, from: block.lowerBound), at: block.lowerBound) }
    for block in blocks {
      expect(
        block, pattern(block.count, from: block.lowerBound), .neighbourChanges, "after writing other blocks")
    }
  }

  private mutating func checkBounds() {
    let capacity = geometry.capacity
    let unit = Int(geometry.writeSize)
    prepare()
    var refused = [
      (capacity, unit), (capacity - UInt32(unit), 2 * unit), (UInt32.max - UInt32(unit) + 1, unit),
      (UInt32.max, 1),
      // Not aligned either: bounds come first.
      (capacity - 1, unit + 1),
    ]
    // A device may end where addresses do: nothing is behind it then.
    if capacity < .max { refused.append((capacity + 1, unit)) }
    for (offset, count) in refused where UInt64(offset) + UInt64(count) > UInt64(capacity) {
      let isRead = readError(at: offset, count: count)
      if isRead != .outOfBounds {
        fail(.boundsAreNotChecked, "reading \(count) bytes at \(offset): \(text(isRead))")
      }
      let isWritten = writeError(pattern(count), at: offset)
      if isWritten != .outOfBounds {
        fail(.boundsAreNotChecked, "writing \(count) bytes at \(offset): \(text(isWritten))")
      }
    }
    for range in [last.lowerBound..<UInt32.max, capacity..<UInt32.max]
      + [1, 2, 4096].filter({ $0 <= UInt32.max - capacity }).flatMap({
        [last.lowerBound..<capacity + $0, capacity + $0 - 1..<capacity + $0]
      }) where range.upperBound > capacity
    {
      let isErased = eraseError(range)
      if isErased != .outOfBounds { fail(.boundsAreNotChecked, "erasing \(range): \(text(isErased))") }
    }
    expectPrepared()
  }

  private mutating func checkAlignment() {
    prepare()
    let unit = Int(geometry.writeSize)
    if unit > 1 {
      for (offset, count) in [
        (first.lowerBound + 1, unit), (first.lowerBound, unit - 1), (first.lowerBound, unit + 1),
      ] {
        let error = writeError(pattern(count), at: offset)
        if error != .notAligned {
          fail(.alignmentIsNotChecked, "writing \(count) bytes at \(offset): \(text(error))")
        }
      }
    }
    if geometry.readSize > 1 {
      let error = readError(at: first.lowerBound + 1, count: Int(geometry.readSize))
      if error != .notAligned {
        fail(.alignmentIsNotChecked, "reading at \(first.lowerBound + 1): \(text(error))")
      }
    }
    for range in [first.lowerBound + 1..<first.upperBound, first.lowerBound..<first.upperBound - 1]
    where !range.isEmpty {
      let error = eraseError(range)
      if error != .notAligned { fail(.alignmentIsNotChecked, "erasing \(range): \(text(error))") }
    }
    expectPrepared()
  }

  private mutating func checkRewriting() {
    prepare()
    let unit = Int(geometry.writeSize)
    let old = pattern(unit)
    let new = old.map { ~$0 }
    let error = writeError(new, at: first.lowerBound)
    let now = Array(read(first).prefix(unit))
    if geometry.isMultiwrite {
      let combined = zip(old, new).map { geometry.erasedByte == 0xff ? $0 & $1 : $0 | $1 }
      if error != nil || now != combined {
        fail(.rewriteIsWrong, "writing to a used unit: \(text(error)), reads \(now)")
      }
    } else if error == nil, now == new {
      fail(.rewriteIsWrong, "writing to a used unit has replaced its bytes, as if it had been erased")
    } else if let error, error != .notErased {
      fail(.rewriteIsWrong, "writing to a used unit: \(text(error))")
    } else if error != nil, now != old {
      fail(.refusalHasEffect, "writing to a used unit was refused, but changed it")
    }
  }

  private mutating func checkNothing() {
    prepare()
    for offset in [0, first.upperBound, geometry.capacity] {
      if let error = writeError([], at: offset) {
        fail(.failsWithoutCause, "writing nothing at \(offset): \(error)")
      }
      if let error = readError(at: offset, count: 0) {
        fail(.failsWithoutCause, "reading nothing at \(offset): \(error)")
      }
      if let error = eraseError(offset..<offset) {
        fail(.failsWithoutCause, "erasing nothing at \(offset): \(error)")
      }
    }
    expectPrepared()
  }
}

// MARK: Parts

extension FlashProbe where Device: ~Copyable {
  private var first: Range<UInt32> { geometry.eraseBlock(containing: 0) ?? 0..<geometry.capacity }
  private var last: Range<UInt32> {
    geometry.eraseBlock(containing: geometry.capacity - 1) ?? 0..<geometry.capacity
  }

  /// The first, the second and the last block; fewer if the device has fewer.
  private var blocks: [Range<UInt32>] {
    var blocks = [first]
    if let second = geometry.eraseBlock(containing: first.upperBound) { blocks.append(second) }
    if blocks.last != last { blocks.append(last) }
    return blocks
  }

  /// Bytes that are not erased, not all the same, and differ from place to place and from block to block.
  private func pattern(_ count: Int, from offset: UInt32 = 0) -> [UInt8] {
    (0..<count).map { index in
      let place = index &+ Int(offset)
      let byte = UInt8(
        truncatingIfNeeded: (place &* 37 &+ 11) ^ (place >> 8) ^ (place >> 16) ^ (place >> 24))
      return byte == geometry.erasedByte ? byte ^ 0x55 : byte
    }
  }

  /// Puts known bytes into the first and the last block.
  private mutating func prepare() {
    for block in Set([first, last]) {
      erase(block)
      write(pattern(block.count, from: block.lowerBound), at: block.lowerBound)
    }
  }

  /// Refused and empty operations must have left what ``prepare()`` has put there.
  private mutating func expectPrepared() {
    for block in Set([first, last]) {
      expect(block, pattern(block.count, from: block.lowerBound), .refusalHasEffect, "in \(block)")
    }
  }

  private mutating func expect(
    _ range: Range<UInt32>, _ bytes: [UInt8], _ rule: FlashViolation.Rule, _ detail: String
  ) {
    let found = read(range)
    if let index = bytes.indices.first(where: { $0 < found.count && found[$0] != bytes[$0] }) {
      fail(
        rule, "\(detail): byte \(range.lowerBound + UInt32(index)) is \(found[index]), not \(bytes[index])")
    }
  }

  /// Reads in the smallest units, and compares with one reading.
  private mutating func expectParts(of block: Range<UInt32>, _ bytes: [UInt8]) {
    let unit = geometry.readSize
    for offset in [block.lowerBound, block.lowerBound + unit, block.upperBound - unit]
    where offset < block.upperBound {
      let start = Int(offset - block.lowerBound)
      expect(
        offset..<offset + unit, Array(bytes[start..<start + Int(unit)]), .writeIsLost, "reading one unit")
    }
  }

  private mutating func fail(_ rule: FlashViolation.Rule, _ detail: String) {
    violations.append(FlashViolation(rule, detail))
  }

  private func text(_ error: FlashError?) -> String { error.map { "threw \($0)" } ?? "did not throw" }

  private mutating func read(_ range: Range<UInt32>) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    var span = bytes.mutableSpan
    do throws(FlashError) {
      try flash.read(into: &span, at: range.lowerBound)
    } catch {
      fail(.failsWithoutCause, "reading \(range): \(error)")
    }
    return bytes
  }

  private mutating func write(_ bytes: [UInt8], at offset: UInt32) {
    if let error = writeError(bytes, at: offset) {
      fail(.failsWithoutCause, "writing \(bytes.count) bytes at \(offset): \(error)")
    }
  }

  private mutating func erase(_ range: Range<UInt32>) {
    if let error = eraseError(range) { fail(.failsWithoutCause, "erasing \(range): \(error)") }
  }

  private mutating func readError(at offset: UInt32, count: Int) -> FlashError? {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    do throws(FlashError) {
      try flash.read(into: &span, at: offset)
      return nil
    } catch {
      return error
    }
  }

  private mutating func writeError(_ bytes: [UInt8], at offset: UInt32) -> FlashError? {
    do throws(FlashError) {
      try flash.write(bytes.span, at: offset)
      return nil
    } catch {
      return error
    }
  }

  private mutating func eraseError(_ range: Range<UInt32>) -> FlashError? {
    do throws(FlashError) {
      try flash.erase(range)
      return nil
    } catch {
      return error
    }
  }
}
