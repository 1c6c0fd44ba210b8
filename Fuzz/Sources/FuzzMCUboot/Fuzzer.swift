import OTACore
import OTACrypto
import OTAPartition

/// Any bytes are an image of MCUboot or a typed error; what is verified has the hash that was computed here by itself.
///
/// The first byte says what is made right, since no fuzzer guesses it, and how the image is read.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var image = Array(UnsafeBufferPointer(start: start, count: count))
  guard image.count > 32, image.count <= 1 << 16 else { return 0 }
  let mode = Mode(rawValue: image.removeFirst())
  if mode.contains(.magic) { image.replaceSubrange(0..<4, with: [0x3d, 0xb8, 0xf3, 0x96]) }
  if mode.contains(.hash) { makeHashRight(&image, mode) }
  read(image, mode)
  return 0
}

struct Mode: OptionSet {
  let rawValue: UInt8

  static let magic = Mode(rawValue: 1)
  static let hash = Mode(rawValue: 2)
  static let encrypted = Mode(rawValue: 4)
  static let clear = Mode(rawValue: 8)
}

/// What is hashed: everything before the unprotected TLVs, decrypted.
private func hashed(_ image: [UInt8], _ container: MCUbootContainer, _ mode: Mode) -> Digest {
  var part = Array(image[..<Int(container.unprotectedArea.lowerBound)])
  if mode.contains(.encrypted) {
    for index in container.firmware { part[Int(index)] ^= 0x55 }
  }
  return SHA256.digest(of: part.span)
}

/// Writes the right hash into the first TLV that has room for it.
private func makeHashRight(_ image: inout [UInt8], _ mode: Mode) {
  var flash = ImageFlash(image)
  guard let container = try? MCUbootContainer(reading: &flash, in: 0..<UInt32(image.count)) else { return }
  let digest = hashed(image, container, mode)
  var walk = container.tlvs(in: .unprotected)
  while let tlv = try? walk.next(reading: &flash) {
    guard tlv.type == .sha256, tlv.value.count == 32 else { continue }
    for index in 0..<32 { image[Int(tlv.value.lowerBound) + index] = digest.bytes[index] }
    return
  }
}

private func read(_ image: [UInt8], _ mode: Mode) {
  var flash = ImageFlash(image)
  let size = UInt32(image.count)
  guard let container = try? MCUbootContainer(reading: &flash, in: 0..<size) else { return }
  precondition(
    container.size <= size && container.firmware.upperBound <= container.unprotectedArea.lowerBound)
  precondition(container.protectedArea.upperBound == container.unprotectedArea.lowerBound)
  do throws(MCUbootError) {
    try verify(container, on: &flash, mode, by: Refusal())
    fatalError("an image was verified that nobody has signed")
  } catch {
    // As it must be.
  }
  guard let verified = try? verify(container, on: &flash, mode, by: Belief()) else { return }
  precondition(verified.digest == hashed(image, container, mode), "verified with another hash")
  precondition(!container.header.flags.isEncrypted || mode.contains(.encrypted) || mode.contains(.clear))
  guard let range = verified.bootRecord else { return }
  let bytes = Array(image[Int(range.lowerBound)..<Int(range.upperBound)])
  guard let record = try? MCUbootBootRecord(parsing: bytes.span) else { return }
  guard let written = try? record.encoded(), let again = try? MCUbootBootRecord(parsing: written.span) else {
    fatalError("a record that was read cannot be written")
  }
  precondition(again == record, "a record that was read is written otherwise")
}

@discardableResult
private func verify(
  _ container: MCUbootContainer, on flash: inout ImageFlash, _ mode: Mode,
  by verifier: some MCUbootSignatureVerifier
) throws(MCUbootError) -> MCUbootContents {
  if mode.contains(.encrypted) {
    var cipher = Exclusive()
    return try container.verifyEncrypted(
      on: &flash, using: SHA256.self, by: verifier, decrypting: &cipher
    ).contents
  }
  if mode.contains(.clear) {
    return try container.verifyDecrypted(on: &flash, using: SHA256.self, by: verifier).contents
  }
  return try container.verify(on: &flash, using: SHA256.self, by: verifier).contents
}

/// Believes every signature, to see what else is checked.
private struct Belief: MCUbootSignatureVerifier {
  func verify<Hash: HashFunction & ~Copyable>(
    _ signature: borrowing MCUbootSignature, using hash: Hash.Type
  ) throws(MCUbootError) {}
}

/// Believes none.
private struct Refusal: MCUbootSignatureVerifier {
  func verify<Hash: HashFunction & ~Copyable>(
    _ signature: borrowing MCUbootSignature, using hash: Hash.Type
  ) throws(MCUbootError) {
    precondition(signature.bytes.count <= 512, "more than a buffer holds")
    throw .crypto(.authenticationFailed)
  }
}

/// A cipher whose work is easily done again.
private struct Exclusive: MCUbootPayloadCipher {
  func decrypt(_ bytes: inout MutableSpan<UInt8>) throws(CryptoError) {
    for index in 0..<bytes.count { bytes[index] ^= 0x55 }
  }
}

/// A device that ends where the image does.
private struct ImageFlash: Flash {
  let bytes: [UInt8]
  let geometry: FlashGeometry

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    do throws(LayoutError) {
      geometry = try FlashGeometry(eraseBlockSize: UInt32(bytes.count), blockCount: 1, writeSize: 1)
    } catch {
      fatalError("a device of one block: \(error)")
    }
  }

  func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkRead(at: offset, count: destination.count)
    for index in 0..<destination.count { destination[index] = bytes[Int(offset) + index] }
  }

  func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) { throw .deviceFailure }

  func erase(_ range: Range<UInt32>) throws(FlashError) { throw .deviceFailure }
}
