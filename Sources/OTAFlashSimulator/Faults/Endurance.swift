/// How many erases a block takes, and what becomes of it then.
///
/// Manufacturers promise 10,000 to 100,000 erases; a test takes fewer, or ages blocks with
/// ``SimulatedFlash/age(_:by:)``.
public struct Endurance: Equatable, Sendable {
  /// A block that was erased so often has the faults from then on.
  public var erases: Int
  /// What is bad about a block that is worn out.
  public var faults: BlockFaults

  /// Takes both.
  ///
  /// - Parameters:
  ///   - erases: at least 1.
  ///   - faults: what happens from the operation after the last good erase on; unless said otherwise, erases fail.
  /// - Precondition: `erases` is at least 1.
  public init(erases: Int, faults: BlockFaults = .eraseError) {
    precondition(erases >= 1, "a new block works")
    self.erases = erases
    self.faults = faults
  }
}
