import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("DeviceStorage")
struct DeviceStorageTests {
  @Test("A new device runs the factory image, confirmed", arguments: try TestBoard.all())
  func provision(_ board: TestBoard) throws {
    let flash = try board.provisioned(.old)
    let state = try openedState(flash, layout: board.layout)
    #expect(state.boot.selection == .confirmed(.a))
    #expect(state.boot.slotA == TestImage.old.record && state.boot.slotB == nil)
    #expect(state.boot.securityCounter == TestImage.old.sequenceNumber)
    #expect(state.update == .idle)
    #expect(board.bytes(TestImage.old.bytes.count, of: .a, on: flash) == TestImage.old.bytes)
  }

  @Test("Noise, all zeros and all ones are an empty journal, not a trap", arguments: try TestBoard.all())
  func empty(_ board: TestBoard) throws {
    var flash = board.used(seed: TestSeed.value)
    #expect(throws: StorageError.journalEmpty) { try openedState(flash, layout: board.layout) }
    for byte: UInt8 in [0x00, 0xff] {
      flash.setContents([UInt8](repeating: byte, count: Int(board.geometry.capacity)))
      #expect(throws: StorageError.journalEmpty) { try openedState(flash, layout: board.layout) }
    }
  }

  @Test("A record of another version is an error of its own")
  func otherVersion() throws {
    let board = try TestBoard.uniform()
    var flash = SimulatedFlash(board.geometry)
    var journal = Journal(layout: board.layout, geometry: board.geometry)
    let payload: [UInt8] = [9, 1, 2, 3]
    try journal.format(&flash, payload: payload.span)
    let error = StorageError.record(ParseError(.unsupported, at: 0))
    #expect(throws: error) { try openedState(flash, layout: board.layout) }
  }

  @Test(
    "Any division of an image into writes gives the same slot", arguments: try TestBoard.all(),
    [1, 3, 7, 64, 1000, 6000])
  func chunks(_ board: TestBoard, _ chunk: Int) throws {
    var storage = try DeviceStorage(opening: try board.provisioned(.old), layout: board.layout)
    let image = TestImage.new
    var writer = try storage.beginStaging(image.verifiedManifest(), offer: image.offer)
    var offset = 0
    while offset < image.bytes.count {
      #expect(Int(writer.offset) == offset && Int(writer.remaining) == image.bytes.count - offset)
      let end = min(offset + chunk, image.bytes.count)
      try storage.write(image.bytes.span.extracting(offset..<end), with: &writer)
      offset = end
    }
    let staged = try storage.finish(writer)
    let verified = try storage.verify(staged, using: SodiumSHA256.self)
    try storage.activate(verified, attempts: 3)
    let state = storage.state
    #expect(state.boot.selection == .trial(.b, attemptsLeft: 3))
    #expect(state.boot.slotB == image.record && state.update == .applying(image.offer))
    let flash = storage.closed()
    #expect(board.bytes(image.bytes.count, of: .b, on: flash) == image.bytes)
    #expect(board.bytes(TestImage.old.bytes.count, of: .a, on: flash) == TestImage.old.bytes)
    #expect(try openedState(flash, layout: board.layout) == state)
    #expect(flash.counters.blocksErased >= 5)
  }

  @Test("Confirming raises the security counter and notes the report")
  func confirm() throws {
    let board = try TestBoard.uniform()
    var storage = try DeviceStorage(opening: try board.provisioned(.old), layout: board.layout)
    #expect(throws: StorageError.notOnTrial) { try storage.confirm() }
    #expect(throws: StorageError.notOnTrial) { try storage.revert(.healthCheckFailed) }
    try install(.new, on: &storage)
    try storage.confirm()
    #expect(storage.state.boot.selection == .confirmed(.b))
    #expect(storage.state.boot.securityCounter == TestImage.new.sequenceNumber)
    #expect(storage.state.update == .reporting(Report(updateID: TestImage.new.updateID, outcome: .installed)))
    try storage.record(.idle)
    #expect(storage.state.update == .idle && storage.state.boot.selection == .confirmed(.b))
  }

  @Test("Reverting keeps the cause and empties the slot")
  func revert() throws {
    let board = try TestBoard.uniform()
    var storage = try DeviceStorage(opening: try board.provisioned(.old), layout: board.layout)
    try install(.new, on: &storage)
    try storage.revert(.healthCheckFailed)
    #expect(storage.state.boot.selection == .confirmed(.a) && storage.state.boot.slotB == nil)
    #expect(storage.state.boot.lastRevert == .healthCheckFailed)
    #expect(storage.state.update == .rollingBack(TestImage.new.offer, .healthCheckFailed))
    #expect(storage.state.boot.securityCounter == TestImage.old.sequenceNumber)
  }

  @Test("What must not be staged is refused, and nothing is written")
  func refusals() throws {
    let board = try TestBoard.uniform()
    var storage = try DeviceStorage(opening: try board.provisioned(.old), layout: board.layout)
    let large = TestImage(size: 8193, sequenceNumber: 9, seed: 1)
    #expect(throws: StorageError.imageTooLarge) {
      _ = try storage.beginStaging(large.verifiedManifest(), offer: large.offer)
    }
    let older = TestImage(size: 100, sequenceNumber: 4, seed: 1)
    #expect(throws: StorageError.sequenceNumberReplayed) {
      _ = try storage.beginStaging(older.verifiedManifest(), offer: older.offer)
    }
    #expect(throws: StorageError.offerMismatch) {
      _ = try storage.beginStaging(TestImage.new.verifiedManifest(), offer: large.offer)
    }
    let flash = storage.closed()
    #expect(flash.counters.modifications == 0)

    var trial = try DeviceStorage(opening: flash, layout: board.layout)
    try install(.new, on: &trial)
    #expect(throws: StorageError.slotInUse) {
      _ = try trial.beginStaging(TestImage.new.verifiedManifest(), offer: TestImage.new.offer)
    }
  }

  @Test("The slot that really runs is neither staged to nor confirmed for the other")
  func otherSlotRuns() throws {
    let board = try TestBoard.uniform()
    var storage = try DeviceStorage(
      opening: try board.provisioned(.old), layout: board.layout, runningSlot: .b)
    #expect(throws: StorageError.slotInUse) {
      _ = try storage.beginStaging(TestImage.new.verifiedManifest(), offer: TestImage.new.offer)
    }
    var selected = try DeviceStorage(opening: storage.closed(), layout: board.layout)
    try install(.new, on: &selected)
    var trial = try DeviceStorage(opening: selected.closed(), layout: board.layout, runningSlot: .a)
    #expect(throws: StorageError.notOnTrial) { try trial.confirm() }
  }

  @Test("Too many and too few bytes are refused")
  func wrongLength() throws {
    let board = try TestBoard.uniform()
    var storage = try DeviceStorage(opening: try board.provisioned(.old), layout: board.layout)
    let image = TestImage.new
    var writer = try storage.beginStaging(image.verifiedManifest(), offer: image.offer)
    let tooMany = image.bytes + [0]
    #expect(throws: StorageError.imageTooLarge) { try storage.write(tooMany.span, with: &writer) }
    try storage.write(image.bytes.span.extracting(0..<100), with: &writer)
    var isIncomplete = false
    do throws(StorageError) { _ = try storage.finish(writer) } catch {
      isIncomplete = error == .imageIncomplete
    }
    #expect(isIncomplete)
  }

  @Test("An image that reads differently is refused, and staged anew from the start")
  func digestMismatch() throws {
    let board = try TestBoard.uniform()
    var storage = try DeviceStorage(opening: try board.provisioned(.old), layout: board.layout)
    let image = TestImage.new
    var wrong = image.bytes
    wrong[4000] ^= 1
    var writer = try storage.beginStaging(image.verifiedManifest(), offer: image.offer)
    try storage.write(wrong.span, with: &writer)
    let staged = try storage.finish(writer)
    var isRefused = false
    do throws(StorageError) { _ = try storage.verify(staged, using: SodiumSHA256.self) } catch {
      isRefused = error == .imageDigestMismatch && error.code == .imageDigestMismatch
    }
    #expect(isRefused)
    #expect(storage.state.update == .staging(image.offer, stagedBytes: 0))
    #expect(storage.state.boot.selection == .confirmed(.a))
    let again = try storage.beginStaging(image.verifiedManifest(), offer: image.offer)
    #expect(again.offset == 0)
  }

  @Test("Another hash function than that of the manifest is refused")
  func otherAlgorithm() throws {
    let board = try TestBoard.uniform()
    var storage = try DeviceStorage(opening: try board.provisioned(.old), layout: board.layout)
    let image = TestImage.new
    var writer = try storage.beginStaging(image.verifiedManifest(), offer: image.offer)
    try storage.write(image.bytes.span, with: &writer)
    let staged = try storage.finish(writer)
    var isRefused = false
    do throws(StorageError) { _ = try storage.verify(staged, using: SodiumSHA512.self) } catch {
      isRefused = error == .unsupportedAlgorithm
    }
    #expect(isRefused)
  }

  @Test("Tokens of an earlier staging are void")
  func supersededTokens() throws {
    let board = try TestBoard.uniform()
    var storage = try DeviceStorage(opening: try board.provisioned(.old), layout: board.layout)
    let image = TestImage.new
    var first = try storage.beginStaging(image.verifiedManifest(), offer: image.offer)
    try storage.write(image.bytes.span, with: &first)
    let verified = try storage.verify(try storage.finish(first), using: SodiumSHA256.self)
    var second = try storage.beginStaging(image.verifiedManifest(), offer: image.offer)
    var isRefused = false
    do throws(StorageError) { try storage.activate(verified, attempts: 1) } catch {
      isRefused = error == .superseded
    }
    #expect(isRefused)
    try storage.record(.idle)
    let byte: [UInt8] = []
    #expect(throws: StorageError.superseded) { try storage.write(byte.span, with: &second) }
  }

  @Test(
    "Staging resumes at the last checkpoint, and only for the same update", arguments: try TestBoard.all())
  func resume(_ board: TestBoard) throws {
    var storage = try DeviceStorage(opening: try board.provisioned(.old), layout: board.layout)
    storage.checkpointInterval = 2048
    let image = TestImage.new
    var writer = try storage.beginStaging(image.verifiedManifest(), offer: image.offer)
    try storage.write(image.bytes.span.extracting(0..<4500), with: &writer)
    #expect(storage.state.update == .staging(image.offer, stagedBytes: 4096))

    var next = try DeviceStorage(opening: storage.closed(), layout: board.layout)
    var resumed = try next.beginStaging(image.verifiedManifest(), offer: image.offer)
    #expect(resumed.offset == 4096)
    try next.write(image.bytes.span.extracting(4096..<image.bytes.count), with: &resumed)
    try next.activate(try next.verify(try next.finish(resumed), using: SodiumSHA256.self), attempts: 1)
    #expect(next.state.boot.slotB == image.record)

    var other = try DeviceStorage(opening: try board.provisioned(.old), layout: board.layout)
    try other.record(.staging(image.offer, stagedBytes: 4096))
    let different = TestImage(size: 600, sequenceNumber: 7, seed: 3)
    let anew = try other.beginStaging(different.verifiedManifest(), offer: different.offer)
    #expect(anew.offset == 0 && other.state.update == .staging(different.offer, stagedBytes: 0))
  }

  @Test("The running image is read from any offset, and not beyond its end", arguments: try TestBoard.all())
  func readRunning(_ board: TestBoard) throws {
    var storage = try DeviceStorage(opening: try board.provisioned(.old), layout: board.layout)
    let image = TestImage.old
    for (offset, count) in [(0, 1), (1, 1), (3, 200), (63, 66), (1023, 3), (0, 3001), (3000, 1), (3001, 0)] {
      var bytes = [UInt8](repeating: 0, count: count)
      var span = bytes.mutableSpan
      try storage.readRunningImage(into: &span, at: UInt32(offset))
      #expect(bytes[...] == image.bytes[offset..<offset + count])
    }
    for (offset, count) in [(0, 3002), (3001, 1), (3002, 0), (Int(UInt32.max), 1)] {
      var bytes = [UInt8](repeating: 0, count: count)
      #expect(throws: StorageError.flash(.outOfBounds)) {
        var span = bytes.mutableSpan
        try storage.readRunningImage(into: &span, at: UInt32(offset))
      }
    }
  }

  @Test("Every error has a number")
  func codes() {
    #expect(StorageError.flash(.notErased).code == .flashNotErased)
    #expect(StorageError.layout(.overlap).code == .layoutInvalid)
    #expect(StorageError.journalEmpty.code == .journalEmpty)
    #expect(StorageError.imageTooLarge.code == .imageTooLarge)
    #expect(StorageError.slotInUse.code == .slotInUse)
    #expect(BootError.noBootableImage.code == .noBootableImage)
    #expect(BootError.storage(.flash(.powerLost)).code == .flashPowerLost)
  }
}
