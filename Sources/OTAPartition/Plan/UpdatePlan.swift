/// Work on flash, in whole blocks and written bytes.
public struct FlashWork: Equatable, Sendable {
  /// Erase blocks that are erased.
  public var blocksErased: UInt64 = 0
  /// Bytes that are written; a multiple of the unit of writing.
  public var bytesWritten: UInt64 = 0

  /// Nothing.
  public init() {}

  /// Takes both.
  public init(blocksErased: UInt64, bytesWritten: UInt64) {
    self.blocksErased = blocksErased
    self.bytesWritten = bytesWritten
  }

  /// The work of both.
  public static func + (left: FlashWork, right: FlashWork) -> FlashWork {
    FlashWork(
      blocksErased: left.blocksErased + right.blocksErased,
      bytesWritten: left.bytesWritten + right.bytesWritten)
  }
}

/// The most erases of any one block.
public struct FlashWear: Equatable, Sendable {
  /// Of the slots.
  public var slots: UInt64 = 0
  /// Of the scratch area.
  public var scratch: UInt64 = 0
  /// Of the journal.
  public var journal: UInt64 = 0

  /// None.
  public init() {}

  /// Of any block there is.
  public var most: UInt64 { max(max(slots, scratch), journal) }
}

/// What an update costs, from the first byte staged to the delivered report, known before any of it is done.
///
/// The figures are those of an update that no cut interrupts and that nothing was staged of before: the agent stages and
/// activates it in one session, the boot loader moves it and counts an attempt in the next, the application confirms
/// and reports in a third.
///
/// - Note: Source: project decision, Docs/Activation.md.
public struct UpdatePlan: Equatable, Sendable {
  /// Writing the images to the inactive slot.
  public var staging = FlashWork()
  /// Bringing them to where they run.
  public var relocation = FlashWork()
  /// Records of the journal.
  public var journal = FlashWork()
  /// How many records these are.
  public var records: UInt64 = 0
  /// The most erases of any block.
  public var wear = FlashWear()
  /// The unit of writing of the device, in bytes.
  public let writeSize: UInt32

  init(writeSize: UInt32) { self.writeSize = writeSize }

  /// All of it.
  public var total: FlashWork { staging + relocation + journal }

  /// How long the flash is busy with it; reading and computing come on top.
  ///
  /// - Parameters:
  ///   - erasePerBlock: the time that the erase of a block takes, in nanoseconds.
  ///   - writePerUnit: the time that a unit of writing takes, in nanoseconds.
  /// - Returns: nanoseconds; the largest number there is instead of one that does not fit.
  public func nanoseconds(erasePerBlock: UInt64, writePerUnit: UInt64) -> UInt64 {
    let erasing = total.blocksErased.multipliedReportingOverflow(by: erasePerBlock)
    // The unit is a power of two; division by 64 bits would bring a library to bare metal.
    let writing = (total.bytesWritten >> UInt64(writeSize.trailingZeroBitCount)).multipliedReportingOverflow(
      by: writePerUnit)
    let sum = erasing.partialValue.addingReportingOverflow(writing.partialValue)
    return erasing.overflow || writing.overflow || sum.overflow ? .max : sum.partialValue
  }

  /// Refuses a plan that costs too much.
  ///
  /// - Parameter budget: the most of each; what it does not name is free.
  /// - Throws: ``StorageError/overBudget``.
  public func require(within budget: UpdateBudget) throws(StorageError) {
    guard total.blocksErased <= budget.blocksErased, total.bytesWritten <= budget.bytesWritten,
      wear.most <= budget.wear
    else { throw .overBudget }
    guard let limit = budget.time else { return }
    let needed = nanoseconds(erasePerBlock: limit.erasePerBlock, writePerUnit: limit.writePerUnit)
    guard needed <= limit.nanoseconds else { throw .overBudget }
  }
}

/// The most that an update may cost; made without a limit, and limited field by field.
public struct UpdateBudget: Equatable, Sendable {
  /// A limit to the time that the flash is busy, with the times of the part, all in nanoseconds.
  public struct Time: Equatable, Sendable {
    /// The limit.
    public var nanoseconds: UInt64
    /// The time that the erase of a block takes.
    public var erasePerBlock: UInt64
    /// The time that a unit of writing takes.
    public var writePerUnit: UInt64

    /// Takes all three.
    public init(nanoseconds: UInt64, erasePerBlock: UInt64, writePerUnit: UInt64) {
      self.nanoseconds = nanoseconds
      self.erasePerBlock = erasePerBlock
      self.writePerUnit = writePerUnit
    }
  }

  /// The most erase blocks erased, each as often as it is.
  public var blocksErased = UInt64.max
  /// The most bytes written.
  public var bytesWritten = UInt64.max
  /// The most erases of any one block.
  public var wear = UInt64.max
  /// The most time.
  public var time: Time?

  /// No limit.
  public init() {}
}
