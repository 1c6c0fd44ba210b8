/// What an operation leaves behind when the power goes in the middle of it.
///
/// Each outcome means something for a write and for an erase. Units and blocks that the operation would not have
/// touched are never changed.
///
/// - Note: Source: DESIGN, section 4, outcomes (a) to (e); Docs/PowerLossModel.md.
public enum TornOutcome: Equatable, Hashable, Sendable {
  /// Nothing happened.
  case notDone
  /// The operation was just complete.
  case done
  /// Write: the first units were written. Erase: the first units were erased. At most as many as there are.
  case prefix(units: Int)
  /// Write: of every unit a random subset of the bits that were to change has changed. Erase: likewise, in the first
  /// block that was not yet erased.
  case randomBits(seed: UInt64)
  /// Write: as ``randomBits(seed:)``, but in one unit only, those before it written, those behind untouched. Erase: some
  /// units of the block are erased, the others as they were.
  case partial(seed: UInt64)
  /// Write: units up to one were written; that one reads differently every time, those behind are untouched. Erase: the
  /// block reads differently every time, between what it was and erased.
  case unstable(seed: UInt64)
}
