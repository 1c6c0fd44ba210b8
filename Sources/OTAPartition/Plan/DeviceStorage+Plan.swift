public import OTACore

extension DeviceStorage where Device: ~Copyable {
  /// What an update will cost from here on; nothing is read or written.
  ///
  /// - Parameters:
  ///   - manifest: of the update. It is not asked to be verified: the plan of what is refused later is of no use, and of
  ///     no harm.
  ///   - attempts: how often the image may boot without being confirmed.
  /// - Returns: the plan, with the ``checkpointInterval`` as it is now.
  /// - Throws: ``StorageError/imageCountMismatch``, ``StorageError/imageTooLarge`` and ``StorageError/slotInUse`` as
  ///   ``beginStaging(_:offer:)``.
  /// - Precondition: `attempts` is not 0.
  /// - Complexity: grows with the square of the number of block groups that the images take.
  public func plan(for manifest: Manifest, attempts: UInt8 = 1) throws(StorageError) -> UpdatePlan {
    precondition(attempts > 0, "an image on trial needs an attempt")
    let record = ImageRecord(
      image: manifest.image, companions: manifest.companions, sequenceNumber: manifest.sequenceNumber,
      version: manifest.newVersion)
    guard record.count == layout.imageCount else { throw .imageCountMismatch }
    try requireSettled()
    guard case .confirmed(let selected) = state.boot.selection, selected == runningSlot else {
      throw .slotInUse
    }
    let slot = selected.other
    guard fits(record, in: slot), let size = record.totalSize else { throw .imageTooLarge }
    let offer = Offer(
      updateID: manifest.image.digest, sequenceNumber: manifest.sequenceNumber, imageSize: size)

    var plan = UpdatePlan(writeSize: flash.geometry.writeSize)
    var forecast = JournalForecast(journal, geometry: flash.geometry)
    var next = state
    next.boot[slot] = nil
    next.update = .staging(offer, stagedBytes: 0)
    plan.staging = stagingWork(of: record, in: slot)
    plan.wear.slots = min(plan.staging.blocksErased, 1)
    try forecast.commit(next, times: 1 + stagingRecords(of: record, in: slot))
    next.boot.selection = .trial(slot, attemptsLeft: attempts)
    next.boot[slot] = record
    next.update = .applying(offer)
    try forecast.commit(next)

    forecast.restart()
    if layout.strategy != .direct {
      if !layout.strategy.canRevert { next.boot[selected] = nil }
      next.boot.placement = .moving(to: slot, step: 0)
      let relocation = Relocation(
        layout: layout, geometry: flash.geometry, target: slot, arriving: record,
        leaving: next.boot[selected])
      let steps = add(relocation, to: &plan)
      plan.wear.slots = slotWear(of: relocation)
      try forecast.commit(next, times: 1 + UInt64((max(steps, 1) - 1) / relocation.stepsPerRecord))
      next.boot.placement = .settled(primary: slot)
      try forecast.commit(next)
    }
    try forecast.commit(next)

    forecast.restart()
    next.boot.selection = .confirmed(slot)
    next.boot.lastRevert = nil
    next.update = .reporting(Report(updateID: offer.updateID, outcome: .installed))
    try forecast.commit(next)
    next.update = .idle
    try forecast.commit(next)
    plan.journal = forecast.work
    plan.records = forecast.records
    plan.wear.journal = forecast.wear
    return plan
  }

  private func stagingWork(of record: ImageRecord, in slot: SlotIdentifier) -> FlashWork {
    var work = FlashWork()
    for index in 0..<record.count {
      guard let image = record[image: index] else { continue }
      work = work + flash.geometry.work(at: range(of: slot, image: index).lowerBound, size: image.size)
    }
    return work
  }

  /// How many records say how far the staging has come: the checkpoints, and the end if none is there.
  private func stagingRecords(of record: ImageRecord, in slot: SlotIdentifier) -> UInt64 {
    var records: UInt64 = 0
    var before: UInt32 = 0
    var checkpoint: UInt32 = 0
    for index in 0..<record.count {
      guard let image = record[image: index] else { continue }
      let start = range(of: slot, image: index).lowerBound
      var position = start
      while let block = flash.geometry.eraseBlock(containing: position),
        block.upperBound - start <= image.size
      {
        position = block.upperBound
        let staged = before + position - start
        guard staged - checkpoint >= checkpointInterval else { continue }
        checkpoint = staged
        records += 1
      }
      before += image.size
    }
    return checkpoint == before ? records : records + 1
  }

  /// Adds the steps of a move.
  ///
  /// - Returns: how many of them copy something.
  private func add(_ relocation: Relocation, to plan: inout UpdatePlan) -> UInt32 {
    var steps: UInt32 = 0
    for number in 0..<relocation.stepCount {
      guard let copy = relocation.step(number) else { continue }
      if case .swapWithScratch(let scratch) = layout.strategy, copy.destination == scratch.lowerBound {
        plan.wear.scratch += 1
      }
      plan.relocation = plan.relocation + flash.geometry.work(at: copy.destination, size: copy.size)
      steps += 1
    }
    return steps
  }

  /// The most erases of any block of the slots: what is staged, what arrives and what leaves each erase a run of blocks
  /// once, so that it is two where two of these runs meet.
  private func slotWear(of relocation: Relocation) -> UInt64 {
    var wear: UInt64 = 0
    for index in 0..<layout.imageCount {
      let primary = layout[.a, index].lowerBound
      let secondary = layout[.b, index].lowerBound
      let staged = range(of: relocation.target, image: index).lowerBound
      let arriving = relocation.arriving[image: index]?.size ?? 0
      let leaving = relocation.leaving?[image: index]?.size ?? 0
      let unit = BlockGroups(
        primary: layout[.a, index], secondary: layout[.b, index], geometry: flash.geometry
      )
      .size(at: 0)
      let isUpper = layout.strategy == .swapByOffset && relocation.target == .a
      let inSecondary = erases(staged, arriving, secondary + (isUpper ? unit : 0), leaving)
      let inPrimary = layout.strategy == .swapByMove ? erases(primary, arriving, primary + unit, leaving) : 1
      wear = max(wear, max(inSecondary, arriving > 0 ? inPrimary : 0))
    }
    return wear
  }

  /// The most erases of a block by two runs of bytes, each from a border of a block on.
  private func erases(_ first: UInt32, _ firstSize: UInt32, _ second: UInt32, _ secondSize: UInt32) -> UInt64
  {
    guard firstSize > 0, secondSize > 0 else { return firstSize > 0 || secondSize > 0 ? 1 : 0 }
    guard let firstEnd = flash.geometry.eraseBlock(containing: first + firstSize - 1)?.upperBound,
      let secondEnd = flash.geometry.eraseBlock(containing: second + secondSize - 1)?.upperBound
    else { return 1 }
    return first < secondEnd && second < firstEnd ? 2 : 1
  }
}
