import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("BootChain")
struct BootChainTests {
  /// A device with a container in the second slot of the second stage, on trial or confirmed.
  private static func with(
    _ image: TestImage, on board: ChainBoard, confirmed: Bool = false, attempts: UInt8 = 3
  ) throws -> SharedFlash {
    var storage = try DeviceStorage(opening: try board.provisioned(), layout: board.secondStage)
    try install(image, on: &storage, attempts: attempts)
    if confirmed { try storage.confirm() }
    return SharedFlash(storage.closed())
  }

  private static func openState(_ board: ChainBoard, _ device: SharedFlash) throws -> DeviceState {
    try openedState(device.snapshot, layout: board.secondStage)
  }

  @Test("Each stage verifies the next one, measures it, and tells it", arguments: [0, 1, 2])
  func chain(_ number: Int) async throws {
    let board = try await ChainBoard.all()[number]
    let device = SharedFlash(try board.provisioned())
    let run = try ChainRun(board, on: device)
    #expect(run.problem(board, stages: [board.oldStage], applications: [board.oldApplication]) == nil)
    let told = try #require(run.handOff)
    #expect(told.reason == .confirmed && told.slot == .a && told.isRecorded)
    #expect(told.measurements[0].kind == .secondStage && told.measurements[1].kind == .application)
    #expect(told.securityCounter == board.oldApplication.image.sequenceNumber)
    #expect(device.snapshot.counters.modifications == 0)
  }

  @Test("A second stage on trial that never confirms costs its attempts, and the cause of the revert is told")
  func trial() async throws {
    let board = try await ChainBoard.uniform()
    let device = try Self.with(board.newStage.image, on: board, attempts: 2)
    for left: UInt8 in [1, 0] {
      let stage = try board.link(.secondStage, of: BootChain(), keys: board.keys.root, on: device)
      #expect(stage.handOff.reason == .trial(attemptsLeft: left))
      #expect(stage.isOnTrial && device.snapshot.contents(of: stage.firmware) == board.newStage.firmware)
    }
    for reason in [HandOff.Reason.reverted(.bootAttemptsExhausted), .confirmed] {
      let stage = try board.link(.secondStage, of: BootChain(), keys: board.keys.root, on: device)
      // The cause stays in the hand-off of later starts too, until another image is confirmed.
      #expect(stage.handOff.reason == reason && stage.handOff.lastRevert == .bootAttemptsExhausted)
      #expect(!stage.isOnTrial && device.snapshot.contents(of: stage.firmware) == board.oldStage.firmware)
    }
  }

  @Test("An image that is not signed with the key of its stage is reverted, before it ever runs")
  func wrongKey() async throws {
    let board = try await ChainBoard.uniform()
    for signer in [board.keys.stranger, board.keys.application] {
      let image = try await ChainKeys.image(size: 900, sequenceNumber: 4, by: signer)
      let device = try Self.with(image.image, on: board)
      let stage = try board.link(.secondStage, of: BootChain(), keys: board.keys.root, on: device)
      #expect(stage.handOff.reason == .reverted(.unknownKey) && stage.handOff.slot == .a)
      #expect(stage.handOff.image == board.oldStage.image.description.digest)
      let state = try Self.openState(board, device)
      #expect(state.boot.selection == .confirmed(.a) && state.boot.lastRevert == .unknownKey)
      #expect(state.update == .rollingBack(image.image.offer, .unknownKey))
      #expect(ChainRun.measurementProblem(stage.handOff.measurements, ran: [board.oldStage]) == nil)
    }
  }

  @Test("An image that was moved to where it runs and is not signed is moved back, before it ever runs")
  func wrongKeyAfterSwap() async throws {
    let board = try await ChainBoard.all()[2]
    let image = try await ChainKeys.image(size: 900, sequenceNumber: 11, by: board.keys.stranger)
    var storage = try DeviceStorage(opening: try board.provisioned(), layout: board.application)
    try install(image.image, on: &storage)
    let device = SharedFlash(storage.closed())
    let stage = try board.link(.application, of: BootChain(), keys: board.keys.application, on: device)
    #expect(stage.handOff.reason == .reverted(.unknownKey) && stage.handOff.slot == .a)
    #expect(device.snapshot.contents(of: stage.firmware) == board.oldApplication.firmware)
    #expect(board.application.slotA.contains(stage.firmware.lowerBound))
    let state = try openedState(device.snapshot, layout: board.application)
    #expect(state.boot.selection == .confirmed(.a) && state.boot.placement == .settled(primary: .a))
  }

  @Test("A confirmed image that is not signed gives way to the other slot, for good")
  func confirmedWithoutSignature() async throws {
    let board = try await ChainBoard.uniform()
    let image = try await ChainKeys.image(size: 900, sequenceNumber: 3, by: board.keys.stranger)
    let device = try Self.with(image.image, on: board, confirmed: true)
    let stage = try board.link(.secondStage, of: BootChain(), keys: board.keys.root, on: device)
    #expect(stage.handOff.reason == .fallback && stage.handOff.slot == .a && stage.handOff.isRecorded)
    #expect(ChainRun.measurementProblem(stage.handOff.measurements, ran: [board.oldStage]) == nil)
    #expect(try Self.openState(board, device).boot.selection == .confirmed(.a))
    let next = try board.link(.secondStage, of: BootChain(), keys: board.keys.root, on: device)
    #expect(next.handOff.reason == .confirmed && next.handOff.slot == .a)
  }

  @Test("An image below the security counter does not take the place of one that is refused")
  func belowCounter() async throws {
    let board = try await ChainBoard.uniform()
    // Confirming it has raised the counter above the old second stage.
    let image = try await ChainKeys.image(size: 900, sequenceNumber: 4, by: board.keys.stranger)
    let device = try Self.with(image.image, on: board, confirmed: true)
    let stage = try board.link(.secondStage, of: BootChain(), keys: board.keys.root, on: device)
    #expect(stage.kind == .recovery && stage.handOff.reason == .recovery(.unknownKey))
    #expect(stage.handOff.securityCounter == SequenceNumber(4) && stage.handOff.slot == nil)
    #expect(device.snapshot.contents(of: stage.firmware) == board.golden.firmware)
    #expect(ChainRun.measurementProblem(stage.handOff.measurements, ran: [board.golden]) == nil)
  }

  @Test("A revert that cannot be written still boots the other image, and says so")
  func wornJournal() async throws {
    let board = try await ChainBoard.uniform()
    let image = try await ChainKeys.image(size: 900, sequenceNumber: 3, by: board.keys.stranger)
    let device = try Self.with(image.image, on: board, confirmed: true)
    device.withFlash { $0.setFaults([.programError, .eraseError], in: 0..<4096) }
    let stage = try board.link(.secondStage, of: BootChain(), keys: board.keys.root, on: device)
    #expect(stage.handOff.reason == .fallback && stage.handOff.slot == .a && !stage.handOff.isRecorded)
  }

  @Test("Every flipped bit in a signed second stage leads to the golden image, whatever the journal says")
  func flips() async throws {
    let board = try await ChainBoard.uniform()
    let start = try board.provisioned()
    let authority = SignedImages(MCUbootKeys(board.keys.root.publicKey), verifier: SodiumVerifier())
    var random = SplitMix64(seed: TestSeed.value)
    print("seed \(TestSeed.value)")
    let count = board.oldStage.image.bytes.count
    for _ in 0..<200 {
      var flash = start
      let place = UInt32(random.next() % UInt64(count))
      flash.flipBits(1 << UInt8(random.next() % 8), at: board.secondStage.slotA.lowerBound + place)
      #expect(throws: AuthorityError.self, "byte \(place)") {
        try authority.authenticate(board.secondStage.slotA, on: &flash, using: SodiumSHA256.self)
      }
      // Whoever can write to the flash can also write a journal that agrees; the signature does not.
      let bytes = flash.contents(
        of: board.secondStage.slotA.lowerBound..<board.secondStage.slotA.lowerBound + UInt32(count))
      let forged = TestImage(bytes: bytes, sequenceNumber: 9)
      let storage = try DeviceStorage.provision(flash, layout: board.secondStage, image: forged.record)
      let device = SharedFlash(storage.closed())
      let stage = try board.link(.secondStage, of: BootChain(), keys: board.keys.root, on: device)
      #expect(stage.kind == .recovery, "byte \(place)")
    }
  }

  @Test("One key for two stages is no danger if the class is asked for, nor an old image if a counter is")
  func requirements() async throws {
    let board = try await ChainBoard.uniform()
    let mine = UniversalIdentifier(high: 1, low: 1)
    let image = try await ChainKeys.image(
      size: 700, sequenceNumber: 4, by: board.keys.root, classID: mine, counter: 6)
    func error(classID: UniversalIdentifier?, counter: UInt32?, _ image: ChainImage) throws -> AuthorityError?
    {
      var flash = try MCUbootBench.flash(image.image.bytes)
      let authority = SignedImages(
        MCUbootKeys(board.keys.root.publicKey), verifier: SodiumVerifier(), classID: classID,
        securityCounter: counter)
      do throws(AuthorityError) {
        let found = try authority.authenticate(0..<16384, on: &flash, using: SodiumSHA256.self)
        #expect(flash.contents(of: found.firmware) == image.firmware && found.digest == image.digest)
        return nil
      } catch {
        return error
      }
    }
    #expect(try error(classID: mine, counter: 6, image) == nil)
    #expect(try error(classID: nil, counter: nil, image) == nil)
    #expect(try error(classID: UniversalIdentifier(high: 1, low: 2), counter: 6, image) == .wrongClass)
    #expect(try error(classID: mine, counter: 7, image) == .container(.securityCounterTooLow))
    #expect(try error(classID: mine, counter: nil, board.oldStage) == .wrongClass)
    #expect(try error(classID: nil, counter: 1, board.oldStage) == .container(.securityCounterMissing))
  }

  @Test("A stage that cannot be measured does not boot")
  func logFull() async throws {
    let board = try await ChainBoard.uniform()
    var chain = BootChain()
    for _ in 0..<MeasurementLog.capacity { try chain.measure(.configuration, board.oldStage.digest) }
    #expect(throws: MeasurementError.logFull) { try chain.measure(.configuration, board.oldStage.digest) }
    let device = SharedFlash(try board.provisioned())
    let full = chain
    #expect(throws: StartError.measurement(.logFull)) {
      _ = try board.link(.secondStage, of: full, keys: board.keys.root, on: device)
    }
  }

  @Test("Without memory for the hand-off nothing is started")
  func shortMemory() async throws {
    let board = try await ChainBoard.uniform()
    let device = SharedFlash(try board.provisioned())
    var memory = [UInt8](repeating: 0, count: HandOff.byteCount - 1)
    var hasJumped = false
    #expect(throws: ParseError(.capacityExceeded, at: 0)) {
      let stage = try board.link(.secondStage, of: BootChain(), keys: board.keys.root, on: device)
      var span = memory.mutableSpan
      try stage.enter(leaving: &span) { _ in hasJumped = true }
    }
    #expect(!hasJumped)
  }

  @Test("A loss of power is passed on")
  func powerLost() async throws {
    let board = try await ChainBoard.uniform()
    let device = try Self.with(board.newStage.image, on: board)
    device.withFlash { $0.cutPower(atOperation: 0, outcome: .notDone) }
    #expect(throws: StartError.powerLost) {
      _ = try board.link(.secondStage, of: BootChain(), keys: board.keys.root, on: device)
    }
  }
}
