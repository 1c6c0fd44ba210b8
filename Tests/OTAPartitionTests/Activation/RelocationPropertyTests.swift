import OTACore
import OTAFlashSimulator
import Testing

@testable import OTAPartition

/// The list of steps, carried out on plain bytes: whatever layout, sizes and direction, and wherever it is interrupted.
@Suite("Properties of a relocation")
struct RelocationPropertyTests {
  @Test(
    "Interrupted in any step and taken up at the last record, all images arrive, and nothing else changes",
    arguments: ActivationStrategy.Kind.allCases)
  func arrives(_ kind: ActivationStrategy.Kind) throws {
    var random = SplitMix64(seed: TestSeed.value)
    var accepted = 0
    for round in 0..<(TestSeed.isSlow ? 2000 : 120) {
      guard let device = try Self.device(kind, using: &random) else { continue }
      accepted += 1
      for target in SlotIdentifier.allCases {
        for hasLeaving in kind == .overwrite ? [false] : [true, false] {
          let context = "\(kind), round \(round), to \(target), seed \(TestSeed.value)"
          try Self.check(device, target: target, hasLeaving: hasLeaving, using: &random, context)
        }
      }
    }
    #expect(accepted > 20, "\(kind), seed \(TestSeed.value)")
  }

  private struct Device {
    var layout: DeviceLayout
    var geometry: FlashGeometry
  }

  /// A device of up to four images in places of random blocks; `nil` if this way cannot work there.
  private static func device(
    _ kind: ActivationStrategy.Kind, using random: inout SplitMix64
  ) throws -> Device? {
    let isEqual = Bool.random(using: &random)
    var regions = [FlashGeometry.Region(eraseBlockSize: 4096, blockCount: 2)]
    var start: UInt32 = 8192
    func place(_ random: inout SplitMix64) -> Range<UInt32> {
      let sizes: [UInt32] = isEqual ? [32] : [16, 32, 64, 48]
      let size = sizes.randomElement(using: &random) ?? 16
      let count = UInt32.random(in: 1...6, using: &random)
      regions.append(FlashGeometry.Region(eraseBlockSize: size, blockCount: count))
      defer { start += size * count }
      return start..<start + size * count
    }
    let slots = (0..<Int.random(in: 1...4, using: &random)).map { _ in
      SlotRanges(a: place(&random), b: place(&random))
    }
    regions.append(FlashGeometry.Region(eraseBlockSize: 64, blockCount: 4))
    let geometry = try FlashGeometry(regions: regions.span, writeSize: 4)
    let strategy: ActivationStrategy =
      switch kind {
      case .direct: .direct
      case .swapWithScratch: .swapWithScratch(start..<start + 192)
      case .swapByMove: .swapByMove
      case .swapByOffset: .swapByOffset
      case .overwrite: .overwrite
      }
    let companions = Array(slots.dropFirst())
    do throws(LayoutError) {
      let layout = try DeviceLayout(
        slotA: slots[0].a, slotB: slots[0].b, companions: companions.span, journalA: 0..<4096,
        journalB: 4096..<8192, strategy: strategy, on: geometry)
      return Device(layout: layout, geometry: geometry)
    } catch {
      #expect(error == .tooSmall || error == .unequalBlocks)
      return nil
    }
  }

  private static func check(
    _ device: Device, target: SlotIdentifier, hasLeaving: Bool, using random: inout SplitMix64,
    _ context: String
  ) throws {
    let images = 0..<device.layout.imageCount
    func sizes() -> [UInt32] {
      images.map {
        UInt32.random(in: 0...device.layout.capacity(of: $0, on: device.geometry), using: &random)
      }
    }
    let arriving = ImageRecord.sized(sizes())
    let leaving = ImageRecord.sized(sizes())
    var memory = (0..<device.geometry.capacity).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    // Where each image is before and after, by the names of the slots.
    func secondary(_ slot: SlotIdentifier, _ image: Int) -> UInt32 {
      device.layout[.b, image].lowerBound
        + (slot == .b ? device.layout.offset(of: image, on: device.geometry) : 0)
    }
    let before = memory
    let relocation = Relocation(
      layout: device.layout, geometry: device.geometry, target: target, arriving: arriving,
      leaving: hasLeaving ? leaving : nil)
    let touched = try run(relocation, on: &memory, using: &random, context)

    for image in images where device.layout.strategy != .direct {
      let primary = device.layout[.a, image].lowerBound
      let size = arriving[image: image]?.size ?? 0
      try #require(
        slice(memory, primary, size) == slice(before, secondary(target, image), size),
        "arriving \(image), \(context)")
      guard hasLeaving else { continue }
      let other = leaving[image: image]?.size ?? 0
      try #require(
        slice(memory, secondary(target.other, image), other) == slice(before, primary, other),
        "leaving \(image), \(context)")
    }
    var own = images.flatMap { [device.layout[.a, $0], device.layout[.b, $0]] }
    if case .swapWithScratch(let scratch) = device.layout.strategy { own.append(scratch) }
    for range in touched {
      try #require(
        own.contains { $0.contains(range.lowerBound) && $0.upperBound >= range.upperBound }, "\(context)")
    }
  }

  /// Carries out the steps; each is interrupted once, with noise in all blocks that it erases, and then everything since
  /// the last record is done again.
  private static func run(
    _ relocation: Relocation, on memory: inout [UInt8], using random: inout SplitMix64, _ context: String
  ) throws -> [Range<UInt32>] {
    let steps = (0..<relocation.stepCount).compactMap(relocation.step)
    var touched: [Range<UInt32>] = []
    var recorded = 0
    while recorded < steps.count {
      let end = min(recorded + Int(relocation.stepsPerRecord), steps.count)
      for interrupted in recorded..<end {
        for index in recorded..<interrupted { perform(steps[index], on: &memory) }
        let blocks = try erased(by: steps[interrupted], relocation.geometry)
        touched.append(blocks)
        for offset in blocks { memory[Int(offset)] = UInt8(truncatingIfNeeded: random.next()) }
      }
      for index in recorded..<end {
        try #require(relocation.geometry.isEraseBoundary(steps[index].destination), "\(context)")
        let blocks = try erased(by: steps[index], relocation.geometry)
        let source = steps[index].source..<steps[index].source + steps[index].size
        try #require(!blocks.overlaps(source), "a step erases what it reads, \(context)")
        for offset in blocks where !steps[index].destinationRange.contains(offset) {
          memory[Int(offset)] = 0xff
        }
        perform(steps[index], on: &memory)
      }
      recorded = end
    }
    return touched
  }

  private static func perform(_ step: BlockCopy, on memory: inout [UInt8]) {
    for offset in 0..<step.size { memory[Int(step.destination + offset)] = memory[Int(step.source + offset)] }
  }

  private static func erased(by step: BlockCopy, _ geometry: FlashGeometry) throws -> Range<UInt32> {
    let last = try #require(geometry.eraseBlock(containing: step.destination + step.size - 1))
    return step.destination..<last.upperBound
  }

  private static func slice(_ memory: [UInt8], _ start: UInt32, _ size: UInt32) -> ArraySlice<UInt8> {
    memory[Int(start)..<Int(start + size)]
  }
}

extension BlockCopy {
  fileprivate var destinationRange: Range<UInt32> { destination..<destination + size }
}
