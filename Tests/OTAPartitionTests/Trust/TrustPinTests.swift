import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

/// Whoever can write the flash: the set is exchanged, or an old one put back.
@Suite("Pinned trust anchors")
struct TrustPinTests {
  private let board: TestBoard
  private let bench: SecureBench
  private let name = StorageKey(40)
  private let first: TrustAnchors
  private let second: TrustAnchors

  init() throws {
    board = try TestBoard.uniform()
    bench = SecureBench(board: board)
    first = try TrustBench.anchors(1, roots: [0, 1], manifest: [2], image: [3])
    second = try TrustBench.anchors(2, roots: [0, 1], manifest: [4], image: [5])
  }

  /// A device that was provisioned with the first set, and with some other value.
  private func provisioned(_ counter: TestCounter) throws -> SimulatedFlash {
    var flash = try bench.device([(1, [1])], counter)
    var storage = try bench.storage(counter)
    try storage.open(&flash)
    var store = try board.anchorStore()
    try store.provision(first, on: &flash, pinnedIn: &storage, as: name)
    return flash
  }

  private func refusal(_ flash: inout SimulatedFlash, _ counter: TestCounter) throws -> TrustAnchorError? {
    var storage = try bench.storage(counter)
    do throws(SecureStorageError) { try storage.open(&flash) } catch { return .secureStorage(error) }
    var store = try board.anchorStore()
    do throws(TrustAnchorError) {
      _ = try store.read(from: &flash, pinnedIn: &storage, as: name)
      #expect(store.current != nil)
      return nil
    } catch {
      #expect(store.current == nil)
      return error
    }
  }

  private func installSecond(_ flash: inout SimulatedFlash, _ counter: TestCounter) throws {
    var storage = try bench.storage(counter)
    try storage.open(&flash)
    var store = try board.anchorStore()
    try store.install(
      try TrustBench.verified(second, after: first, signedBy: [0, 1, 4, 5]), on: .confirmed(5), to: &flash,
      pinnedIn: &storage, as: name)
  }

  @Test("A set is provisioned once, exchanged, its keys retired, and the pin takes 32 bytes")
  func life() throws {
    let counter = TestCounter()
    var flash = try bench.device([(1, [1])], counter)
    var storage = try bench.storage(counter)
    try storage.open(&flash)
    var store = try board.anchorStore()
    #expect(throws: TrustAnchorError.notProvisioned) {
      try store.read(from: &flash, pinnedIn: &storage, as: name)
    }
    #expect(throws: TrustAnchorError.malformed(ParseError(.truncated, at: 0))) {
      try store.read(from: &flash, pinnedIn: &storage, as: StorageKey(1))
    }
    try store.provision(first, on: &flash, pinnedIn: &storage, as: name)
    #expect(throws: TrustAnchorError.alreadyProvisioned) {
      try store.provision(first, on: &flash, pinnedIn: &storage, as: name)
    }
    #expect(try storage.count(of: name) == 32)
    try installSecond(&flash, counter)
    try storage.open(&flash)
    let pending = try store.read(from: &flash, pinnedIn: &storage, as: name)
    #expect(pending.anchors == second && pending.isRetirementPending)
    let old = ImageSigners([3])
    let new = ImageSigners([5])
    #expect(
      try !store.retire(
        on: .confirmed(5), signers: old, from: &flash, pinnedIn: &storage, as: name))
    #expect(
      try store.retire(
        on: .confirmed(6), signers: new, from: &flash, pinnedIn: &storage, as: name))
    try store.remember(earliestTime: 77, on: &flash, pinnedIn: &storage, as: name)
    let end = try store.read(from: &flash, pinnedIn: &storage, as: name)
    #expect(!end.isRetirementPending && end.earliestTime == 77)
    #expect(try storage.count(of: name) == 32)
    #expect(try storage.value(of: StorageKey(1)) == [1])
  }

  @Test("An old set that is put back in flash is refused: alone, and with the storage of its time")
  func rollback() throws {
    let counter = TestCounter()
    var flash = try provisioned(counter)
    let old = flash
    try installSecond(&flash, counter)
    #expect(try refusal(&flash, counter) == nil)
    // All of the flash: the counter of the storage tells.
    var rolledBack = old
    #expect(try refusal(&rolledBack, counter) == .secureStorage(.replayed))
    // The areas of the trust anchors alone: the pin tells.
    var mixed = flash
    var contents = flash.contents
    for area in board.anchorAreas {
      contents.replaceSubrange(Int(area.lowerBound)..<Int(area.upperBound), with: old.contents(of: area))
    }
    mixed.setContents(contents)
    let before = mixed.contents
    #expect(try refusal(&mixed, counter) == .tampered)
    // Nothing was repaired with what was refused.
    #expect(mixed.contents == before)
    // The old update, sent again, follows on nothing.
    let update = try TrustBench.update(second, signedBy: [0, 1, 4, 5])
    #expect(TrustBench.refusal(of: update, by: second) == .numberMismatch)
  }

  @Test("A state that the attacker makes himself, with every checksum right, is refused")
  func forged() throws {
    let counter = TestCounter()
    let genuine = try provisioned(counter)
    let forged = TrustState(try TrustBench.anchors(1, roots: [90], manifest: [91], image: [92]))
    let bytes = try TrustLifeTests.bytes(of: forged)
    let place = RawPlace(board.geometry, capacity: 752)
    for areas in [[0], [1], [0, 1]] {
      var flash = genuine
      var contents = flash.contents
      for area in areas {
        place.write(bytes, sequence: 5000, to: &contents, at: board.anchorAreas[area].lowerBound)
      }
      flash.setContents(contents)
      var unpinned = try board.anchorStore()
      var copy = flash
      #expect(try unpinned.read(from: &copy) == forged, "or the attack is none")
      #expect(try refusal(&flash, counter) == .tampered)
    }
    // Destroyed is destroyed: nothing boots by it, and nothing else is believed instead.
    var gone = genuine
    for area in board.anchorAreas { gone.destroy(area) }
    #expect(try refusal(&gone, counter) == .unreadable)
  }

  @Test("A retired key does not come back with the state of the day before")
  func retiredComesBack() throws {
    let counter = TestCounter()
    var flash = try provisioned(counter)
    try installSecond(&flash, counter)
    let pending = flash
    var storage = try bench.storage(counter)
    try storage.open(&flash)
    var store = try board.anchorStore()
    let signers = ImageSigners([5])
    #expect(
      try store.retire(
        on: .confirmed(6), signers: signers, from: &flash, pinnedIn: &storage, as: name))
    #expect(!(store.current?.accepts(TrustBench.keys[3], for: .image, to: .booting) ?? true))
    var back = flash
    var contents = flash.contents
    for area in board.anchorAreas {
      contents.replaceSubrange(Int(area.lowerBound)..<Int(area.upperBound), with: pending.contents(of: area))
    }
    back.setContents(contents)
    #expect(try refusal(&back, counter) == .tampered)
    var whole = pending
    #expect(try refusal(&whole, counter) == .secureStorage(.replayed))
  }
}
