import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("BootLoader")
struct BootLoaderTests {
  @Test(
    "A good image boots, with its storage, and the golden one is not read", arguments: try RecoveryBoard.all()
  )
  func image(_ bench: RecoveryBoard) throws {
    var flash = try bench.provisioned()
    // A golden image that is broken does not keep a good one from booting.
    flash.flipBits(1, at: bench.recovery.range.lowerBound)
    flash.resetCounters()
    let device = SharedFlash(flash)
    switch try bench.start(device) {
    case .image(let decision, var storage):
      #expect(decision == BootDecision(slot: .a, image: TestImage.old.record, kind: .confirmed))
      try storage.record(.idle)
      #expect(storage.state.boot.selection == .confirmed(.a))
    case .recovery(let decision):
      Issue.record("the golden image boots: \(decision)")
    }
  }

  @Test("Whatever is destroyed, the golden image boots and knows why", arguments: try RecoveryBoard.all())
  func damage(_ bench: RecoveryBoard) throws {
    var random = SplitMix64(seed: TestSeed.value)
    print("seed \(TestSeed.value)")
    for damage in Damage.allCases {
      for _ in 0..<10 {
        var flash = try bench.provisioned()
        let cause = damage.apply(to: &flash, layout: bench.board.layout, random: &random)
        let before = flash.contents
        let device = SharedFlash(flash)
        for _ in 0..<3 {
          let outcome = try bench.outcome(device)
          #expect(outcome.cause == cause, "\(damage)")
          #expect(bench.problem(on: device, images: []) == nil)
        }
        #expect(device.snapshot.contents == before, "a start that finds nothing writes nothing")
      }
    }
  }

  @Test("The security counter is handed over if the journal still has it")
  func counter() throws {
    let bench = RecoveryBoard(try TestBoard.uniform())
    var random = SplitMix64(seed: 1)
    for (damage, counter) in [(Damage.slots, TestImage.old.sequenceNumber), (.journal, nil)] {
      var flash = try bench.provisioned()
      let cause = damage.apply(to: &flash, layout: bench.board.layout, random: &random)
      let start = bench.recovery.range.lowerBound
      let image = AuthenticImage(
        firmware: start..<start + 2777, digest: RecoveryBoard.golden.description.digest)
      #expect(
        try bench.outcome(SharedFlash(flash))
          == .recovery(RecoveryDecision(image: image, cause: cause, securityCounter: counter)))
    }
  }

  @Test("A journal of other firmware leads to the golden image")
  func otherVersion() throws {
    let bench = RecoveryBoard(try TestBoard.uniform())
    var flash = try bench.provisioned()
    var journal = Journal(layout: bench.board.layout, geometry: bench.board.geometry)
    try journal.format(&flash, payload: [0x77, 1, 2, 3].span)
    #expect(try bench.outcome(SharedFlash(flash)).cause == .unsupported)
  }

  @Test("A journal that cannot be read leads to the golden image; one that cannot be written does not matter")
  func unreadable() throws {
    let bench = RecoveryBoard(try TestBoard.uniform())
    for (faults, cause) in [
      (BlockFaults.readError, ErrorCode.flashDeviceFailure), ([.programError, .eraseError], nil),
    ] {
      var flash = try bench.provisioned()
      flash.setFaults(faults, in: 0..<4096)
      #expect(try bench.outcome(SharedFlash(flash)).cause == cause)
    }
  }

  @Test("A layout that lies over the golden image is not opened")
  func overlap() throws {
    let bench = RecoveryBoard(try TestBoard.uniform())
    let recovery = RecoveryPartition(
      bench.board.layout.slotB, authority: CompiledInImage(RecoveryBoard.golden.description))
    #expect(throws: LayoutError.overlap) { try recovery.requireApart(from: bench.board.layout) }
    let device = SharedFlash(try bench.provisioned())
    #expect(throws: StartError.nothingBoots(.layoutInvalid, recovery: .digestMismatch)) {
      _ = try BootLoader.start(layout: bench.board.layout, recovery: recovery, hash: SodiumSHA256.self) {
        device
      }
    }
  }

  @Test("If the golden image does not verify either, the error has both reasons")
  func nothing() throws {
    let bench = RecoveryBoard(try TestBoard.uniform())
    var random = SplitMix64(seed: 1)
    var flash = try bench.provisioned()
    _ = Damage.journal.apply(to: &flash, layout: bench.board.layout, random: &random)
    flash.flipBits(0x40, at: bench.recovery.range.lowerBound + 2776)
    let error = StartError.nothingBoots(.journalEmpty, recovery: .digestMismatch)
    #expect(throws: error) { try bench.outcome(SharedFlash(flash)) }
    #expect(error.code == .noBootableImage)

    // Behind the golden image nothing matters.
    flash = try bench.provisioned()
    _ = Damage.journal.apply(to: &flash, layout: bench.board.layout, random: &random)
    flash.flipBits(0x40, at: bench.recovery.range.lowerBound + 2777)
    #expect(try bench.outcome(SharedFlash(flash)).cause == .journalEmpty)
  }

  @Test("A golden image that cannot be: too long for its range, of another hash function, out of the device")
  func impossible() throws {
    let bench = RecoveryBoard(try TestBoard.uniform())
    var flash = try bench.provisioned()
    let range = bench.recovery.range
    let image = RecoveryBoard.golden.description
    func error(_ range: Range<UInt32>, _ image: ImageDescription) throws -> AuthorityError? {
      do throws(AuthorityError) {
        _ = try CompiledInImage(image).authenticate(range, on: &flash, using: SodiumSHA256.self)
        return nil
      } catch {
        return error
      }
    }
    #expect(try error(range, image) == nil)
    #expect(try error(range.lowerBound..<range.lowerBound + 2776, image) == .outOfRange)
    #expect(try error(range.lowerBound..<UInt32.max, image) == .outOfRange)
    let long = ImageDescription(digest: SodiumSHA512.digest(of: [1, 2, 3].span), size: 3)
    #expect(try error(range, long) == .unsupportedAlgorithm)
  }

  @Test("A loss of power is passed on, wherever it happens")
  func powerLost() throws {
    let bench = RecoveryBoard(try TestBoard.uniform())
    let device = SharedFlash(try bench.provisioned())
    device.withFlash { $0.cutPower() }
    #expect(throws: StartError.powerLost) { try bench.outcome(device) }
    var flash = device.snapshot
    #expect(throws: StartError.powerLost) {
      try BootLoader.recover(.cancelled, recovery: bench.recovery, hash: SodiumSHA256.self, on: &flash)
    }
  }

  @Test("The golden image can be asked for")
  func asked() throws {
    let bench = RecoveryBoard(try TestBoard.uniform())
    var flash = try bench.provisioned()
    let decision = try BootLoader.recover(
      .cancelled, recovery: bench.recovery, hash: SodiumSHA256.self, on: &flash)
    #expect(decision.cause == .cancelled && decision.image.digest == RecoveryBoard.golden.description.digest)
  }
}
