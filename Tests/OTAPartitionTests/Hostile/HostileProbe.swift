import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

/// Does with a device whatever a device does with itself, and holds each boot against the bytes in flash.
struct HostileProbe {
  let board: TestBoard
  /// What is installed, if the device lets it.
  let image: TestImage
  /// How often what happened.
  private(set) var outcomes: [String: Int] = [:]
  /// What must not have happened.
  private(set) var problems: [String] = []

  init(board: TestBoard, image: TestImage) {
    self.board = board
    self.image = image
  }

  func count(_ outcome: String) -> Int { outcomes[outcome] ?? 0 }

  /// Opens and boots; then on copies confirms, reverts, and installs an image; after each, boots again.
  mutating func examine(_ flash: ArrayFlash, _ origin: @autoclosure () -> String) {
    guard let booted = boot(flash, origin()) else { return }
    var offers = [image.offer]
    if let recorded = recordedOffer(booted.flash) { offers.append(recorded) }
    for step in 0..<2 + offers.count {
      var left: ArrayFlash?
      do throws(StorageError) {
        var storage = try DeviceStorage(
          opening: booted.flash, layout: board.layout, runningSlot: booted.slot)
        do throws(StorageError) {
          switch step {
          case 0: try storage.confirm()
          case 1: try storage.revert(.healthCheckFailed, verifying: SodiumSHA256.self)
          default: try install(offers[step - 2], on: &storage)
          }
          add("step \(min(step, 2)) done")
        } catch {
          add("step \(min(step, 2)) refused")
        }
        left = storage.closed()
      } catch {
        // It was opened a moment ago, and whatever was committed since is whole.
        fail("the journal cannot be opened again: \(error)", origin())
      }
      guard let left else { continue }
      if boot(left, origin()) == nil { fail("nothing boots after step \(step)", origin()) }
    }
  }

  // MARK: Steps

  /// - Returns: the device afterwards and what runs; `nil` if nothing boots.
  private mutating func boot(
    _ flash: ArrayFlash, _ origin: @autoclosure () -> String
  ) -> (flash: ArrayFlash, slot: SlotIdentifier)? {
    do throws(StorageError) {
      var storage = try DeviceStorage(opening: flash, layout: board.layout)
      do throws(BootError) {
        let decision = try BootManager.boot(&storage, hash: SodiumSHA256.self)
        let counter = storage.state.boot.securityCounter
        let slot = storage.range(of: decision.slot)
        let runs = board.layout.strategy == .direct ? board.layout[decision.slot] : board.layout.slotA
        let after = storage.closed()
        if slot.lowerBound != runs.lowerBound { fail("what boots is not where it runs", origin()) }
        let size = Int(decision.image.image.size)
        let bytes = Array(after.bytes[Int(slot.lowerBound)...].prefix(size))
        if size == 0 || size > slot.count
          || SodiumSHA256.digest(of: bytes.span) != decision.image.image.digest
        {
          fail("what boots does not verify", origin())
        }
        if decision.image.sequenceNumber < counter {
          fail("what boots is below the security counter", origin())
        }
        add("boots")
        return (after, decision.slot)
      } catch {
        switch error {
        case .noBootableImage: add("nothing boots")
        case .storage(let error): fail("boot fails with \(error)", origin())
        }
      }
    } catch {
      switch error {
      case .journalEmpty: add("empty")
      case .record: add("record refused")
      default: fail("open fails with \(error)", origin())
      }
    }
    return nil
  }

  private func install(_ offer: Offer, on storage: inout DeviceStorage<ArrayFlash>) throws(StorageError) {
    let manifest = image.verifiedManifest(offer: offer)
    var writer = try storage.beginStaging(manifest, offer: offer)
    let start = Int(writer.offset)
    guard start <= image.bytes.count else { throw .imageIncomplete }
    try storage.write(image.bytes.span.extracting(start..<image.bytes.count), with: &writer)
    let staged = try storage.finish(writer)
    try storage.activate(try storage.verify(staged, using: SodiumSHA256.self), attempts: 2)
  }

  private func recordedOffer(_ flash: ArrayFlash) -> Offer? {
    guard let storage = try? DeviceStorage(opening: flash, layout: board.layout),
      case .staging(let offer, _) = storage.state.update
    else { return nil }
    return offer
  }

  mutating func add(_ outcome: String) { outcomes[outcome, default: 0] += 1 }

  private mutating func fail(_ problem: String, _ origin: String) {
    if problems.count < 5 { problems.append("\(problem): \(origin)") }
  }
}

extension TestImage {
  /// A manifest for this image that an offer belongs to, whatever the offer says.
  fileprivate func verifiedManifest(offer: Offer) -> VerifiedManifest {
    var manifest = verifiedManifest().manifest
    manifest.sequenceNumber = offer.sequenceNumber
    manifest.image.size = offer.imageSize
    return VerifiedManifest(manifest: manifest, updateID: offer.updateID)
  }
}
