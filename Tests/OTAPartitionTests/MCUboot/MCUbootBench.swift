import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition

/// An image in a slot of a flash device, and what the readers say of it.
struct MCUbootBench {
  /// The key of ``MCUbootVectors``.
  static func signer() throws -> SodiumSigner {
    let seed = try SecretBytes(capacity: 32) { (writer) throws(ParseError) in
      for index in 0..<32 as Range<UInt8> { try writer.write(byte: index) }
    }
    return SodiumSigner(try Ed25519PrivateKey(seed: seed))
  }

  let keys: MCUbootKeys
  private let geometry: FlashGeometry

  init() throws {
    keys = MCUbootKeys(try Self.signer().publicKey)
    geometry = try FlashGeometry(eraseBlockSize: 4096, blockCount: 4, writeSize: 1)
  }

  /// A device of 16 KiB with bytes at an offset, and erased bytes around them.
  static func flash(
    _ bytes: [UInt8], at offset: Int = 0, unit: UInt32 = 1, erasedByte: UInt8 = 0xff
  ) throws -> SimulatedFlash {
    let geometry = try FlashGeometry(
      eraseBlockSize: 4096, blockCount: 4, writeSize: unit, readSize: unit, erasedByte: erasedByte)
    var contents = [UInt8](repeating: erasedByte, count: Int(geometry.capacity))
    contents.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    var flash = SimulatedFlash(geometry)
    flash.setContents(contents)
    return flash
  }

  /// Verifies the image that begins a device, with the hash that it has.
  ///
  /// - Returns: what it says.
  @discardableResult
  func verify(_ bytes: [UInt8], slot: Range<UInt32> = 0..<16_384) throws(MCUbootError) -> MCUbootContents {
    var flash = ImageFlash(bytes, geometry: geometry)
    return try verify(&flash, slot: slot)
  }

  /// Verifies the image in a slot, with the hash that it has.
  @discardableResult
  func verify<Device: Flash & ~Copyable>(
    _ flash: inout Device, slot: Range<UInt32>
  ) throws(MCUbootError) -> MCUbootContents {
    let container = try MCUbootContainer(reading: &flash, in: slot)
    if try container.hashType(on: &flash) == .sha512 {
      return try container.verify(
        on: &flash, using: SodiumSHA512.self, verifier: SodiumVerifier(), keys: keys
      ).contents
    }
    return try container.verify(
      on: &flash, using: SodiumSHA256.self, verifier: SodiumVerifier(), keys: keys
    ).contents
  }

  /// Checks the hash only.
  @discardableResult
  func digest(_ bytes: [UInt8]) throws -> MCUbootContents {
    var flash = ImageFlash(bytes, geometry: geometry)
    let container = try MCUbootContainer(reading: &flash, in: 0..<16_384)
    return try container.digest(on: &flash, using: SodiumSHA256.self)
  }
}

/// An image and erased bytes behind it, to be read only: made a hundred thousand times, it must be cheap.
struct ImageFlash: Flash {
  let geometry: FlashGeometry
  private let bytes: [UInt8]

  init(_ bytes: [UInt8], geometry: FlashGeometry) {
    self.bytes = bytes
    self.geometry = geometry
  }

  func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(FlashError) {
    try geometry.checkRead(at: offset, count: destination.count)
    for index in 0..<destination.count {
      let place = Int(offset) + index
      destination[index] = place < bytes.count ? bytes[place] : geometry.erasedByte
    }
  }

  func write(_ source: Span<UInt8>, at offset: UInt32) throws(FlashError) { throw .deviceFailure }

  func erase(_ range: Range<UInt32>) throws(FlashError) { throw .deviceFailure }
}

/// An image that is put together TLV by TLV, right or wrong.
struct RawImage {
  var headerSize: UInt16 = 32
  var imageSize: UInt32?
  var flags: UInt32 = 0
  var firmware: [UInt8] = [1, 2, 3, 4, 5]
  var protectedSize: UInt16?
  var protectedArea: [UInt8] = []
  /// The TLVs behind the hash.
  var unprotected: [UInt8] = []
  /// Whether the right hash comes first.
  var hasHash = true

  static func tlv(_ type: UInt16, _ value: [UInt8]) -> [UInt8] { pair(type, UInt16(value.count)) + value }

  static func pair(_ first: UInt16, _ second: UInt16) -> [UInt8] {
    [first, second].flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
  }

  static func word(_ value: UInt32) -> [UInt8] {
    pair(UInt16(truncatingIfNeeded: value), UInt16(value >> 16))
  }

  /// Sets the protected TLVs, with the head that belongs to them.
  mutating func setProtected(_ tlvs: [UInt8]) {
    protectedArea = Self.pair(0x6908, UInt16(tlvs.count + 4)) + tlvs
  }

  /// Everything that is hashed.
  var signedPart: [UInt8] {
    let size = imageSize ?? UInt32(firmware.count)
    let sizes = Self.pair(headerSize, protectedSize ?? UInt16(protectedArea.count))
    let header = Self.word(0x96f3_b83d) + Self.word(0) + sizes + Self.word(size) + Self.word(flags)
    let padding = [UInt8](repeating: 0xff, count: max(0, Int(headerSize) - 32))
    return header + [1, 0, 0, 0, 0, 0, 0, 0] + Self.word(0) + padding + firmware + protectedArea
  }

  /// The hash over that.
  var digest: [UInt8] {
    let digest = SodiumSHA256.digest(of: signedPart.span)
    return (0..<32).map { digest.bytes[$0] }
  }

  /// All of it.
  var bytes: [UInt8] {
    let tlvs = (hasHash ? Self.tlv(0x10, digest) : []) + unprotected
    return signedPart + Self.pair(0x6907, UInt16(tlvs.count + 4)) + tlvs
  }
}
