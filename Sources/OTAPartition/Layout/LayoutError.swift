public import OTACore

/// Why a description of memory was refused.
public enum LayoutError: UInt8, Error, Equatable, Sendable {
  /// A size of the device breaks a rule of ``FlashGeometry``.
  case invalidGeometry
  /// A partition is outside the device.
  case outOfBounds
  /// A partition does not begin and end at erase blocks.
  case notAligned
  /// Two partitions share bytes.
  case overlap
  /// There are more partitions than the table can hold.
  case tooManyPartitions
  /// A partition that the layout must have is not there.
  case missingPartition
  /// Two partitions have the same name or role.
  case duplicatePartition
  /// A partition is too small for what it is for.
  case tooSmall
  /// A swap without a scratch area would have to move blocks of different sizes.
  case unequalBlocks

  /// The stable number of this error.
  public var code: ErrorCode { .layoutInvalid }
}
