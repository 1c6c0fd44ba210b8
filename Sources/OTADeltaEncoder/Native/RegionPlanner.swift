import OTADelta

/// Finds out what the parts of the old image hold, by trying: each kind of region is predicted with, and each part gets
/// the kind that predicts it best, unless changing the kind costs more than it saves.
enum RegionPlanner {
  /// What a change of kind costs, in the unit of ``NativeSurvey/misses(_:old:new:)``: about one bit.
  private static var switchingCost: Int { 60 }

  /// Plans the regions of the old image.
  ///
  /// - Parameters:
  ///   - plan: with architecture, spaces and covers.
  ///   - old: the old image.
  ///   - new: the new image.
  ///   - isCancelled: asked before each kind is tried.
  /// - Returns: the regions; none if all of it is code.
  /// - Throws: ``DeltaEncoderError/cancelled``.
  static func regions(
    _ plan: NativePlan, old: [UInt8], new: [UInt8], isCancelled: () -> Bool
  ) throws(DeltaEncoderError) -> [NativePlan.Region] {
    guard plan.architecture != .none, !plan.covers.isEmpty else { return [] }
    var misses: [[Int]] = []
    let kinds = RegionKind.allCases.filter {
      $0 != .plain && ($0 != .offset32 || plan.old.origin != 0)
        // Firmware for Cortex-M has no pointers of 64 bits, and its decoder refuses them. It is no ELF file, though.
        && ($0 != .pointers64 || plan.architecture != .thumb || plan.old.segments.count > 1)
    }
    for kind in kinds {
      guard !isCancelled() else { throw .cancelled }
      var trial = plan
      trial.regions = kind == .code ? [] : [NativePlan.Region(start: 0, kind: kind)]
      misses.append(NativeSurvey.misses(trial, old: old, new: new))
    }
    let path = cheapestPath(misses)
    var regions: [NativePlan.Region] = []
    for (block, choice) in path.enumerated() where block == 0 || choice != path[block - 1] {
      regions.append(NativePlan.Region(start: UInt32(block * NativeSurvey.blockSize), kind: kinds[choice]))
    }
    return regions.count == 1 && regions[0].kind == .code ? [] : regions
  }

  /// The sequence of choices, one for each block, that costs least with its changes.
  private static func cheapestPath(_ misses: [[Int]]) -> [Int] {
    let blockCount = misses[0].count
    // Everything begins as code, which costs nothing.
    var costs = misses.indices.map { $0 == 0 ? 0 : switchingCost }
    var origins: [[UInt8]] = []
    for block in 0..<blockCount {
      let best = costs.indices.min { costs[$0] < costs[$1] } ?? 0
      let bestCost = costs[best]
      origins.append(costs.indices.map { UInt8(costs[$0] <= bestCost + switchingCost ? $0 : best) })
      for choice in costs.indices {
        costs[choice] = min(costs[choice], bestCost + switchingCost) + misses[choice][block]
      }
    }
    var path = [Int](repeating: 0, count: blockCount)
    var choice = costs.indices.min { costs[$0] < costs[$1] } ?? 0
    for block in stride(from: blockCount - 1, through: 0, by: -1) {
      path[block] = choice
      choice = Int(origins[block][choice])
    }
    return path
  }
}
