import OTAFlashSimulator
import OTAPartition
import Testing

/// A boot loader that updates a slot in place, over the real journal, in few lines; single rules can be broken.
///
/// It exists to show that each rule is needed: with all of them kept, the checker finds nothing; with any broken, it does.
struct ToyInPlace: Sendable {
  /// A rule that is broken.
  enum Flaw: String, CaseIterable, Sendable, CustomTestStringConvertible {
    /// Records a step, then does it.
    case recordsBeforeStep
    /// Records every second step.
    case recordsEverySecondStep
    /// Moves two blocks in a step, by one block.
    case movesMoreThanTheShift
    /// A segment reads old bytes that it overwrites itself.
    case readsWhatItOverwrites
    /// Does not erase a block that reads as erased.
    case trustsErasedBlocks
    /// Does not digest the image before it boots.
    case bootsUnverified
    /// Applies a patch without having tried it.
    case rehearsesNothing
    /// Keeps no record while it goes back.
    case undoesWithoutRecord
    /// Erases the patches when the new image boots, not when it is confirmed.
    case erasesStoreEarly
    /// Raises the security counter when the new image is made, not when it is confirmed.
    case raisesCounterEarly
    /// Counts no attempts.
    case countsNoAttempts

    var testDescription: String { rawValue }
  }

  /// What the world does to the device.
  enum World: Sendable, CaseIterable {
    /// The new image is good.
    case healthy
    /// The new image does not pass its health check.
    case unhealthy
    /// The new image never gets so far as to say anything.
    case hanging
    /// The patch makes another image than the manifest says.
    case damaged
    /// A bit of the new image rots when it is on trial, where the patch back does not read it.
    case rotting
  }

  enum Failure: Error {
    case storage(StorageError), flash(FlashError), nothingBoots
  }

  var flaw: Flaw?
  var world = World.healthy

  // MARK: The device

  static let block: UInt32 = 128
  static let slot: Range<UInt32> = 4096..<4096 + 6 * block
  static let store: Range<UInt32> = slot.upperBound..<slot.upperBound + 6 * block

  static func geometry() throws(LayoutError) -> FlashGeometry {
    let regions = [
      FlashGeometry.Region(eraseBlockSize: 2048, blockCount: 2),
      FlashGeometry.Region(eraseBlockSize: block, blockCount: 12),
    ]
    return try FlashGeometry(regions: regions.span, writeSize: 4)
  }

  static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  /// The old image and the new one, of whole units.
  static let images = [bytes(300, seed: 1), bytes(460, seed: 2)]

  /// What the journal holds.
  struct State: Equatable {
    enum Phase: UInt8 { case old, applying, trial, reverting, new }

    var phase = Phase.applying
    var step: UInt8 = 0
    var attempts: UInt8 = 0
    /// The lowest image that may boot.
    var counter: UInt8 = 0

    var payload: [UInt8] { [phase.rawValue, step, attempts, counter] }

    init() {}

    init(_ payload: [UInt8]) {
      phase = Phase(rawValue: payload[0]) ?? .old
      (step, attempts, counter) = (payload[1], payload[2], payload[3])
    }
  }

  /// The first old byte that a segment of one block reads, with a shift of one block.
  func floor(_ segment: Int) -> Int {
    let first = segment * Int(Self.block)
    return flaw == .readsWhatItOverwrites ? max(0, first - Int(Self.block)) : first
  }

  /// For each new byte its difference from the old one that it reads.
  func patch(_ source: [UInt8], _ target: [UInt8]) -> [UInt8] {
    target.enumerated().map { index, byte in
      let (segment, rest) = index.quotientAndRemainder(dividingBy: Int(Self.block))
      let place = floor(segment) + rest
      return place < source.count ? byte ^ source[place] : byte
    }
  }

  /// Both patches; a damaged one is wrong where the patch back reads.
  var payload: [UInt8] {
    var forward = patch(Self.images[0], Self.images[1])
    if case .damaged = world { forward[200] ^= 1 }
    return forward + patch(Self.images[1], Self.images[0])
  }

  static func journal() throws(LayoutError) -> Journal {
    try Journal(checking: 0..<2048, 2048..<4096, payloadCapacity: 320, on: try geometry())
  }

  /// A device that runs the old image, with the patches in the store, and the update requested.
  func provisioned() throws -> SimulatedFlash {
    var flash = SimulatedFlash(try Self.geometry())
    flash.writeToUsed = .isUndefined
    let old = Self.images[0]
    try flash.write(old.span, at: Self.slot.lowerBound)
    let payload = payload
    try flash.write(payload.span, at: Self.store.lowerBound)
    // Remains of another life where the image is not.
    let remains = Self.bytes(128, seed: 3)
    try flash.write(remains.span, at: Self.slot.upperBound - Self.block)
    var journal = try Self.journal()
    let state = State().payload
    try journal.format(&flash, payload: state.span)
    return flash
  }

  // MARK: The world

  /// One start: the boot loader, then the application.
  ///
  /// - Returns: whether the update has come to its end.
  func start(_ shared: SharedFlash) throws(Failure) -> Bool {
    var loader = try ToyLoader(opening: shared, toy: self)
    _ = try loader.boot()
    switch loader.state.phase {
    case .old, .new: return true
    case .applying, .reverting: throw .nothingBoots
    case .trial:
      switch world {
      case .healthy, .damaged: try loader.confirm()
      case .unhealthy: try loader.revert()
      case .hanging: break
      case .rotting:
        shared.withFlash { flash in
          guard flash.note == 0 else { return }
          flash.note = 1
          flash.flipBits(1, at: Self.slot.lowerBound + 450)
        }
      }
    }
    return false
  }

  /// Starts the device once more with an application that does nothing, and says what is wrong with what runs; it must be
  /// the image that is expected, or either.
  func problem(on shared: SharedFlash, expected: Int? = nil) -> String? {
    let runs: Int
    do throws(Failure) {
      var loader = try ToyLoader(opening: shared, toy: self)
      runs = try loader.boot()
    } catch {
      return "nothing boots: \(error)"
    }
    let image = Self.images[runs]
    let start = Self.slot.lowerBound
    let contents = shared.withFlash { $0.contents(of: start..<start + UInt32(image.count)) }
    guard contents == image else { return "what runs is neither the old image nor the new one" }
    if let expected, runs != expected { return "image \(runs) runs at last, not \(expected)" }
    return nil
  }
}
