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

    /// What has become of it.
    public enum Result: UInt8, Sendable {
      /// It did what it was to do.
      case completed
      /// The power went in it.
      case interrupted
      /// A bad block made it fail, see ``BlockFaults``.
      case failed
      /// It seemed to be complete, but a bad block has not taken part.
      case ignored
    }

    /// What it does.
    public var kind: Kind
    /// The bytes that it was to change.
    public var range: Range<UInt32>
    /// What has become of it.
    public var result: Result

    /// Makes an operation from its parts.
    public init(kind: Kind, range: Range<UInt32>, result: Result = .completed) {
      self.kind = kind
      self.range = range
      self.result = result
    }
  }

  /// Work done since the counters were last reset.
  public struct Counters: Equatable, Sendable {
    /// Calls of read.
    public var reads = 0
    /// Calls of write.
    public var writes = 0
    /// Calls of erase that erased something.
    public var erases = 0
    /// Erase blocks erased, or begun to be.
    public var blocksErased = 0
    /// Bytes read.
    public var bytesRead = 0
    /// Bytes written.
    public var bytesWritten = 0
    /// The virtual clock: what all of this took, by ``SimulatedFlash/timing``.
    public var time = Duration.zero

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
  /// How often each erase block was erased, in the order of the device; an erase that fails, is ignored or is torn
  /// counts too.
  public internal(set) var wear: [Int]
  /// When blocks are worn out, and what happens then; `nil` is never.
  public var endurance: Endurance?
  /// What operations cost on the virtual clock; `nil` is nothing.
  public var timing: FlashTiming?
  /// Every operation that changes the contents and was not refused, oldest first; `nil` while it is not recorded.
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
  /// What is bad about blocks, by their number; good ones are not listed.
  var badBlocks: [Int: BlockFaults] = [:]
  /// The first byte of each block, and the capacity.
  let borders: [UInt32]
  /// An erased block of each size, for all of that size to share.
  private let erasedBlocks: [Int: FlashBlock]
  private var generator = SplitMix64(seed: 0)
  private var cut: (operation: Int, outcome: TornOutcome)?

  /// Makes an erased device.
  public init(_ geometry: FlashGeometry) {
    self.geometry = geometry
    var blocks: [FlashBlock] = []
    var erasedBlocks: [Int: FlashBlock] = [:]
    var borders: [UInt32] = [0]
    var end: UInt32 = 0
    for index in 0..<geometry.regionCount {
      let region = geometry.region(index)
      let size = Int(region.eraseBlockSize)
      var block =
        erasedBlocks[size]
        ?? FlashBlock(size: size, unit: Int(geometry.writeSize), erasedByte: geometry.erasedByte)
      _ = block.hash()
      erasedBlocks[size] = block
      for _ in 0..<region.blockCount {
        blocks.append(block)
        end += region.eraseBlockSize
        borders.append(end)
      }
    }
    self.blocks = blocks
    self.erasedBlocks = erasedBlocks
    self.borders = borders
    wear = [Int](repeating: 0, count: blocks.count)
  }

  /// Sets all counters, the clock and the wear to zero: blocks that were worn out are new.
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

  /// Cuts the power at the next operation, as if the device had been started with this seed for it.
  mutating func interruptNext(_ outcome: TornOutcome, seed: UInt64) {
    generator = SplitMix64(seed: seed)
    cutPower(atOperation: 0, outcome: outcome)
  }

  /// Cuts the power now, between operations.
  public mutating func cutPower() {
    cut = nil
    isPowered = false
  }

  /// Brings the power back, and forgets a cut that has not happened yet.
  ///
  /// - Parameter seed: for what unstable bits read from now on, which weak ones are lost, and what failing operations
  ///   leave.
  public mutating func restorePower(seed: UInt64 = 0) {
    cut = nil
    isPowered = true
    generator = SplitMix64(seed: seed)
    var random = generator
    decay(using: &random)
  }

  // MARK: Flash

  /// Reads bytes; unstable ones differ from call to call.
  ///
  /// - Throws: what the contract says; `FlashError.deviceFailure` for ``BlockFaults/readError``, with nothing read.
  public mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError)
  {
    guard isPowered else { throw .powerLost }
    try geometry.checkRead(at: offset, count: destination.count)
    counters.reads += 1
    counters.bytesRead += destination.count
    if let timing { counters.time += timing.duration(readingBytes: destination.count) }
    if mayHaveFaults {
      for block in blockIndices(touching: offset..<offset + UInt32(destination.count))
      where faults(ofBlock: block).contains(.readError) { throw .deviceFailure }
    }
    var index = blockIndex(of: offset)
    var position = Int(offset - borders[index])
    var done = 0
    while done < destination.count {
      let count = min(blocks[index].bytes.count - position, destination.count - done)
      let bytes = blocks[index].bytes.span
      for step in 0..<count { destination[done + step] = bytes[position + step] }
      if !blocks[index].unstableBits.isEmpty {
        for step in 0..<count {
          let bits = blocks[index].unstableBits[position + step]
          guard bits != 0 else { continue }
          destination[done + step] ^= bits & UInt8(truncatingIfNeeded: generator.next())
        }
      }
      done += count
      index += 1
      position = 0
    }
  }

  /// Writes bytes, by the rules of the device.
  ///
  /// - Throws: what the contract says; `FlashError.deviceFailure` for ``BlockFaults/programError``.
  public mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) {
    guard isPowered else { throw .powerLost }
    try geometry.checkWrite(at: offset, count: source.count)
    guard source.count > 0 else { return }
    let units = places(ofUnits: source.count / Int(geometry.writeSize), at: offset)
    if !geometry.isMultiwrite, writeToUsed == .isRefused {
      for unit in units where blocks[unit.block].isUsed[unit.index] { throw .notErased }
    }
    let range = offset..<offset + UInt32(source.count)
    let effect = effect(on: blockIndices(touching: range), error: .programError, ignored: .programIgnored)
    let outcome = nextOutcome()
    counters.writes += 1
    counters.bytesWritten += source.count
    if let timing { counters.time += timing.duration(writingUnits: units.count) }
    log?.append(Operation(kind: .write, range: range, result: outcome == nil ? effect.result : .interrupted))
    let untouched = effect.ignoring.map { (block: $0, content: blocks[$0]) }
    if let failing = effect.failing, let unit = units.firstIndex(where: { $0.block == failing }) {
      let tried = Array(units[...unit])
      let part = source.extracting(0..<tried.count * Int(geometry.writeSize))
      write(part, to: tried, outcome: failure(outcome))
    } else {
      write(source, to: units, outcome: outcome ?? .done)
    }
    for (block, content) in untouched { blocks[block] = content }
    if outcome != nil { throw .powerLost }
    if effect.failing != nil { throw .deviceFailure }
  }

  /// Erases blocks.
  ///
  /// - Throws: what the contract says; `FlashError.deviceFailure` for ``BlockFaults/eraseError``.
  public mutating func erase(_ range: Range<UInt32>) throws(FlashError) {
    guard isPowered else { throw .powerLost }
    try geometry.checkErase(range)
    guard !range.isEmpty else { return }
    let indices = blockIndices(touching: range)
    let effect = effect(on: indices, error: .eraseError, ignored: .eraseIgnored)
    let outcome = nextOutcome()
    counters.erases += 1
    if let timing { counters.time += timing.duration(erasingBlocks: indices.count) }
    log?.append(Operation(kind: .erase, range: range, result: outcome == nil ? effect.result : .interrupted))
    let untouched = effect.ignoring.map { (block: $0, content: blocks[$0]) }
    if let failing = effect.failing {
      eraseBlocks(indices.lowerBound..<failing + 1, outcome: failure(outcome))
    } else {
      eraseBlocks(indices, outcome: outcome ?? .done)
    }
    for (block, content) in untouched { blocks[block] = content }
    if outcome != nil { throw .powerLost }
    if effect.failing != nil { throw .deviceFailure }
  }

  // MARK: Parts

  /// The outcome of the operation that is about to begin, if the power goes in it.
  private mutating func nextOutcome() -> TornOutcome? {
    guard let cut, counters.modifications == cut.operation else { return nil }
    self.cut = nil
    isPowered = false
    return cut.outcome
  }

  /// What an operation leaves that fails in its last unit or block, with the power going in it or not.
  private mutating func failure(_ outcome: TornOutcome?) -> TornOutcome {
    guard let outcome, outcome != .done else { return .partial(after: .max, seed: generator.next()) }
    return outcome
  }

  /// A block of the device as it is after an erase.
  func erasedBlock(_ index: Int) -> FlashBlock {
    let size = Int(borders[index + 1] - borders[index])
    return erasedBlocks[size]
      ?? FlashBlock(size: size, unit: Int(geometry.writeSize), erasedByte: geometry.erasedByte)
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
