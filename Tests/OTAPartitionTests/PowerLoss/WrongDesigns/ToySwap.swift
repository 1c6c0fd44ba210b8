import OTACore
import OTAFlashSimulator
import OTAPartition
import Testing

/// A boot loader with two images that swaps by way of a scratch block, over the real journal, in few lines; single rules
/// can be broken.
///
/// It exists to show that each rule is needed: with all of them kept, the checker finds nothing; with any broken, it does.
struct ToySwap: Sendable {
  /// A rule that is broken.
  enum Flaw: String, CaseIterable, Sendable, CustomTestStringConvertible {
    /// Confirms the new set, then verifies it.
    case confirmsUnverified
    /// Raises the security counter when the new set is requested, not when it is confirmed.
    case raisesCounterEarly
    /// Erases the primary place to save time, then records that the new set is to come there.
    case erasesBeforeRecord
    /// Erases the primary place, then verifies what is to come there.
    case erasesUnverified
    /// Requests each image by a record of its own.
    case hasTwoRecords
    /// Keeps the progress in plain words of flash, each the number of steps done, without checksum or seal.
    case hasPlainProgress
    /// Records a step, then does it.
    case recordsBeforeStep
    /// Records every second step.
    case recordsEverySecondStep
    /// Does not read back what it copied.
    case readsNothingBack
    /// Verifies what is to move, and not what has moved.
    case verifiesNothingMoved
    /// Counts the attempt when the application has started, not before.
    case countsAfterJump
    /// Reverts to the old set on trial, with the failed one as that to go back to.
    case keepsFailedSet

    var testDescription: String { rawValue }
  }

  /// What the world does to the device.
  enum World: Sendable {
    /// The new set is good.
    case healthy
    /// The new set does not pass its health check.
    case unhealthy
    /// The new set never gets so far as to say anything.
    case hanging
    /// A byte of the new set is wrong in the secondary place.
    case damaged
    /// The scratch block silently takes nothing, until the boot loader has given up once.
    case tiredScratch
    /// A bit of the primary place rots as soon as the new set is there.
    case rotting
  }

  enum Failure: Error {
    case storage(StorageError), flash(FlashError), nothingBoots, doesNotConverge
  }

  var flaw: Flaw?
  var world = World.healthy

  // MARK: The device

  static let block: UInt32 = 128
  /// Primary and secondary place of each image: of two blocks and of one in the long form, else of one each.
  static let places: [(a: UInt32, b: UInt32, blocks: UInt32)] = [
    (4096, 4480, TestSeed.isSlow ? 2 : 1), (4352, 4736, 1),
  ]
  static let scratch: UInt32 = 4864
  static let progress: UInt32 = 4992

  static func geometry() throws(LayoutError) -> FlashGeometry {
    let regions = [
      FlashGeometry.Region(eraseBlockSize: 2048, blockCount: 2),
      FlashGeometry.Region(eraseBlockSize: block, blockCount: 8),
    ]
    return try FlashGeometry(regions: regions.span, writeSize: 4)
  }

  /// The bytes of an image of the old set, 0, or the new one, 1.
  static func bytes(_ set: UInt8, _ image: Int) -> [UInt8] {
    var random = SplitMix64(seed: UInt64(set) * 2 + UInt64(image) + 1)
    return (0..<places[image].blocks * block).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  static let sets: [[[UInt8]]] = [[bytes(0, 0), bytes(0, 1)], [bytes(1, 0), bytes(1, 1)]]

  /// What the journal holds.
  struct State: Equatable {
    /// The set that is to boot, and the one that is in the primary place, of each image.
    var selected: [UInt8] = [0, 0]
    var placed: [UInt8] = [0, 0]
    /// How many steps are done; `nil` if nothing moves.
    var step: UInt8?
    /// How often the selected set may still boot; `nil` if it is confirmed.
    var attempts: UInt8?
    /// The lowest set that may boot.
    var counter: UInt8 = 0
    /// Whether the other set may be gone back to.
    var hasOther = false
    /// Whether the update has come to its end.
    var hasEnded = false

    var payload: [UInt8] {
      selected + placed + [step ?? 0xff, attempts ?? 0xff, counter, hasOther ? 1 : 0, hasEnded ? 1 : 0]
    }

    init() {}

    init(_ payload: [UInt8]) {
      (selected, placed) = (Array(payload[0..<2]), Array(payload[2..<4]))
      (step, attempts) = (payload[4] == 0xff ? nil : payload[4], payload[5] == 0xff ? nil : payload[5])
      (counter, hasOther, hasEnded) = (payload[6], payload[7] == 1, payload[8] == 1)
    }
  }

  /// A device that runs the old set.
  static func provisioned(for world: World) throws -> SimulatedFlash {
    let geometry = try geometry()
    var flash = SimulatedFlash(geometry)
    flash.writeToUsed = .isUndefined
    for (image, place) in places.enumerated() {
      let bytes = sets[0][image]
      try flash.write(bytes.span, at: place.a)
    }
    var journal = Journal(layout: try layout(geometry), geometry: geometry)
    let payload = State().payload
    try journal.format(&flash, payload: payload.span)
    if case .tiredScratch = world { flash.setFaults(.programIgnored, in: scratch..<scratch + block) }
    return flash
  }

  static func layout(_ geometry: FlashGeometry) throws(LayoutError) -> DeviceLayout {
    try DeviceLayout(
      slotA: 4096..<4480, slotB: 4480..<4864, journalA: 0..<2048, journalB: 2048..<4096, on: geometry)
  }

  // MARK: The world

  /// Starts the device until the update has come to its end.
  func run(_ shared: SharedFlash) throws(Failure) {
    for _ in 0..<10 {
      do throws(Failure) {
        if try start(shared) { return }
      } catch {
        guard case .nothingBoots = error, case .tiredScratch = world else { throw error }
        shared.withFlash { $0.setFaults([], in: Self.scratch..<Self.scratch + Self.block) }
        // Once it has been replaced, nothing is an excuse.
        if try ToySwap(flaw: flaw, world: .healthy).start(shared) { return }
      }
    }
    throw .doesNotConverge
  }

  /// One start: the boot loader, then the application.
  ///
  /// - Returns: whether the update has come to its end.
  func start(_ shared: SharedFlash) throws(Failure) -> Bool {
    var loader = try Loader(opening: shared, toy: self)
    try loader.boot()
    return try loader.runApplication()
  }

  /// Starts the device a few times with an application that does nothing, and says what is wrong with what runs; it must
  /// be the set that is expected, or either.
  func problem(on shared: SharedFlash, starts: Int = 1, expected: UInt8? = nil) -> String? {
    // The world has done what it does; only a block that is still tired stays so.
    let observer = ToySwap(flaw: flaw, world: .healthy)
    for _ in 0..<starts {
      do throws(Failure) {
        var loader = try Loader(opening: shared, toy: observer)
        try loader.boot()
      } catch {
        if case .tiredScratch = world, case .nothingBoots = error {
          shared.withFlash { $0.setFaults([], in: Self.scratch..<Self.scratch + Self.block) }
          return problem(on: shared, starts: starts, expected: expected)
        }
        return "nothing boots: \(error)"
      }
      let flash = shared.snapshot
      let running = Self.sets.firstIndex { set in
        set.enumerated().allSatisfy { image, bytes in
          let start = Self.places[image].a
          return flash.contents(of: start..<start + UInt32(bytes.count)) == bytes
        }
      }
      guard let running else { return "what runs is neither the old set nor the new one" }
      if let expected, running != expected { return "set \(running) runs at last, not \(expected)" }
    }
    return nil
  }
}
