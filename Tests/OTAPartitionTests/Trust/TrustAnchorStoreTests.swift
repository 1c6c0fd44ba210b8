import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("TrustAnchorStore")
struct TrustAnchorStoreTests {
  @Test("Sets follow one another, in other sessions too", arguments: try TestBoard.all())
  func chain(_ board: TestBoard) throws {
    var current = try TrustBench.anchors(1, [0, 1, 2])
    var flash = try board.withAnchors(current)
    for number in 2..<UInt64(20) {
      var store = try board.anchorStore()
      #expect(try store.read(from: &flash) == TrustState(current))
      #expect(store.current?.anchors == current && store.hasTwoCopies)
      let first = Int(number)
      let next = try TrustBench.anchors(number, Array(first..<first + 2 + first % 5))
      let update = try TrustBench.update(next, signedBy: [first, first + 1, first - 1])
      let signed = number == 2 ? try TrustBench.update(next, signedBy: [1, 2, 3]) : update
      try store.install(
        try current.verify(update: signed.span, using: SodiumVerifier()), on: .confirmed(1), to: &flash)
      #expect(store.current?.anchors == next && store.hasTwoCopies)
      current = next
    }
  }

  @Test("A set that was verified against another one is not installed, and nothing is written")
  func superseded() throws {
    let board = try TestBoard.uniform()
    let first = try TrustBench.anchors(1, threshold: 1, [0])
    let second = try TrustBench.anchors(2, threshold: 1, [0])
    var flash = try board.withAnchors(second)
    let update = try TrustBench.update(second, signedBy: [0])
    var store = try board.anchorStore()
    #expect(throws: TrustAnchorError.superseded) {
      try store.install(
        try first.verify(update: update.span, using: SodiumVerifier()), on: .confirmed(1), to: &flash)
    }
    // The same number with other keys is another set as well.
    let other = try TrustBench.anchors(2, threshold: 1, [7])
    let third = try TrustBench.anchors(3, threshold: 1, [7])
    let stranger = try TrustBench.update(third, signedBy: [7])
    #expect(throws: TrustAnchorError.superseded) {
      try store.install(
        try other.verify(update: stranger.span, using: SodiumVerifier()), on: .confirmed(1), to: &flash)
    }
    #expect(flash.counters.modifications == 0)
    #expect(try store.read(from: &flash) == TrustState(second))
  }

  @Test("Reading writes nothing when both copies are whole, and repairs one that is not", arguments: [0, 1])
  func repair(_ copy: Int) throws {
    let board = try TestBoard.uniform()
    let anchors = try TrustBench.anchors(3, [0, 1, 2])
    let whole = try board.withAnchors(anchors)
    let areas = board.anchorAreas
    var flash = whole
    for _ in 0..<3 {
      var store = try board.anchorStore()
      _ = try store.read(from: &flash)
    }
    #expect(flash.counters.modifications == 0)
    for byte in Array(8..<8 + UInt32(12 + 181 + 4)) + Array(776..<784) {
      flash = whole
      flash.flipBits(1 << UInt8(byte % 8), at: areas[copy].lowerBound + byte)
      var store = try board.anchorStore()
      #expect(try store.read(from: &flash).anchors == anchors)
      #expect(store.hasTwoCopies && flash.counters.modifications > 0)
      flash.destroy(areas[1 - copy])
      var next = try board.anchorStore()
      #expect(try next.read(from: &flash).anchors == anchors)
    }
  }

  @Test("No whole copy is an error of its own, and nothing is written", arguments: try TestBoard.all())
  func unreadable(_ board: TestBoard) throws {
    let anchors = try TrustBench.anchors(3, [0, 1, 2])
    var damaged = try board.withAnchors(anchors)
    damaged.flipBits(0x10, at: board.anchorAreas[0].lowerBound + 40)
    damaged.flipBits(0x01, at: board.anchorAreas[1].lowerBound + 50)
    for flash in [SimulatedFlash(board.geometry), board.used(), damaged] {
      var flash = flash
      flash.resetCounters()
      var store = try board.anchorStore()
      #expect(throws: TrustAnchorError.unreadable) { try store.read(from: &flash) }
      #expect(store.current == nil && !store.hasTwoCopies)
      #expect(flash.counters.modifications == 0)
      try store.format(anchors, on: &flash)
      #expect(try store.read(from: &flash).anchors == anchors)
    }
  }

  @Test("A whole record that is no set is refused, never passed over for an older one")
  func noSet() throws {
    let board = try TestBoard.uniform()
    var flash = try board.withAnchors(try TrustBench.anchors(3, [0, 1, 2]))
    var contents = flash.contents
    let place = RawPlace(board.geometry, capacity: 752)
    place.write([1, 2, 3], sequence: 1000, to: &contents, at: board.anchorAreas[0].lowerBound)
    flash.setContents(contents)
    var store = try board.anchorStore()
    #expect(throws: TrustAnchorError.malformed(ParseError(.truncated, at: 0))) {
      try store.read(from: &flash)
    }
    #expect(store.current == nil)
  }

  @Test("Noise in both areas never traps, and never gives other keys")
  func noise() throws {
    let board = try TestBoard.uniform()
    let anchors = try TrustBench.anchors(3, [0, 1, 2])
    let whole = try board.withAnchors(anchors)
    print("trust anchor store noise: seed \(TestSeed.value)")
    var random = SplitMix64(seed: TestSeed.value)
    for _ in 0..<400 {
      var flash = whole
      for _ in 0..<1 + random.next() % 40 {
        let area = random.next() % 2 == 0 ? board.anchorAreas[0] : board.anchorAreas[1]
        let offset = UInt32(random.next() % 800)
        flash.flipBits(UInt8(truncatingIfNeeded: random.next()), at: area.lowerBound + offset)
      }
      var store = try board.anchorStore()
      do throws(TrustAnchorError) {
        #expect(try store.read(from: &flash).anchors == anchors)
      } catch {
        #expect(error == .unreadable)
      }
    }
  }

  @Test("Every unit of writing has room in the documented sizes", arguments: [1, 2, 4, 8, 16, 32])
  func sizes(_ unit: UInt32) throws {
    let size: UInt32 = unit == 32 ? 3328 : unit == 16 ? 3200 : 3136
    let geometry = try FlashGeometry(eraseBlockSize: size / 2, blockCount: 6, writeSize: unit)
    var flash = SimulatedFlash(geometry)
    #expect(throws: LayoutError.tooSmall) {
      try TrustAnchorStore(copyA: 0..<size / 2, copyB: size..<2 * size, on: geometry)
    }
    #expect(throws: LayoutError.overlap) {
      try TrustAnchorStore(copyA: 0..<size, copyB: size / 2..<2 * size, on: geometry)
    }
    var store = try TrustAnchorStore(copyA: 0..<size, copyB: size..<2 * size, on: geometry)
    let anchors = try TrustBench.anchors(1, Array(0..<8))
    try store.format(anchors, on: &flash)
    #expect(try store.read(from: &flash).anchors == anchors)
    #expect(store.hasTwoCopies)
  }

  @Test("Every error has the number of what it means")
  func codes() {
    #expect(TrustAnchorError.unreadable.code == .trustAnchorsUnreadable)
    #expect(TrustAnchorError.notProvisioned.code == .trustAnchorsUnreadable)
    #expect(TrustAnchorError.alreadyProvisioned.code == .trustAnchorsNumberMismatch)
    #expect(TrustAnchorError.numberMismatch.code == .trustAnchorsNumberMismatch)
    #expect(TrustAnchorError.currentThresholdNotMet.code == .trustAnchorsThresholdNotMet)
    #expect(TrustAnchorError.newThresholdNotMet.code == .trustAnchorsThresholdNotMet)
    #expect(TrustAnchorError.scopeMismatch.code == .trustAnchorsScopeMismatch)
    #expect(TrustAnchorError.newKeyNotProven.code == .trustAnchorsThresholdNotMet)
    #expect(TrustAnchorError.tampered.code == .trustAnchorsTampered)
    #expect(TrustAnchorError.expired.code == .trustAnchorsExpired)
    #expect(TrustAnchorError.updateInProgress.code == .trustAnchorsInUse)
    #expect(TrustAnchorError.retirementPending.code == .trustAnchorsInUse)
    #expect(TrustAnchorError.superseded.code == .updateSuperseded)
    #expect(TrustAnchorError.crypto(.unavailable).code == .cryptoUnavailable)
    #expect(TrustAnchorError.malformed(ParseError(.truncated, at: 1)).code == .truncated)
    #expect(TrustAnchorError.storage(.journalFull).code == .journalFull)
    #expect(TrustAnchorError.secureStorage(.tampered).code == .secureStorageTampered)
  }
}
