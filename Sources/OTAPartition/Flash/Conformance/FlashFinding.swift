/// One rule of the contract of ``Flash`` that a device breaks, as ``FlashProbe`` found it; without a heap.
public struct FlashFinding: Equatable, Sendable {
  /// The rules that are tried.
  public enum Rule: UInt8, Sendable {
    /// An operation within the rules throws.
    case failsWithoutCause
    /// An erased byte does not read as the geometry says.
    case erasedByteIsWrong
    /// What was written does not read back.
    case writeIsLost
    /// An operation changes bytes outside its range.
    case neighbourChanges
    /// A range that is not inside the device is not refused as such.
    case boundsAreNotChecked
    /// A range that is not aligned is not refused as such.
    case alignmentIsNotChecked
    /// An operation that was refused has changed something.
    case refusalHasEffect
    /// A second write to a unit neither combines the bits nor is refused, as the geometry wants it.
    case rewriteIsWrong
    /// Reading twice gives different bytes.
    case readIsUnstable
    /// The geometry changes.
    case geometryChanges
  }

  /// What was done to the device.
  public enum Operation: UInt8, Sendable {
    /// Bytes were read.
    case read
    /// Bytes were written.
    case write
    /// Blocks were erased.
    case erase
  }

  /// A byte that is not what it should be.
  public struct Byte: Equatable, Sendable {
    /// Its offset in the device.
    public var offset: UInt32
    /// What it reads as.
    public var found: UInt8
    /// What it should read as.
    public var expected: UInt8
  }

  /// The rule.
  public var rule: Rule
  /// What was done last before it showed.
  public var operation: Operation
  /// Where that was.
  public var offset: UInt32
  /// To how many bytes.
  public var count: UInt32
  /// What it threw; `nil` if it did not.
  public var error: FlashError?
  /// The first byte that is not what it should be, if that is how it showed.
  public var byte: Byte?

  init(
    _ rule: Rule, after operation: Operation, at offset: UInt32, count: UInt32, error: FlashError? = nil,
    byte: Byte? = nil
  ) {
    self.rule = rule
    self.operation = operation
    self.offset = offset
    self.count = count
    self.error = error
    self.byte = byte
  }
}

/// Takes what a ``FlashProbe`` finds: a list on a host, a serial port on a board.
public protocol FlashFindings: ~Copyable {
  /// Takes one finding. There may be many of one cause.
  mutating func add(_ finding: FlashFinding)
}
