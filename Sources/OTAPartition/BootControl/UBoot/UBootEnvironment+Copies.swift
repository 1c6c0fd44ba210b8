import OTACore

// Reading the two copies, and writing the one that does not count.

extension UBootEnvironment where Device: ~Copyable {
  /// A copy that was read.
  struct Copy {
    var place: Int
    var flags: UInt8 = 0
    var isValid = false
    var settings: BootSettings
    /// Why it cannot be used although it is valid.
    var problem: ParseError?
  }

  /// The copy that counts; `nil` if neither is valid.
  mutating func counting() throws(StorageError) -> Copy? {
    var failure: FlashError?
    var found: Copy?
    for place in 0..<2 {
      do throws(FlashError) {
        let copy = try read(place)
        if copy.isValid, found.map({ isNewer(copy.flags, than: $0.flags) }) ?? true { found = copy }
      } catch {
        // Memory with error correction may refuse to read a torn unit; the other copy is still good.
        guard error != .powerLost else { throw .flash(error) }
        failure = error
      }
    }
    if found == nil, let failure { throw .flash(failure) }
    // The boot loader would use this one, so the other one is no answer.
    if let problem = found?.problem { throw .record(problem) }
    return found
  }

  /// Erases a copy that a cut has left undecided.
  ///
  /// It may be right now and wrong at the next start, and must not be relied on while the other one is overwritten. Its
  /// commit never returned, so the other one is what counts.
  mutating func settle() throws(StorageError) {
    if isSettled { return }
    let first = try flash.isSteady(copies[0].lowerBound..<copies[0].lowerBound + size)
    let second = try flash.isSteady(copies[1].lowerBound..<copies[1].lowerBound + size)
    do throws(FlashError) {
      if first != second, try read(first ? 0 : 1).isValid { try flash.erase(copies[first ? 1 : 0]) }
    } catch {
      throw .flash(error)
    }
    isSettled = true
  }

  /// Writes an environment with new settings over the copy that does not count.
  mutating func commit(_ copy: Copy) throws(StorageError) {
    let target = copies[1 - copy.place]
    let unit = flash.geometry.writeSize
    var rehearsal = EnvironmentWriter(at: target.lowerBound, size: size, unit: unit, isDry: true)
    try write(copy, with: &rehearsal)
    isSettled = false
    do throws(FlashError) {
      if unit == 1 {
        // Half erased, a copy could keep data and checksum and change its flags, and would seem to be newer.
        let void = InlineArray<4, UInt8>(repeating: ~flash.geometry.erasedByte)
        try flash.write(void.span, at: target.lowerBound)
      }
      // Also if it reads as erased: that may be the work of an erase that lost its power.
      try flash.erase(target)
    } catch {
      throw .flash(error)
    }
    var writer = EnvironmentWriter(at: target.lowerBound, size: size, unit: unit, isDry: false)
    try write(copy, with: &writer)
    isSettled = true
  }

  private func isNewer(_ flags: UInt8, than other: UInt8) -> Bool {
    if flags == 0, other == 255 { return true }
    if flags == 255, other == 0 { return false }
    return flags > other
  }

  private mutating func read(_ place: Int) throws(FlashError) -> Copy {
    var copy = Copy(place: place, settings: BootSettings(variables))
    var scanner = EnvironmentScanner()
    var sum = EnvironmentSum()
    var buffer = InlineArray<64, UInt8>(repeating: 0)
    var offset: UInt32 = 0
    while offset < size {
      let count = try readChunk(at: offset, of: place, into: &buffer)
      for index in 0..<count {
        let byte = buffer[index]
        guard sum.takes(byte) else { continue }
        guard case .variable = scanner.take(byte) else { continue }
        if variables.contains(scanner.name) {
          if let value = scanner.value {
            copy.settings.take(value, of: scanner.name, variables)
          } else {
            copy.problem = ParseError(.limitExceeded, at: Int(offset) + index)
          }
        }
        scanner.reset()
      }
      offset += UInt32(count)
    }
    copy.flags = sum.flags
    copy.isValid = sum.isRight
    if !scanner.isAtEnd { copy.problem = ParseError(.truncated, at: Int(size)) }
    return copy
  }

  /// Writes all variables of a copy other than those of booting, and then these.
  private mutating func write(_ copy: Copy, with writer: inout EnvironmentWriter) throws(StorageError) {
    var sum = EnvironmentSum()
    var filter = VariableFilter()
    var buffer = InlineArray<64, UInt8>(repeating: 0)
    var offset: UInt32 = 0
    try writer.put(flags: copy.flags &+ 1, to: &flash)
    while offset < size {
      var count = 0
      do throws(FlashError) {
        count = try readChunk(at: offset, of: copy.place, into: &buffer)
      } catch {
        throw .flash(error)
      }
      for index in 0..<count where sum.takes(buffer[index]) {
        let passed = filter.take(buffer[index], variables)
        for place in 0..<passed { try writer.put(filter.output[place], to: &flash) }
      }
      offset += UInt32(count)
    }
    // What was copied must be what was checked.
    guard sum.isRight else { throw .flash(.deviceFailure) }
    try writer.put(variables.order, copy.settings.orderBytes, to: &flash)
    try writer.put(variables.leftA, copy.settings.leftA, to: &flash)
    try writer.put(variables.leftB, copy.settings.leftB, to: &flash)
    if let trial = copy.settings.trial {
      try writer.put(variables.trial, variables.name(of: trial).bytes, to: &flash)
    }
    try writer.put(0, to: &flash)
    try writer.fill(&flash)
    try writer.seal(&flash)
  }

  private mutating func readChunk(
    at offset: UInt32, of place: Int, into buffer: inout InlineArray<64, UInt8>
  ) throws(FlashError) -> Int {
    let count = min(64, Int(size - offset))
    var whole = buffer.mutableSpan
    var window = whole.prefix(count)
    try flash.read(into: &window, at: copies[place].lowerBound + offset)
    return count
  }
}

/// Checksum and flags of a copy that goes by byte by byte.
private struct EnvironmentSum {
  private var crc = CRC32()
  private var stored: UInt32 = 0
  private var position = 0
  private(set) var flags: UInt8 = 0

  /// Whether the checksum is right; all bytes have gone by.
  var isRight: Bool { crc.checksum == stored }

  /// Takes the next byte.
  ///
  /// - Returns: whether it belongs to the data.
  mutating func takes(_ byte: UInt8) -> Bool {
    defer { if position < 5 { position += 1 } }
    switch position {
    case 0..<4:
      stored |= UInt32(byte) << UInt32(8 * position)
      return false
    case 4:
      flags = byte
      return false
    default:
      crc.update(byte: byte)
      return true
    }
  }
}

/// Lets all variables pass but those of booting.
private struct VariableFilter {
  private enum Mode {
    /// The name is not yet known.
    case name
    case passes
    case isHeldBack
    case end
  }

  private var mode = Mode.name
  /// What passes; the beginning of a variable is kept here until its name is known.
  private(set) var output = InlineArray<34, UInt8>(repeating: 0)
  private var count = 0

  /// Takes the next byte of the data.
  ///
  /// - Returns: how many bytes of ``output`` pass now.
  mutating func take(_ byte: UInt8, _ variables: UBootVariables) -> Int {
    switch mode {
    case .end:
      return 0
    case .name:
      if byte == 0, count == 0 {
        mode = .end
        return 0
      }
      if byte == UInt8(ascii: "="), variables.contains(output.span.extracting(0..<count)) {
        count = 0
        mode = .isHeldBack
        return 0
      }
      output[count] = byte
      count += 1
      guard byte == UInt8(ascii: "=") || byte == 0 || count > EnvironmentName.maximumCount else { return 0 }
      mode = byte == 0 ? .name : .passes
      let passed = count
      count = 0
      return passed
    case .passes:
      output[0] = byte
      if byte == 0 { mode = .name }
      return 1
    case .isHeldBack:
      if byte == 0 { mode = .name }
      return 0
    }
  }
}
