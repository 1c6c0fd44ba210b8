import Foundation
import OTAAgent
import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

/// Journal and update on a disk that writes logical blocks whole or not at all, in any order between two flushes.
@Suite("A block device under power cuts")
struct BlockDevicePowerLossTests {
  typealias Device = BlockFlash<ModelDisk.Handle>

  static let seed =
    ProcessInfo.processInfo.environment["OTA_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1_000_000)
  static let eraseBlock: UInt32 = 4096

  @Test("A count is never lost and never goes back", arguments: [512, 4096] as [UInt32])
  func journal(_ blockSize: UInt32) async throws {
    let result = try await onOwnThread { try Self.count(blockSize: blockSize, defect: nil) }
    print("block device, journal, blocks of \(blockSize): \(result.cuts) cuts, seed \(Self.seed)")
    #expect(result.problems.isEmpty, "\(result.problems)")
    #expect(result.cuts > 100)
  }

  @Test("An update ends, and boots a whole image on the way", arguments: [512, 4096] as [UInt32])
  func update(_ blockSize: UInt32) async throws {
    let result = try await onOwnThread { try Self.update(blockSize: blockSize, defect: nil) }
    print("block device, update, blocks of \(blockSize): \(result.cuts) cuts, seed \(Self.seed)")
    #expect(result.problems.isEmpty, "\(result.problems)")
    #expect(result.cuts > 120)
  }

  @Test(
    "A disk that breaks the assumption loses something: the model can tell",
    arguments: ModelDisk.Defect.allCases)
  func brokenDisk(_ defect: ModelDisk.Defect) async throws {
    let result = try await onOwnThread { try Self.count(blockSize: 4096, defect: defect) }
    #expect(!result.problems.isEmpty)
  }

  // MARK: Scenarios

  struct Result: Sendable {
    var cuts = 0
    var problems: [String] = []

    mutating func add(_ problem: String?, _ cuts: [ModelDisk.Cut]) {
      guard let problem, problems.count < 5 else { return }
      problems.append("\(problem) after \(cuts)")
    }
  }

  private static func layout(_ flash: borrowing Device) throws -> DeviceLayout {
    try DeviceLayout(
      slotA: 8192..<16384, slotB: 16384..<24576, journalA: 0..<4096, journalB: 4096..<8192, on: flash.geometry
    )
  }

  /// A disk that runs the old image, with noise elsewhere.
  private static func provisioned(blockSize: UInt32) throws -> [UInt8] {
    var random = SplitMix64(seed: 1)
    let noise = (0..<24576).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let disk = ModelDisk(noise, blockSize: blockSize)
    let flash = try disk.flash(eraseBlockSize: eraseBlock)
    let layout = try layout(flash)
    let image = BlockImage.old.bytes
    _ = try DeviceStorage.provision(
      flash, layout: layout, factoryImage: image.span, sequenceNumber: BlockImage.old.sequenceNumber,
      version: Version(1, 0), hash: SodiumSHA256.self)
    return disk.contents
  }

  private static func open(_ disk: ModelDisk) throws -> DeviceStorage<Device> {
    let flash = try disk.flash(eraseBlockSize: eraseBlock)
    let layout = try layout(flash)
    return try DeviceStorage(opening: flash, layout: layout)
  }

  /// What the outside world has seen of a count.
  private struct Witness {
    var seen: UInt32 = 0
    var next: UInt32 = 0
  }

  /// Counts to 12 in sessions of four, with a cut at each call, and a second one after it.
  private static func count(blockSize: UInt32, defect: ModelDisk.Defect?) throws -> Result {
    let start = try provisioned(blockSize: blockSize)
    func run(_ disk: ModelDisk, _ witness: inout Witness) throws -> String? {
      var value: UInt32 = 0
      repeat {
        var storage = try open(disk)
        value = if case .staging(_, let bytes) = storage.state.update { bytes } else { 0 }
        if value < witness.seen { return "\(witness.seen) was committed, \(value) is left" }
        if value != witness.seen, value != witness.next { return "\(value) comes from nowhere" }
        witness = Witness(seen: value, next: value)
        for _ in 0..<4 where value < 12 {
          witness.next = value + 1
          try storage.record(.staging(BlockImage.new.offer, stagedBytes: value + 1))
          value += 1
          witness.seen = value
        }
      } while value < 12
      return nil
    }
    return try explore(start, blockSize: blockSize, defect: defect, Witness(), run)
  }

  /// Boots, installs and confirms the new image, with a cut at each call, and a second one after it.
  private static func update(blockSize: UInt32, defect: ModelDisk.Defect?) throws -> Result {
    let start = try provisioned(blockSize: blockSize)
    func run(_ disk: ModelDisk, _ witness: inout Void) throws -> String? {
      for _ in 0..<12 {
        var storage = try open(disk)
        storage.checkpointInterval = 4096
        let decision = try BootManager.boot(&storage, hash: SodiumSHA256.self)
        let image = decision.image == BlockImage.old.record ? BlockImage.old : BlockImage.new
        let bytes = Array(
          disk.contents[Int(storage.layout[decision.slot].lowerBound)...].prefix(image.bytes.count))
        guard decision.image == image.record, bytes == image.bytes else {
          return "what boots is no whole image"
        }
        switch storage.state.update {
        case .idle:
          if decision.image == BlockImage.new.record { return nil }
          try install(&storage)
        case .staging: try install(&storage)
        case .applying: try storage.confirm()
        case .rollingBack: return "a good image was reverted"
        case .reporting: try storage.record(.idle)
        }
      }
      return "the update does not end"
    }
    return try explore(start, blockSize: blockSize, defect: defect, (), run)
  }

  private static func install(_ storage: inout DeviceStorage<Device>) throws {
    let image = BlockImage.new
    var writer = try storage.beginStaging(image.verifiedManifest(), offer: image.offer)
    while writer.remaining > 0 {
      let offset = Int(writer.offset)
      let end = min(offset + 1500, image.bytes.count)
      try storage.write(image.bytes.span.extracting(offset..<end), with: &writer)
    }
    let staged = try storage.finish(writer)
    try storage.activate(try storage.verify(staged, using: SodiumSHA256.self), attempts: 5)
  }

  /// Runs a scenario with every cut, brings it to its end, and cuts once more on that way.
  private static func explore<Witness>(
    _ start: [UInt8], blockSize: UInt32, defect: ModelDisk.Defect?, _ witness: Witness,
    _ run: (ModelDisk, inout Witness) throws -> String?
  ) throws -> Result {
    var result = Result()
    var random = SplitMix64(seed: seed)
    /// Runs into a cut, or to the end; says what is wrong.
    func attempt(
      _ contents: [UInt8], _ witness: inout Witness, cut: ModelDisk.Cut?
    ) -> (disk: ModelDisk, problem: String?) {
      let disk = ModelDisk(contents, blockSize: blockSize, defect: defect, cut: cut)
      do {
        return (disk, try run(disk, &witness))
      } catch {
        let isPowerLoss =
          error as? StorageError == .flash(.powerLost) || error as? BootError == .storage(.flash(.powerLost))
        return (disk, cut != nil && isPowerLoss ? nil : "\(error)")
      }
    }
    var counting = witness
    let whole = attempt(start, &counting, cut: nil)
    result.add(whole.problem, [])
    for first in ModelDisk.cuts(pending: whole.disk.pending, using: &random) {
      // Of a disk that breaks the assumption one loss is enough.
      if defect != nil, !result.problems.isEmpty { return result }
      var seen = witness
      let interrupted = attempt(start, &seen, cut: first)
      result.add(interrupted.problem, [first])
      let after = interrupted.disk.contents
      var recovering = seen
      let recovered = attempt(after, &recovering, cut: nil)
      result.add(recovered.problem, [first])
      result.cuts += 1
      let seconds = ModelDisk.cuts(pending: recovered.disk.pending, using: &random)
      for second in seconds.shuffled(using: &random).prefix(1) {
        var again = seen
        let twice = attempt(after, &again, cut: second)
        result.add(twice.problem, [first, second])
        result.add(attempt(twice.disk.contents, &again, cut: nil).problem, [first, second])
        result.cuts += 1
      }
    }
    return result
  }
}

/// An image made of noise, and the manifest that would bring it.
struct BlockImage: Sendable {
  let bytes: [UInt8]
  let sequenceNumber: SequenceNumber

  init(size: Int, sequenceNumber: UInt64) {
    var random = SplitMix64(seed: sequenceNumber)
    bytes = (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    self.sequenceNumber = SequenceNumber(sequenceNumber)
  }

  static let old = BlockImage(size: 3001, sequenceNumber: 5)
  static let new = BlockImage(size: 6003, sequenceNumber: 6)

  var description: ImageDescription {
    ImageDescription(digest: SodiumSHA256.digest(of: bytes.span), size: UInt32(bytes.count))
  }

  var record: ImageRecord {
    ImageRecord(image: description, sequenceNumber: sequenceNumber, version: Version(1, 0))
  }

  var offer: Offer {
    Offer(updateID: description.digest, sequenceNumber: sequenceNumber, imageSize: UInt32(bytes.count))
  }

  func verifiedManifest() -> VerifiedManifest {
    let identifier = UniversalIdentifier(high: 1, low: 2)
    let payload = PayloadDescription(
      digest: description.digest, size: description.size, uri: [], encoding: .identity,
      blocks: BlockDigests(blockSize: 4096, digests: []))
    let manifest = Manifest(
      sequenceNumber: sequenceNumber, newVersion: Version(1, 0), component: ComponentIdentifier("app"),
      compatibility: Compatibility(vendorID: identifier, classID: identifier), image: description,
      payload: payload)
    return VerifiedManifest(manifest: manifest, updateID: description.digest)
  }
}

/// Runs long work on a thread of its own: tests that wait for an answer in time share the others.
func onOwnThread<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    Thread { continuation.resume(with: Swift.Result(catching: work)) }.start()
  }
}
