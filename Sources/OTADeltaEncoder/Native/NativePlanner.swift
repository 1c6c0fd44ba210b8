import OTADelta

/// Makes the plan of a native patch: architecture, address spaces, regions and covers.
struct NativePlanner {
  let old: [UInt8]
  let new: [UInt8]
  /// Where in the old image an image of its own may begin, such as a stream of a container.
  var oldStarts = [0]
  /// The same in the new image.
  var newStarts = [0]

  /// Plans.
  ///
  /// - Parameters:
  ///   - architecture: the instruction set; nil to find out.
  ///   - isCancelled: asked before each stage; `true` stops.
  /// - Returns: the plan; its covers in the order of the new image.
  /// - Throws: ``DeltaEncoderError/imageTooLarge``, ``DeltaEncoderError/outOfMemory`` or
  ///   ``DeltaEncoderError/cancelled``.
  func plan(architecture: Architecture?, isCancelled: () -> Bool) throws(DeltaEncoderError) -> NativePlan {
    guard !old.isEmpty, !new.isEmpty else { return NativePlan(architecture: .none) }
    var plan = NativePlan(architecture: .none)
    if let architecture = architecture ?? statedArchitecture, architecture != .none, let spaces = statedSpaces
    {
      plan.architecture = architecture
      (plan.old, plan.new) = spaces
    } else {
      plan.covers = try covers(old, new, isCancelled)
      if let architecture = architecture ?? statedArchitecture {
        plan.architecture = architecture
      } else {
        plan.architecture = try chosenArchitecture(plan, isCancelled)
      }
      guard plan.architecture != .none else { return plan }
      locate(&plan)
    }
    plan.covers = try covers(blanked(plan, isNew: false), blanked(plan, isNew: true), isCancelled)
    // Twice, if with the regions known much more of the tables is covered: then what they hold shows better.
    for _ in 0..<2 {
      let regions = try RegionPlanner.regions(plan, old: old, new: new, isCancelled: isCancelled)
      guard regions != plan.regions else { break }
      plan.regions = regions
      let coveredBefore = plan.coveredCount
      plan.covers = try covers(blanked(plan, isNew: false), blanked(plan, isNew: true), isCancelled)
      guard abs(plan.coveredCount - coveredBefore) > new.count / 512 else { break }
    }
    return plan
  }

  /// The covers of two images, by their bytes.
  private func covers(
    _ old: [UInt8], _ new: [UInt8], _ isCancelled: () -> Bool
  ) throws(DeltaEncoderError) -> [NativePlan.Cover] {
    guard !isCancelled() else { throw .cancelled }
    let scanner = try CoverScanner(old: old, new: new)
    guard !isCancelled() else { throw .cancelled }
    var result: [NativePlan.Cover] = []
    for cover in try scanner.scan(isCancelled: isCancelled) where cover.similarCount > 0 {
      result.append(
        NativePlan.Cover(
          old: UInt32(cover.oldPosition), new: UInt32(cover.newPosition), length: UInt32(cover.similarCount)))
    }
    return result
  }

  private func blanked(_ plan: NativePlan, isNew: Bool) -> [UInt8] {
    NativeSurvey.normalised(
      isNew ? new : old, architecture: plan.architecture, space: isNew ? plan.new : plan.old,
      regions: isNew ? movedRegions(plan) : plan.regions)
  }

  /// Where the regions of the old image most likely are in the new one.
  private func movedRegions(_ plan: NativePlan) -> [NativePlan.Region] {
    var result: [NativePlan.Region] = []
    let places = NativeSurvey.places(of: plan.regions.map(\.start), plan: plan)
    for (region, place) in zip(plan.regions, places) {
      let start = region.start == 0 ? 0 : place
      guard start >= result.last?.start ?? 0, Int(start) <= new.count else { continue }
      result.append(NativePlan.Region(start: start, kind: region.kind))
    }
    return result
  }

  /// The instruction set that explains most of what differs.
  private func chosenArchitecture(
    _ plan: NativePlan, _ isCancelled: () -> Bool
  ) throws(DeltaEncoderError) -> Architecture {
    var best = Architecture.none
    var bestMisses = NativeSurvey.misses(plan, old: old, new: new).reduce(0, +)
    for architecture in Architecture.allCases where architecture != .none {
      guard !isCancelled() else { throw .cancelled }
      var trial = plan
      trial.architecture = architecture
      locate(&trial)
      let misses = NativeSurvey.misses(trial, old: old, new: new).reduce(0, +)
      if misses < bestMisses {
        best = architecture
        bestMisses = misses
      }
    }
    return best
  }

  /// The instruction set that both images say they are for.
  private var statedArchitecture: Architecture? {
    let stated = ImageLayout(old, startingAt: oldStarts)?.architecture
    return ImageLayout(new, startingAt: newStarts)?.architecture == stated ? stated : nil
  }

  /// Where both images say they are in memory.
  private var statedSpaces: (old: NativePlan.Space, new: NativePlan.Space)? {
    guard let oldLayout = ImageLayout(old, startingAt: oldStarts),
      let newLayout = ImageLayout(new, startingAt: newStarts),
      !oldLayout.space.segments.isEmpty,
      Int64(exactly: newLayout.space.base &- oldLayout.space.base).flatMap(Int32.init(exactly:)) != nil
    else { return nil }
    return (oldLayout.space, newLayout.space)
  }

  /// Finds out where both images are in memory.
  private func locate(_ plan: inout NativePlan) {
    if let spaces = statedSpaces {
      (plan.old, plan.new) = spaces
      return
    }
    let is64 =
      switch plan.architecture {
      case .arm64, .riscv64, .x8664, .pointers64: true
      case .none, .pointers32, .thumb, .arm, .riscv32, .xtensa: false
      }
    let base =
      BaseVote.base(
        old: old, new: new, covers: plan.covers, width: is64 ? 8 : 4,
        ignoredBits: plan.architecture == .thumb ? 1 : 0) ?? 0
    plan.old = NativePlan.Space(
      base: base, segments: [Segment(offset: 0, length: UInt32(old.count), address: 0)])
    plan.new = NativePlan.Space(
      base: base, segments: [Segment(offset: 0, length: UInt32(new.count), address: 0)])
  }
}
