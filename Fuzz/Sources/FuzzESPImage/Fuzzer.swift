import OTACore
import OTACrypto
import OTAPartition

/// Any bytes are an image of ESP-IDF or a typed error, whatever the unit of reading; what is verified has a signature that
/// the backend was asked about, of a key that is trusted.
///
/// The input is flags, the length of the image, the image, and a block of a signature, which is put where it belongs.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  guard input.count >= 3 else { return 0 }
  let size = min(input.count - 3, Int(input[1]) | Int(input[2]) << 8)
  var image = Array(input[3..<3 + size])
  if input[0] & 1 != 0 { image = corrected(image) }
  if input[0] & 2 != 0 {
    image += [UInt8](repeating: 0xff, count: (4096 - image.count % 4096) % 4096)
    var block = Array(input[(3 + size)...].prefix(1216))
    if block.count == 1216, input[0] & 4 != 0 {
      let checksum = CRC32.checksum(of: block.span.extracting(0..<1196))
      for index in 0..<4 { block[1196 + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index)) }
    }
    image += block + [UInt8](repeating: 0xff, count: 4096 - block.count)
  }
  guard !image.isEmpty else { return 0 }
  let first = outcome(of: image, unit: 1)
  precondition(first == outcome(of: image, unit: 16), "the unit of reading matters")
  return 0
}

/// The image with a checksum and a SHA-256 that are right, if it has places for them.
private func corrected(_ image: [UInt8]) -> [UInt8] {
  var flash = ImageFlash(image, unit: 1)
  do throws(EspressifError) {
    let container = try EspressifContainer(reading: &flash, in: 0..<flash.geometry.capacity)
    var image = image
    var checksum: UInt8 = 0xef
    for index in 0..<Int(container.header.segmentCount) {
      for place in container.segment(index).data { checksum ^= image[Int(place)] }
    }
    let end = Int(container.end) - (container.header.hasDigest ? 32 : 0)
    image[end - 1] = checksum
    if container.header.hasDigest {
      let digest = SHA256.digest(of: image.span.extracting(0..<end))
      for index in 0..<32 { image[end + index] = digest.bytes[index] }
    }
    return image
  } catch {
    return image
  }
}

/// What comes out, as a number.
private func outcome(of image: [UInt8], unit: UInt32) -> UInt32 {
  var flash = ImageFlash(image, unit: unit)
  do throws(EspressifError) {
    let container = try EspressifContainer(reading: &flash, in: 0..<UInt32(image.count))
    precondition(Int(container.totalSize) <= image.count, "the image is longer than it is")
    for index in 0..<Int(container.header.segmentCount) {
      precondition(container.segment(index).data.upperBound <= container.end, "a segment outside the image")
    }
    let contents = try container.check(on: &flash, using: SHA256.self)
    var keys = EspressifKeyDigests()
    for index in 0..<3 {
      do throws(EspressifError) {
        let found = try container.signatureBlock(index, on: &flash, using: SHA256.self)
        if let block = found { try keys.add(block.keyDigest) }
      } catch {
        continue
      }
    }
    let image = try container.verify(
      on: &flash, using: SHA256.self, signedHash: SHA256.self, verifier: EvenVerifier(), keys: keys)
    precondition(image.contents.digest == contents.digest && keys.contains(image.keyDigest))
    return 0x10000 + (contents.description?.secureVersion ?? 0) % 0x10000
  } catch {
    return UInt32(error.code.rawValue)
  }
}

/// Takes signatures that begin with an even number.
private struct EvenVerifier: EspressifSignatureVerifier {
  func verify(
    signature: Span<UInt8>, of digest: Digest, by key: borrowing EspressifPublicKey
  ) throws(CryptoError) {
    guard signature.count == key.scheme.signatureSize, signature[0] % 2 == 0 else {
      throw .authenticationFailed
    }
  }
}

/// An image as a device, with erased bytes behind it up to a whole unit.
private struct ImageFlash: Flash {
  let geometry: FlashGeometry
  private let bytes: [UInt8]

  init(_ bytes: [UInt8], unit: UInt32) {
    let count = (UInt32(bytes.count) + unit - 1) / unit
    guard
      let geometry = try? FlashGeometry(
        eraseBlockSize: unit, blockCount: max(1, count), writeSize: unit, readSize: unit)
    else { fatalError("no geometry") }
    self.geometry = geometry
    self.bytes = bytes
  }

  mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkRead(at: offset, count: destination.count)
    for index in 0..<destination.count {
      let place = Int(offset) + index
      destination[index] = place < bytes.count ? bytes[place] : 0xff
    }
  }

  mutating func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) { throw .deviceFailure }

  mutating func erase(_ range: Range<UInt32>) throws(FlashError) { throw .deviceFailure }
}
