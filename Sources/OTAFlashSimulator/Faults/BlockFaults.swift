/// The ways in which an erase block is bad; a block may be bad in several.
///
/// The two that report an error throw `FlashError.deviceFailure`, and what they leave is undefined, as the contract of
/// `Flash` has it: whatever the operation covers before the bad block is done, what is behind it is not begun. The two
/// that are silent return as if they had done their work; only reading back tells.
///
/// - Note: Source: project decision, Docs/PowerLossModel.md.
public struct BlockFaults: OptionSet, Hashable, Sendable {
  /// One bit for each way.
  public let rawValue: UInt8

  /// Takes the bits.
  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// A write fails: the first unit in the block gets a random subset of its bits.
  public static let programError = BlockFaults(rawValue: 1)
  /// An erase fails: some units of the block are erased, the others as they were, and none may be written.
  public static let eraseError = BlockFaults(rawValue: 2)
  /// A read of any byte of the block fails, and gives nothing.
  public static let readError = BlockFaults(rawValue: 4)
  /// A write leaves the block as it was, silently.
  public static let programIgnored = BlockFaults(rawValue: 8)
  /// An erase leaves the block as it was, silently.
  public static let eraseIgnored = BlockFaults(rawValue: 16)
}
