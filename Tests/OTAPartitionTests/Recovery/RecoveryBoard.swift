import OTACore
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

/// A board whose last blocks hold a golden image, known by its digest.
struct RecoveryBoard: Sendable, CustomTestStringConvertible {
  static let golden = TestImage(size: 2777, sequenceNumber: 1, seed: 300)

  let board: TestBoard
  let recovery: RecoveryPartition<CompiledInImage>

  init(_ board: TestBoard) {
    self.board = board
    recovery = RecoveryPartition(
      board.layout.slotB.upperBound..<board.geometry.capacity,
      authority: CompiledInImage(Self.golden.description))
  }

  static func all() throws -> [RecoveryBoard] { try TestBoard.all().map(RecoveryBoard.init) }

  var testDescription: String { board.name }

  /// A device that runs the old image and has the golden one.
  func provisioned() throws -> SimulatedFlash { withGolden(try board.provisioned(.old)) }

  func withGolden(_ flash: SimulatedFlash) -> SimulatedFlash {
    var flash = flash
    var contents = flash.contents
    contents.replaceSubrange(
      Int(recovery.range.lowerBound)..<Int(recovery.range.lowerBound) + Self.golden.bytes.count,
      with: Self.golden.bytes)
    flash.setContents(contents)
    return flash
  }

  func start(_ device: SharedFlash) throws(StartError) -> BootStart<SharedFlash> {
    try BootLoader.start(layout: board.layout, recovery: recovery, hash: SodiumSHA256.self) { device }
  }

  /// Starts the device and says what runs, for tests that need no more.
  func outcome(_ device: SharedFlash) throws(StartError) -> Outcome {
    switch try start(device) {
    case .image(let decision, _): .image(decision)
    case .recovery(let decision): .recovery(decision)
    }
  }

  enum Outcome: Equatable {
    case image(BootDecision)
    case recovery(RecoveryDecision)

    /// The cause, if the golden image runs.
    var cause: ErrorCode? {
      switch self {
      case .image: nil
      case .recovery(let decision): decision.cause
      }
    }
  }

  /// Starts the device and looks at the bytes that run.
  func problem(on device: SharedFlash, images: [TestImage]) -> String? {
    do throws(StartError) {
      switch try outcome(device) {
      case .image(let decision):
        let flash = device.snapshot
        let isWhole = images.contains {
          decision.image == $0.record && board.bytes($0.bytes.count, of: decision.slot, on: flash) == $0.bytes
        }
        return isWhole ? nil : "what boots is no whole image"
      case .recovery(let decision):
        let runs = device.snapshot.contents(of: decision.image.firmware)
        return runs == Self.golden.bytes ? nil : "what boots is not the golden image"
      }
    } catch {
      return "nothing boots: \(error)"
    }
  }
}

/// Ways to lose both slots and, but for one, the journal.
enum Damage: CaseIterable {
  case slots, slotsAndJournal, slotsAndErasedJournal, journal, everythingErased, startsOfSlots

  /// Damages a device, and says what the boot loader must find.
  func apply(
    to flash: inout SimulatedFlash, layout: DeviceLayout, random: inout SplitMix64
  ) -> ErrorCode {
    var contents = flash.contents
    let slots = [layout.slotA, layout.slotB]
    let journals = [layout.journalA, layout.journalB]
    func noise(_ ranges: [Range<UInt32>]) {
      for range in ranges {
        for index in range { contents[Int(index)] = UInt8(truncatingIfNeeded: random.next()) }
      }
    }
    func erase(_ ranges: [Range<UInt32>]) {
      for range in ranges { for index in range { contents[Int(index)] = flash.geometry.erasedByte } }
    }
    switch self {
    case .slots: noise(slots)
    case .slotsAndJournal: noise(slots + journals)
    case .slotsAndErasedJournal:
      noise(slots)
      erase(journals)
    case .journal: noise(journals)
    case .everythingErased: erase(slots + journals)
    case .startsOfSlots:
      for slot in slots { contents[Int(slot.lowerBound + UInt32(random.next() % 3000))] ^= 4 }
    }
    flash.setContents(contents)
    switch self {
    case .slots, .startsOfSlots: return .noBootableImage
    case .slotsAndJournal, .slotsAndErasedJournal, .journal, .everythingErased: return .journalEmpty
    }
  }
}
