/// Holds a device against the contract of ``Flash``, on the device itself: no heap, and a buffer of the caller.
///
/// It erases and writes the first, second and last erase blocks, wherever they are; nothing on them is kept. Power loss is
/// not tried: that takes a bench, or a simulator.
///
/// On a host, `checkFlashConformance` of `OTATesting` does the same with one call.
public struct FlashProbe<Device: Flash & ~Copyable, Findings: FlashFindings & ~Copyable>: ~Copyable {
  /// What is tried, one after the other; each group needs nothing of another one.
  public enum Group: UInt8, Sendable {
    /// Erased blocks read as erased, and their neighbours stay.
    case erasing
    /// What was written reads back, in small and in large pieces.
    case writing
    /// Each block has cells of its own.
    case places
    /// What is not inside the device is refused.
    case bounds
    /// What is not aligned is refused.
    case alignment
    /// A unit that was written is not written again, or combined.
    case rewriting
    /// Operations on nothing do nothing.
    case nothing
  }

  /// The shortest buffer, in bytes.
  public static var minimumBufferSize: Int { 128 }

  var flash: Device
  var findings: Findings
  let geometry: FlashGeometry

  /// Takes over a device, in any state.
  ///
  /// - Parameters:
  ///   - flash: the device.
  ///   - findings: takes what is found.
  public init(_ flash: consuming Device, findings: consuming Findings) {
    geometry = flash.geometry
    self.flash = flash
    self.findings = findings
  }

  /// Tries one group of rules.
  ///
  /// - Parameters:
  ///   - group: which.
  ///   - buffer: at least ``minimumBufferSize`` bytes. A block is written in pieces of this length, which cross the
  ///     borders of pages where they are longer than a page; with a whole block in one piece nothing is left to luck.
  /// - Precondition: the buffer is long enough.
  public mutating func run(_ group: Group, buffer: inout MutableSpan<UInt8>) {
    precondition(buffer.count >= Self.minimumBufferSize, "the buffer is too short")
    switch group {
    case .erasing: checkErasing(&buffer)
    case .writing: checkWriting(&buffer)
    case .places: checkPlaces(&buffer)
    case .bounds: checkBounds(&buffer)
    case .alignment: checkAlignment(&buffer)
    case .rewriting: checkRewriting(&buffer)
    case .nothing: checkNothing(&buffer)
    }
    if flash.geometry != geometry {
      findings.add(FlashFinding(.geometryChanges, after: .read, at: 0, count: geometry.capacity))
    }
  }

  /// Tries all groups, one after the other.
  ///
  /// - Parameter buffer: as for ``run(_:buffer:)``.
  /// - Precondition: the buffer is long enough.
  public mutating func run(buffer: inout MutableSpan<UInt8>) {
    run(.erasing, buffer: &buffer)
    run(.writing, buffer: &buffer)
    run(.places, buffer: &buffer)
    run(.bounds, buffer: &buffer)
    run(.alignment, buffer: &buffer)
    run(.rewriting, buffer: &buffer)
    run(.nothing, buffer: &buffer)
  }

  /// Ends, and gives back what took the findings.
  public consuming func finish() -> Findings { findings }
}

extension FlashProbe where Device: ~Copyable, Findings: ~Copyable {
  private mutating func checkErasing(_ buffer: inout MutableSpan<UInt8>) {
    for number in 0..<blockCount {
      let block = block(number)
      erase(block)
      expectErased(block, &buffer)
    }
    guard blockCount > 1 else { return }
    // An erase of one block leaves the next one alone.
    let (one, next) = (block(0), block(1))
    write(next, salt: 1, &buffer)
    erase(one)
    expect(next, salt: 1, .neighbourChanges, after: .erase, one, &buffer)
    // One call erases several blocks.
    guard one.upperBound == next.lowerBound else { return }
    let both = one.lowerBound..<next.upperBound
    erase(both)
    expectErased(both, &buffer)
  }

  private mutating func checkWriting(_ buffer: inout MutableSpan<UInt8>) {
    let unit = geometry.writeSize
    for number in 0..<blockCount {
      let block = block(number)
      erase(block)
      // The first unit, one in the middle, and the last one, each write leaving all others alone.
      let first = block.lowerBound..<block.lowerBound + unit
      let half = block.lowerBound + unit * ((block.upperBound - block.lowerBound) / unit / 2)
      let middle = half..<half + unit
      let end = block.upperBound - unit..<block.upperBound
      write(first, salt: 0, &buffer)
      expectUnits(first, first, first, in: block, after: first, &buffer)
      if middle != first, middle != end {
        write(middle, salt: 0, &buffer)
        expectUnits(first, middle, middle, in: block, after: middle, &buffer)
      }
      if end != first {
        write(end, salt: 0, &buffer)
        expectUnits(first, middle, end, in: block, after: end, &buffer)
      }
      erase(block)
      write(block, salt: 1, &buffer)
      expect(block, salt: 1, .writeIsLost, after: .write, block, &buffer)
      expectSteady(block, &buffer)
      // In the smallest pieces that can be read.
      let piece = geometry.readSize
      expectPiece(block.lowerBound..<block.lowerBound + piece, &buffer)
      if piece < unit { expectPiece(block.lowerBound + piece..<block.lowerBound + 2 * piece, &buffer) }
      expectPiece(block.upperBound - piece..<block.upperBound, &buffer)
    }
  }

  private mutating func checkPlaces(_ buffer: inout MutableSpan<UInt8>) {
    for number in 0..<blockCount { erase(block(number)) }
    for number in 0..<blockCount { write(block(number), salt: 0, &buffer) }
    for number in 0..<blockCount {
      let block = block(number)
      expect(block, salt: 0, .neighbourChanges, after: .write, block, &buffer)
    }
  }

  private mutating func checkBounds(_ buffer: inout MutableSpan<UInt8>) {
    let capacity = geometry.capacity
    let unit = geometry.writeSize
    prepare(&buffer)
    refuse(at: capacity, count: unit, &buffer)
    refuse(at: capacity - unit, count: 2 * unit, &buffer)
    refuse(at: UInt32.max - unit + 1, count: unit, &buffer)
    refuse(at: UInt32.max, count: 1, &buffer)
    // Not aligned either: bounds come first.
    refuse(at: capacity - 1, count: unit + 1, &buffer)
    // A device may end where addresses do: nothing is behind it then.
    if capacity < .max { refuse(at: capacity + 1, count: unit, &buffer) }
    refuseErase(last.lowerBound..<UInt32.max)
    refuseErase(capacity..<UInt32.max)
    refuseErase(exceedingBy: 1)
    refuseErase(exceedingBy: 2)
    refuseErase(exceedingBy: 4096)
    expectPrepared(&buffer)
  }
}
