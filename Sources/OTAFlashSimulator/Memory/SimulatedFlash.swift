public import OTAPartition

/// NOR flash in memory, with its rules enforced, its work counted, and its power at your hand.
///
/// A value: a copy is a snapshot, and shares the contents of all erase blocks until one of them changes.
public struct SimulatedFlash: Flash, Sendable {
  /// What happens to a write over units that are in use, where geometry forbids it.
  public enum WriteToUsed: UInt8, Sendable, CaseIterable {
    /// It throws `FlashError.notErased` and does nothing: hardware that looks first.
    case isRefused
    /// It is carried out: bits combine, and bits may fall back whenever the power returns.
    case isUndefined
  }

  /// One operation that changes the contents.
  public struct Operation: Equatable, Sendable {
    /// What it does.
    public enum Kind: UInt8, Sendable {
      /// A write.
      case write
      /// An erase.
      case erase
    }

    /// What it does.
    public var kind: Kind
    /// The bytes that it changes.
    public var range: Range<UInt32>
  }

  /// Work done since the counters were last reset.
  public struct Counters: Equatable, Sendable {
    /// Calls of read.
    public var reads = 0
    /// Calls of write.
    public var writes = 0
    /// Calls of erase that erased something.
    public var erases = 0
    /// Erase blocks erased.
    public var blocksErased = 0
    /// Bytes read.
    public var bytesRead = 0
    /// Bytes written.
    public var bytesWritten = 0

    /// Calls that change the contents: the operations at which the power can be cut.
    public var modifications: Int { writes + erases }

    /// Starts at zero.
    public init() {}
  }

  /// The sizes and rules of the device.
  public let geometry: FlashGeometry
  /// What happens to a write over units that are in use.
  public var writeToUsed: WriteToUsed = .isRefused
  /// Work done so far.
  public internal(set) var counters = Counters()
  /// How often each erase block was erased, in the order of the device.
  public internal(set) var wear: [Int]
  /// Every operation that changed the contents, oldest first; `nil` while it is not recorded.
  public var log: [Operation]?
  /// A number that goes along with every copy.
  ///
  /// For what the observer of a test must remember with a snapshot; the device takes no notice of it.
  public var note: UInt64 = 0
  /// Whether there is power.
  ///
  /// Without it every operation throws `FlashError.powerLost`.
  public private(set) var isPowered = true

  var blocks: [FlashBlock]
  /// The first byte of each block, and the capacity.
  let borders: [UInt32]
  private var generator = SplitMix64(seed: 0)
  private var cut: (operation: Int, outcome: TornOutcome)?

  /// Makes an erased device.
  public init(_ geometry: FlashGeometry) {
    self.geometry = geometry
    var blocks: [FlashBlock] = []
    var borders: [UInt32] = [0]
    var end: UInt32 = 0
    for index in 0..<geometry.regionCount {
      let region = geometry.region(index)
      let block = FlashBlock(
        size: Int(region.eraseBlockSize), unit: Int(geometry.writeSize), erasedByte: geometry.erasedByte)
      for _ in 0..<region.blockCount {
        blocks.append(block)
        end += region.eraseBlockSize
        borders.append(end)
      }
    }
    self.blocks = blocks
    self.borders = borders
    wear = [Int](repeating: 0, count: blocks.count)
  }

  /// Sets all counters and the wear to zero.
  public mutating func resetCounters() {
    counters = Counters()
    wear = [Int](repeating: 0, count: wear.count)
  }

  // MARK: Power

  /// Cuts the power at an operation that changes the contents.
  ///
  /// - Parameters:
  ///   - operation: how many more operations are carried out before; 0 is the next one.
  ///   - outcome: what the interrupted one leaves behind.
  /// - Precondition: `operation` is not negative.
  public mutating func cutPower(atOperation operation: Int, outcome: TornOutcome) {
    precondition(operation >= 0, "an operation to come")
    cut = (counters.modifications + operation, outcome)
  }

  /// Cuts the power now, between operations.
  public mutating func cutPower() {
    cut = nil
    isPowered = false
  }

  /// Brings the power back, and forgets a cut that has not happened yet.
  ///
  /// - Parameter seed: for what unstable bits read from now on, and which weak ones are lost.
  public mutating func restorePower(seed: UInt64 = 0) {
    cut = nil
    isPowered = true
    generator = SplitMix64(seed: seed)
    var random = generator
    decay(using: &random)
  }

  // MARK: Flash

  /// Reads bytes; unstable ones differ from call to call.
  public mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError)
  {
    guard isPowered else { throw .powerLost }
    try geometry.checkRead(at: offset, count: destination.count)
    counters.reads += 1
    counters.bytesRead += destination.count
    var index = blockIndex(of: offset)
    var position = Int(offset - borders[index])
    var done = 0
    while done < destination.count {
      let count = min(blocks[index].bytes.count - position, destination.count - done)
      for step in 0..<count { destination[done + step] = blocks[index].bytes[position + step] }
      if !blocks[index].unstableBits.isEmpty {
        for step in 0..<count {
          guard let bits = blocks[index].unstableBits[position + step] else { continue }
          destination[done + step] ^= bits & UInt8(truncatingIfNeeded: generator.next())
        }
      }
      done += count
      index += 1
      position = 0
    }
  }

  /// Writes bytes, by the rules of the device.
  public mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    guard isPowered else { throw .powerLost }
    try geometry.checkWrite(at: offset, count: source.count)
    guard source.count > 0 else { return }
    let units = places(ofUnits: source.count / Int(geometry.writeSize), at: offset)
    if !geometry.isMultiwrite, writeToUsed == .isRefused {
      for unit in units where blocks[unit.block].isUsed[unit.index] { throw .notErased }
    }
    let outcome = nextOutcome()
    counters.writes += 1
    counters.bytesWritten += source.count
    log?.append(Operation(kind: .write, range: offset..<offset + UInt32(source.count)))
    write(source, to: units, outcome: outcome ?? .done)
    if outcome != nil { throw .powerLost }
  }

  /// Erases blocks.
  public mutating func erase(_ range: Range<UInt32>) throws(FlashError) {
    guard isPowered else { throw .powerLost }
    try geometry.checkErase(range)
    guard !range.isEmpty else { return }
    let outcome = nextOutcome()
    counters.erases += 1
    log?.append(Operation(kind: .erase, range: range))
    let first = blockIndex(of: range.lowerBound)
    let end = range.upperBound == geometry.capacity ? blocks.count : blockIndex(of: range.upperBound)
    eraseBlocks(first..<end, outcome: outcome ?? .done)
    if outcome != nil { throw .powerLost }
  }

  // MARK: Parts

  /// The outcome of the operation that is about to begin, if the power goes in it.
  private mutating func nextOutcome() -> TornOutcome? {
    guard let cut, counters.modifications == cut.operation else { return nil }
    self.cut = nil
    isPowered = false
    return cut.outcome
  }

  /// The block that holds a byte of the device.
  func blockIndex(of offset: UInt32) -> Int {
    var low = 0
    var high = blocks.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if borders[middle] <= offset { low = middle } else { high = middle }
    }
    return low
  }
}
