public import OTAFlashSimulator
public import OTAPartition

/// One run of ``PowerLossMatrix``: a part, its rules, and what the device does.
public struct PowerLossCase: Sendable, CustomStringConvertible {
  /// What the device does.
  public enum Subject: String, Sendable, CaseIterable {
    /// An update to an image that passes its health check, as ``UpdateScenario``.
    case healthyUpdate = "healthy-update"
    /// An update to one that does not.
    case unhealthyUpdate = "unhealthy-update"
    /// A new partition table, as ``TableScenario``.
    case partitionTable = "partition-table"
    /// An update in place to an image that passes its health check, as ``InPlaceScenario``.
    case healthyInPlace = "healthy-in-place"
    /// One to an image that does not, and is undone.
    case unhealthyInPlace = "unhealthy-in-place"

    /// Whether it goes with a way of activation.
    public var hasStrategy: Bool {
      switch self {
      case .healthyUpdate, .unhealthyUpdate: true
      case .partitionTable, .healthyInPlace, .unhealthyInPlace: false
      }
    }

    /// Whether it changes the image in its only slot.
    var isInPlace: Bool {
      switch self {
      case .healthyInPlace, .unhealthyInPlace: true
      case .healthyUpdate, .unhealthyUpdate, .partitionTable: false
      }
    }

    /// Whether the new image passes its health check; `nil` if there is none.
    var isHealthy: Bool? {
      switch self {
      case .healthyUpdate, .healthyInPlace: true
      case .unhealthyUpdate, .unhealthyInPlace: false
      case .partitionTable: nil
      }
    }
  }

  /// The part, with the rules of this case.
  public let part: FlashPart
  /// What the device does.
  public let subject: Subject
  /// How the new image gets to where it runs; `nil` where there is none.
  public let strategy: ActivationStrategy.Kind?
  /// The unit of writing.
  public let writeSize: UInt32
  /// What happens to writes over units that are in use.
  public let writeToUsed: SimulatedFlash.WriteToUsed
  /// Over how many groups of blocks an image goes.
  public let groupCount: Int
  /// A number that is another one for the next part and the next way.
  let turn: Int

  /// Whether the update is done where healthy and unhealthy images take turns.
  var isItsTurn: Bool {
    let isEven = (turn / 2 + writeSize.trailingZeroBitCount) % 2 == 0
    return subject.isHealthy.map { $0 == isEven } ?? true
  }

  /// Part, subject and rules.
  public var description: String {
    "\(part), writes to used units \(writeToUsed == .isRefused ? "refused" : "undefined"), \(subject.rawValue)"
      + (strategy.map { ", \($0.name)" } ?? "")
  }

  /// Runs it with every cut.
  ///
  /// - Parameter checker: how deep, and from which seed.
  /// - Returns: counts and violations.
  /// - Throws: ``PowerLossFailure`` if the part cannot be used in this way.
  public func check(with checker: PowerLossChecker) throws(PowerLossFailure) -> PowerLossReport {
    switch subject {
    case .healthyUpdate, .unhealthyUpdate: checker.check(try update())
    case .partitionTable: checker.check(try table())
    case .healthyInPlace, .unhealthyInPlace: checker.check(try inPlace())
    }
  }

  /// Goes one way again.
  ///
  /// - Parameters:
  ///   - trace: the cuts.
  ///   - checker: with the seed of the run that found them.
  /// - Returns: the violations on the way.
  /// - Throws: ``PowerLossFailure`` if the part cannot be used in this way, or there is no such way.
  public func replay(
    _ trace: PowerLossTrace, with checker: PowerLossChecker
  ) throws(PowerLossFailure) -> PowerLossReport {
    switch subject {
    case .healthyUpdate, .unhealthyUpdate: try replay(try update(), trace, checker)
    case .partitionTable: try replay(try table(), trace, checker)
    case .healthyInPlace, .unhealthyInPlace: try replay(try inPlace(), trace, checker)
    }
  }

  private func replay(
    _ scenario: some PowerLossScenario, _ trace: PowerLossTrace, _ checker: PowerLossChecker
  ) throws(PowerLossFailure) -> PowerLossReport {
    do throws(PowerLossTraceError) {
      return try checker.replay(scenario, trace: trace)
    } catch {
      throw PowerLossFailure("\(error)")
    }
  }

  private func update() throws(PowerLossFailure) -> UpdateScenario {
    let board: PowerLossBoard
    do throws(LayoutError) {
      board = try PowerLossBoard(part, strategy: strategy ?? .direct, groupCount: groupCount)
    } catch {
      throw PowerLossFailure("\(self): \(error)")
    }
    let sizes = board.sizes(longest: PowerLossMatrix.longestSingleGroup)
    return try UpdateScenario(
      geometry: board.geometry, layout: board.layout, oldSizes: sizes.old, newSizes: sizes.new,
      isHealthy: subject == .healthyUpdate, writeToUsed: writeToUsed)
  }

  private func inPlace() throws(PowerLossFailure) -> InPlaceScenario {
    let board: InPlaceBoard
    do throws(LayoutError) {
      board = try InPlaceBoard(part, blockCount: groupCount, longest: PowerLossMatrix.longestSingleGroup)
    } catch {
      throw PowerLossFailure("\(self): \(error)")
    }
    return try InPlaceScenario(
      geometry: board.geometry, layout: board.layout, oldSize: board.oldSize, newSize: board.newSize,
      shape: InPlaceScenario.Shape(shift: 1, segment: 1),
      fate: subject == .healthyInPlace ? .healthy : .unhealthy, writeToUsed: writeToUsed)
  }

  private func table() throws(PowerLossFailure) -> TableScenario {
    let geometry: FlashGeometry
    let areas: SlotRanges
    let partition: Range<UInt32>
    do throws(LayoutError) {
      geometry = try part.combinedGeometry()
      areas = try PowerLossBoard.tableAreas(of: part, on: geometry)
      partition = try part.range(of: part.layout.boot)
    } catch {
      throw PowerLossFailure("\(self): \(error)")
    }
    return try TableScenario(
      geometry: geometry, copyA: areas.a, copyB: areas.b, partition: partition, writeToUsed: writeToUsed)
  }
}

extension ActivationStrategy.Kind {
  /// The name for people and options: `swap-with-scratch`.
  public var name: String {
    switch self {
    case .direct: "direct"
    case .swapWithScratch: "swap-with-scratch"
    case .swapByMove: "swap-by-move"
    case .swapByOffset: "swap-by-offset"
    case .overwrite: "overwrite"
    }
  }
}
