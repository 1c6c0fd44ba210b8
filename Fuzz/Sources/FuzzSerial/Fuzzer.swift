import OTACore
import OTACrypto
import OTAManifest
import OTAPartition
import OTASerial

// The device's end of a serial line. The first byte of the input says how the rest comes: as bytes of the line, or as
// requests, each a type, a length and a body, which are made into frames with a good checksum. Every signature counts as
// good, so that what is behind it is reached.

/// Finds every signature good.
private struct AnyVerifier: SignatureVerifier {
  func verify(signature: Span<UInt8>, of message: Span<UInt8>, by key: PublicKey) throws(CryptoError) {}
}

/// What runs on the device.
private let image = (0..<301).map { UInt8(truncatingIfNeeded: $0 &* 7) }

/// The device to begin with: two slots of 2 KiB behind the journal.
private let device: (flash: MemoryFlash, layout: DeviceLayout) = {
  do {
    let geometry = try FlashGeometry(eraseBlockSize: 1 << 10, blockCount: 12, writeSize: 4)
    let layout = try DeviceLayout(
      slotA: 8192..<10240, slotB: 10240..<12288, journalA: 0..<4096, journalB: 4096..<8192, on: geometry)
    let erased = MemoryFlash(geometry: geometry, bytes: [UInt8](repeating: 0xff, count: 12288))
    let storage = try DeviceStorage.provision(
      erased, layout: layout, factoryImage: image.span, sequenceNumber: SequenceNumber(1),
      version: Version(1, 0), hash: SHA256.self)
    return (storage.closed(), layout)
  } catch {
    fatalError("the device to begin with: \(error)")
  }
}()

private let zeros = [UInt8](repeating: 0, count: 32)

private let identity = CompactDevice(
  deviceID: UniversalIdentifier(high: 0, low: 1), vendorID: UniversalIdentifier(high: 0, low: 2),
  classID: UniversalIdentifier(high: 0, low: 3), hardwareRevision: 1, component: CompactComponent("app"))

/// Whatever comes over the line, the device does not trap, keeps the running image as it is, and can be opened again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  guard let mode = input.first, let storage = open(device.flash),
    let key = try? PublicKey(algorithm: .ed25519, bytes: zeros)
  else { return 0 }
  let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 6 << 10, alignment: 16)
  defer { memory.deallocate() }
  var session = SerialSession(
    storage, device: identity, verifier: AnyVerifier(), keys: ManifestKeySet(key), signer: NoReceiptSigner(),
    memory: SerialMemory(borrowing: memory, envelope: 2048, body: 1032),
    options: SerialOptions(allowsHostDecision: mode & 2 != 0))
  let line = mode & 1 == 0 ? Array(input.dropFirst()) : frames(input.dropFirst())
  var answer = [UInt8](repeating: 0, count: SerialFrame.maximumAnswerSize)
  var room = answer.mutableSpan
  session.receive(line.span, answer: &room) { bytes in
    precondition(bytes.count > 2 && bytes[0] == 0 && bytes[bytes.count - 1] == 0, "an answer is no frame")
  }
  let flash = session.closed().closed()
  for index in image.indices {
    precondition(flash.bytes[8192 + index] == image[index], "the running image was changed")
  }
  guard var after = open(flash) else { fatalError("the journal cannot be opened again") }
  do throws(BootError) {
    _ = try BootManager.boot(&after, hash: SHA256.self)
  } catch {
    fatalError("nothing boots: \(error)")
  }
  return 0
}

private func open(_ flash: MemoryFlash) -> DeviceStorage<MemoryFlash>? {
  try? DeviceStorage(opening: flash, layout: device.layout)
}

/// Makes frames of requests: type (1), length (2), body.
///
/// In the body of a request that names an update, an empty one stands
/// for the digest of the last envelope.
private func frames(_ input: ArraySlice<UInt8>) -> [UInt8] {
  var line: [UInt8] = []
  var rest = input
  var envelope: [UInt8] = []
  while rest.count >= 3 {
    let type = rest.removeFirst()
    let length = Int(rest.removeFirst()) | Int(rest.removeFirst() & 3) << 8
    var body = Array(rest.prefix(length))
    rest = rest.dropFirst(length)
    if type == SerialRequest.envelope.rawValue {
      // All of it in one request.
      envelope = body
      body = number(body.count) + number(0) + body
    } else if type == SerialRequest.payload.rawValue {
      let digest = SHA256.digest(of: envelope.span)
      let name = (0..<4).map { digest.bytes[$0] }
      body = name + number(body.first.map(Int.init) ?? 0) + body
    } else if body.isEmpty {
      let digest = SHA256.digest(of: envelope.span)
      body = (0..<32).map { digest.bytes[$0] }
    }
    var bytes = [UInt8](repeating: 0, count: SerialFrame.encodedSize(ofBody: body.count))
    var span = bytes.mutableSpan
    let count = SerialFrame.encode(type: type, number: 1, body: body.span, into: &span)
    line += bytes[..<count]
  }
  return line
}

private func number(_ value: Int) -> [UInt8] {
  (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}
