import OTACore
import OTACrypto
import OTAPartition

// A device of 8 KiB in use: two areas of the journal, then two slots, 2 KiB each. The input is laid over the journal with
// exclusive or, so that zeros leave what is there; then the checksums of everything that may be a record are made right,
// unless the last byte of its place, which is of the seal, is odd.

private let place = 2 * 8 + 336

/// The device that each input changes.
private let device: (flash: MemoryFlash, layout: DeviceLayout) = {
  do {
    let geometry = try FlashGeometry(eraseBlockSize: 1 << 10, blockCount: 8, writeSize: 4)
    let layout = try DeviceLayout(
      slotA: 4096..<6144, slotB: 6144..<8192, journalA: 0..<2048, journalB: 2048..<4096, on: geometry)
    let image = (0..<301).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let erased = MemoryFlash(geometry: geometry, bytes: [UInt8](repeating: 0xff, count: 8192))
    var storage = try DeviceStorage.provision(
      erased, layout: layout, factoryImage: image.span, sequenceNumber: SequenceNumber(5),
      version: Version(1, 0),
      hash: SHA256.self)
    let offer = Offer(
      updateID: SHA256.digest(of: image.span), sequenceNumber: SequenceNumber(6), imageSize: 1203)
    for staged: UInt32 in [0, 1024] { try storage.record(.staging(offer, stagedBytes: staged)) }
    try storage.record(.reporting(Report(updateID: offer.updateID, outcome: .installed)))
    return (storage.closed(), layout)
  } catch {
    fatalError("the device to begin with: \(error)")
  }
}()

/// Whatever the journal says, the device refuses with a typed error, or boots bytes that have the recorded digest.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var flash = device.flash
  for (index, byte) in UnsafeBufferPointer(start: start, count: min(count, 4096)).enumerated() {
    flash.bytes[index] ^= byte
  }
  for area in [0, 2048] {
    for index in 0..<2048 / place { correctChecksum(at: area + index * place, of: &flash.bytes) }
  }
  guard let booted = boot(flash) else { return 0 }
  confirmAndBoot(booted.flash, running: booted.slot)
  commitAndBoot(booted.flash, running: booted.slot)
  return 0
}

/// Whatever runs and is confirmed boots again.
private func confirmAndBoot(_ flash: MemoryFlash, running slot: SlotIdentifier) {
  do throws(StorageError) {
    var storage = try DeviceStorage(opening: flash, layout: device.layout, runningSlot: slot)
    do throws(StorageError) {
      try storage.confirm()
    } catch {
      // Not on trial, or the journal is full: what is in flash still boots.
    }
    guard boot(storage.closed()) != nil else { fatalError("nothing boots after confirming") }
  } catch {
    fatalError("the journal cannot be opened again: \(error)")
  }
}

/// Another record, and what ran before boots again.
private func commitAndBoot(_ flash: MemoryFlash, running slot: SlotIdentifier) {
  do throws(StorageError) {
    var storage = try DeviceStorage(opening: flash, layout: device.layout, runningSlot: slot)
    do throws(StorageError) {
      try storage.record(.idle)
      try storage.record(.idle)
    } catch {
      precondition(error == .journalFull, "a commit fails otherwise")
    }
    guard boot(storage.closed()) != nil else { fatalError("nothing boots after a commit") }
  } catch {
    fatalError("the journal cannot be opened again: \(error)")
  }
}

private func correctChecksum(at start: Int, of bytes: inout [UInt8]) {
  let count = Int(bytes[start + 14]) | Int(bytes[start + 15]) << 8
  let end = start + 8 + 12 + count
  guard bytes[start + place - 1] & 1 == 0, end + 4 <= start + place - 8 else {
    return
  }
  let checksum = CRC32.checksum(of: bytes.span.extracting(start + 8..<end))
  for index in 0..<4 { bytes[end + index] = UInt8(truncatingIfNeeded: checksum >> (8 * index)) }
}

/// Opens and boots, and holds what boots against the bytes.
private func boot(_ flash: MemoryFlash) -> (flash: MemoryFlash, slot: SlotIdentifier)? {
  do throws(StorageError) {
    var storage = try DeviceStorage(opening: flash, layout: device.layout)
    do throws(BootError) {
      let decision = try BootManager.boot(&storage, hash: SHA256.self)
      let counter = storage.state.boot.securityCounter
      let after = storage.closed()
      let slot = device.layout[decision.slot]
      let size = Int(decision.image.image.size)
      precondition(size > 0 && size <= slot.count, "an image that is not in the slot")
      let start = Int(slot.lowerBound)
      precondition(
        SHA256.digest(of: after.bytes.span.extracting(start..<start + size)) == decision.image.image.digest,
        "what boots does not verify")
      precondition(decision.image.sequenceNumber >= counter, "what boots is below the security counter")
      return (after, decision.slot)
    } catch {
      precondition(error == .noBootableImage, "boot fails otherwise")
    }
  } catch {
    switch error {
    case .journalEmpty, .record: return nil
    default: fatalError("open fails with \(error)")
    }
  }
  return nil
}
