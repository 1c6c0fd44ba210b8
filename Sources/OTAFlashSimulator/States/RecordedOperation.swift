import OTAPartition

/// An operation with the state of the device before it, from which every way of its being interrupted can be had.
public struct RecordedOperation: Sendable {
  /// What was done.
  public let operation: SimulatedFlash.Operation
  /// The device right before, with power.
  public let before: SimulatedFlash
  /// What was written; empty for an erase.
  public let bytes: [UInt8]
  /// Stands for state, operation and bytes: two with the same hash leave the same in every outcome.
  public let hash: StateHash

  /// Takes what was seen.
  ///
  /// - Parameters:
  ///   - operation: what was done.
  ///   - before: the device right before; had best remember its hashes.
  ///   - bytes: what was written; empty for an erase.
  public init(_ operation: SimulatedFlash.Operation, before: SimulatedFlash, bytes: [UInt8] = []) {
    self.operation = operation
    self.before = before
    self.bytes = bytes
    var hasher = StateHasher()
    hasher.combine(before.stateHash)
    hasher.combine(UInt64(operation.kind.rawValue))
    hasher.combine(UInt64(operation.range.lowerBound) << 32 | UInt64(operation.range.upperBound))
    hasher.combine(bytes)
    hash = hasher.finalize()
  }

  /// What is left if the power goes in the operation.
  ///
  /// - Parameter outcome: what it leaves.
  /// - Returns: the device without power. It depends on ``hash`` and `outcome` alone, apart from its counters.
  public func interrupted(_ outcome: TornOutcome) -> SimulatedFlash {
    var flash = before
    flash.interruptNext(outcome, seed: hash.low)
    do throws(FlashError) {
      switch operation.kind {
      case .write: try flash.write(bytes.span, at: operation.range.lowerBound)
      case .erase: try flash.erase(operation.range)
      }
    } catch {
      // The power is lost, as it was to be; whoever recorded the operation has seen that it is not refused.
    }
    return flash
  }
}
