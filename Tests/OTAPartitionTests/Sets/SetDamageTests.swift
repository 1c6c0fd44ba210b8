import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("A set with damaged images")
struct SetDamageTests {
  /// How an image is spoilt.
  private enum Damage: CaseIterable {
    case firstBit, lastBit, torn
  }

  @Test(
    "Each image of a requested set damaged in turn, and each pair: the old set boots whole, with the cause",
    arguments: try TestBoard.sets(of: [2, 3, 4]))
  func requested(_ board: TestBoard) throws {
    let start = try board.activated()
    for images in Self.subsets(of: board.newSet) {
      for damage in Damage.allCases {
        var flash = start
        for image in images {
          try Self.spoil(image, of: .b, set: board.newSet, with: damage, on: &flash, board)
        }
        let context: Comment = "\(board.name): images \(images), \(damage)"
        let boot = try Self.boot(flash, board)
        #expect(boot.decision.kind == .reverted(.bootVerificationFailed), context)
        #expect(boot.decision.image == board.oldSet.record, context)
        #expect(board.runs(board.oldSet, of: .a, on: boot.flash), context)
        #expect(boot.state.update == .rollingBack(board.newSet.offer, .bootVerificationFailed), context)
        #expect(boot.state.boot.slotB == nil && boot.state.boot.selection == .confirmed(.a), context)
        #expect(try Self.boot(boot.flash, board).decision.kind == .confirmed, context)
      }
    }
  }

  @Test(
    "The same on trial, where the new set runs: what can revert, reverts whole",
    arguments: try TestBoard.sets(of: [2, 3, 4]))
  func onTrial(_ board: TestBoard) throws {
    let start = try Self.boot(try board.activated(), board)
    #expect(start.decision.kind == .trial(attemptsLeft: 2))
    #expect(board.runs(board.newSet, of: .b, on: start.flash))
    for images in Self.subsets(of: board.newSet) {
      var flash = start.flash
      for image in images { try Self.spoil(image, of: .b, set: board.newSet, with: .torn, on: &flash, board) }
      let context: Comment = "\(board.name): images \(images)"
      guard board.layout.strategy.canRevert else {
        #expect(throws: BootError.noBootableImage, context) { try Self.boot(flash, board) }
        continue
      }
      let boot = try Self.boot(flash, board)
      #expect(boot.decision.kind == .reverted(.bootVerificationFailed), context)
      #expect(boot.decision.image == board.oldSet.record, context)
      #expect(board.runs(board.oldSet, of: .a, on: boot.flash), context)
      #expect(boot.state.boot.securityCounter == board.oldSet.sequenceNumber, context)
      #expect(try Self.boot(boot.flash, board).decision.kind == .confirmed, context)
    }
  }

  @Test(
    "The old set damaged, in any image: it is not reverted to, not even in part",
    arguments: try TestBoard.sets(of: [3]))
  func oldSet(_ board: TestBoard) throws {
    guard board.layout.strategy.canRevert else { return }
    let start = try Self.boot(try board.activated(attempts: 1), board)
    for images in Self.subsets(of: board.oldSet) {
      var flash = start.flash
      for image in images {
        try Self.spoil(image, of: .a, set: board.oldSet, with: .firstBit, on: &flash, board)
      }
      for _ in 0..<3 {
        let boot = try Self.boot(flash, board)
        #expect(boot.decision == BootDecision(slot: .b, image: board.newSet.record, kind: .fallback))
        #expect(board.runs(board.newSet, of: .b, on: boot.flash), "\(board.name): images \(images)")
        flash = boot.flash
      }
    }
  }

  @Test("One damaged image of the only set stops the boot", arguments: try TestBoard.sets(of: [4]))
  func onlySet(_ board: TestBoard) throws {
    for image in [0, 1, 2] {
      var flash = try board.provisioned(board.oldSet)
      try Self.spoil(image, of: .a, set: board.oldSet, with: .lastBit, on: &flash, board)
      #expect(throws: BootError.noBootableImage) { try Self.boot(flash, board) }
    }
  }

  @Test("Images that are put in each other's place do not boot", arguments: try TestBoard.sets(of: [2]))
  func exchanged(_ board: TestBoard) throws {
    let set = TestImage(size: 200, companions: [200], sequenceNumber: 6, seed: 9)
    var storage = try DeviceStorage(opening: try board.provisioned(board.oldSet), layout: board.layout)
    try install(set, on: &storage)
    let places = [storage.range(of: .b, image: 0), storage.range(of: .b, image: 1)]
    var flash = storage.closed()
    for offset in 0..<200 {
      let difference = set.bytes[offset] ^ set.companions[0][offset]
      for place in places { flash.flipBits(difference, at: place.lowerBound + UInt32(offset)) }
    }
    let boot = try Self.boot(flash, board)
    #expect(boot.decision.kind == .reverted(.bootVerificationFailed))
    #expect(board.runs(board.oldSet, of: .a, on: boot.flash))
  }

  // MARK: Parts

  /// Each image that has bytes, and each pair of them.
  private static func subsets(of set: TestImage) -> [[Int]] {
    let images = set.images.indices.filter { !set.images[$0].isEmpty }
    return images.map { [$0] } + images.flatMap { first in images.filter { $0 > first }.map { [first, $0] } }
  }

  private static func spoil(
    _ image: Int, of slot: SlotIdentifier, set: TestImage, with damage: Damage,
    on flash: inout SimulatedFlash,
    _ board: TestBoard
  ) throws {
    let start = try board.range(of: slot, image: image, on: flash).lowerBound
    let count = UInt32(set.images[image].count)
    switch damage {
    case .firstBit: flash.flipBits(0x80, at: start)
    case .lastBit: flash.flipBits(0x01, at: start + count - 1)
    case .torn: for offset in count / 2..<count { flash.flipBits(0x5a, at: start + offset) }
    }
  }

  private static func boot(
    _ flash: SimulatedFlash, _ board: TestBoard
  ) throws -> (decision: BootDecision, state: DeviceState, flash: SimulatedFlash) {
    var storage = try DeviceStorage(opening: flash, layout: board.layout)
    let decision = try BootManager.boot(&storage, hash: SodiumSHA256.self)
    return (decision, storage.state, storage.closed())
  }
}
