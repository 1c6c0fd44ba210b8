// The application of a microcontroller that takes updates over its serial line, as a client writes it: no heap, all memory
// given by the caller. Generic code is compiled where it is used, so Scripts/check-embedded compiles this client with a
// compiler that refuses heap allocation.

import OTACore
import OTACrypto
import OTAManifest
import OTAPartition
import OTASerial
internal import SerialBoard

/// Runs the application: serves the serial line, and judges an image on trial.
///
/// - Parameters:
///   - memory: for the session, aligned to 4 bytes: frames, an envelope, a block and the decoder of patches.
///   - memoryCount: how many bytes that is; 16 KiB are comfortable.
///   - key: the public key that signs manifests, 32 bytes.
/// - Returns: -1 if the journal cannot be read; otherwise when the device is to start again.
@c(run_application)
public func runApplication(
  _ memory: UnsafeMutableRawPointer, _ memoryCount: UInt32, _ key: UnsafePointer<UInt8>
) -> Int32 {
  guard let keys = trustedKeys(unsafe Span(_unsafeStart: key, count: 32)), let storage = openStorage() else {
    return -1
  }
  let buffer = unsafe UnsafeMutableRawBufferPointer(start: memory, count: Int(memoryCount))
  var session = SerialSession(
    storage, device: exampleDevice(), verifier: BoardVerifier(), keys: keys, signer: BoardSigner(),
    memory: unsafe SerialMemory(borrowing: buffer))
  var input = InlineArray<64, UInt8>(repeating: 0)
  var answer = InlineArray<560, UInt8>(repeating: 0)
  while !session.isResetDue {
    let count = receive(&input)
    var room = answer.mutableSpan
    session.receive(input.span.extracting(0..<count), answer: &room) { bytes in send(bytes) }
    guard session.isOnTrial else { continue }
    switch board_health() {
    case 0: continue
    case 1: try? session.confirm()
    default: try? session.giveUp(.healthCheckFailed)
    }
  }
  board_reset()
  return 0
}

/// What this device is.
private func exampleDevice() -> CompactDevice {
  CompactDevice(
    deviceID: UniversalIdentifier(high: 1, low: 1), vendorID: UniversalIdentifier(high: 1, low: 2),
    classID: UniversalIdentifier(high: 1, low: 3), hardwareRevision: 1, component: CompactComponent("app"))
}

private func trustedKeys(_ bytes: Span<UInt8>) -> ManifestKeySet? {
  guard let key = try? PublicKey(algorithm: .ed25519, copying: bytes) else { return nil }
  return ManifestKeySet(key)
}

/// Two slots of 256 KiB and a journal, in blocks of 4 KiB.
private func openStorage() -> DeviceStorage<BoardFlash>? {
  do throws(LayoutError) {
    let flash = try BoardFlash()
    let layout = try DeviceLayout(
      slotA: 0x2000..<0x42000, slotB: 0x42000..<0x82000, journalA: 0x0000..<0x1000, journalB: 0x1000..<0x2000,
      on: flash.geometry)
    return try? DeviceStorage(opening: flash, layout: layout)
  } catch {
    return nil
  }
}

private func receive(_ input: inout InlineArray<64, UInt8>) -> Int {
  var bytes = input.mutableSpan
  let count = unsafe bytes.withUnsafeMutableBufferPointer { buffer -> UInt32 in
    guard let base = buffer.baseAddress else { return 0 }
    return unsafe board_receive(base, UInt32(truncatingIfNeeded: buffer.count))
  }
  return Int(min(count, 64))
}

private func send(_ bytes: Span<UInt8>) {
  unsafe bytes.withUnsafeBufferPointer { buffer in
    guard let base = buffer.baseAddress else { return }
    unsafe board_send(base, UInt32(truncatingIfNeeded: buffer.count))
  }
}
