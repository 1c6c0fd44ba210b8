/// One rule of the flash contract that an implementation breaks.
public struct FlashViolation: Equatable, Sendable, CustomStringConvertible {
  /// The rules that ``checkFlashConformance(_:)`` tries.
  public enum Rule: String, Sendable, CaseIterable {
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

  /// The rule.
  public var rule: Rule
  /// What was done.
  public var detail: String

  /// Makes a violation from its parts.
  public init(_ rule: Rule, _ detail: String) {
    self.rule = rule
    self.detail = detail
  }

  /// The rule and what was done.
  public var description: String { "\(rule.rawValue): \(detail)" }
}
