/// What each operation costs on the virtual clock.
///
/// The clock is ``SimulatedFlash/Counters/time``; nothing waits for it. An operation that fails or is interrupted costs
/// what the whole one would, so that the clock is an upper bound; one that is refused costs nothing.
public struct FlashTiming: Equatable, Sendable {
  /// The time to erase one block, whatever its size.
  public var erasePerBlock: Duration
  /// The time to write one unit of `FlashGeometry.writeSize` bytes.
  public var writePerUnit: Duration
  /// The time to read one byte.
  public var readPerByte: Duration

  /// Takes the three costs.
  public init(erasePerBlock: Duration, writePerUnit: Duration, readPerByte: Duration) {
    self.erasePerBlock = erasePerBlock
    self.writePerUnit = writePerUnit
    self.readPerByte = readPerByte
  }

  /// What so much work takes.
  ///
  /// - Parameters:
  ///   - blocks: how many blocks are erased.
  ///   - units: how many units are written.
  ///   - bytes: how many bytes are read.
  /// - Returns: the sum of the costs.
  public func duration(
    erasingBlocks blocks: Int = 0, writingUnits units: Int = 0, readingBytes bytes: Int = 0
  )
    -> Duration
  {
    erasePerBlock * blocks + writePerUnit * units + readPerByte * bytes
  }
}
