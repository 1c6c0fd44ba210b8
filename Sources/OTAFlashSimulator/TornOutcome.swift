/// What an operation leaves behind when the power goes in the middle of it.
///
/// Each outcome means something for a write and for an erase. Counts of units are cut to what the operation has. Units
/// and blocks that the operation would not have touched are never changed.
///
/// - Note: Source: the outcomes (a) to (e) of Docs/PowerLossModel.md.
public enum TornOutcome: Equatable, Hashable, Sendable {
  /// Nothing happened.
  case notDone
  /// The operation was just complete.
  case done
  /// The first units were written, or erased.
  case prefix(units: Int)
  /// A random subset of the bits that were to change has changed, in all units; of an erase, in all blocks.
  case randomBits(seed: UInt64)
  /// The first units were written and the next one got a random subset of its bits. Of an erase: the blocks before that
  /// unit are erased, and of its own block some units are erased and the others as they were.
  case partial(after: Int, seed: UInt64)
  /// The first units were written, and the next one reads differently every time, in all bits that were to change. Of an
  /// erase: the blocks before that unit are erased, and all of its own block reads differently every time.
  case unstable(after: Int)
  /// As ``unstable(after:)``, but only one bit does; the others are as they were to be. What was interrupted seems to be
  /// complete every other time.
  case marginal(after: Int, seed: UInt64)
  /// As ``unstable(after:)``, but only one bit does; the others are as they were. What was interrupted seems not to have
  /// begun every other time.
  case faint(after: Int, seed: UInt64)
  /// Nothing shows. Write: the first unit reads as erased, but is not. Erase: the blocks read as erased, but bits that
  /// are written to them may fall back.
  case unseen
}
