import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("MCUboot images that are wrong")
struct MCUbootRefusalTests {
  private let bench: MCUbootBench

  init() throws { bench = try MCUbootBench() }

  /// The error of reading and hashing an image; `nil` if there is none.
  private func error(_ image: RawImage) throws -> MCUbootError? { try error(image.bytes) }

  private func error(_ bytes: [UInt8]) throws -> MCUbootError? {
    do {
      try bench.digest(bytes)
      return nil
    } catch let error as MCUbootError {
      return error
    }
  }

  @Test("an image made by hand is right as long as nothing is wrong with it")
  func control() throws {
    #expect(try error(RawImage()) == nil)
    var image = RawImage(headerSize: 200)
    image.setProtected([])
    #expect(try error(image) == nil)
    image.setProtected(RawImage.tlv(0x50, [1, 0, 0, 0]) + RawImage.tlv(0xfffe, [1]))
    #expect(try error(image) == nil)
  }

  @Test("headers")
  func headers() throws {
    #expect(try error([UInt8](repeating: 0, count: 1000)) == .noImage)
    #expect(try error([]) == .noImage)
    // The magic of the format before this one.
    #expect(try error([0x3c] + RawImage().bytes.dropFirst()) == .noImage)
    for size: UInt16 in [0, 1, 31] { #expect(try error(RawImage(headerSize: size)) == .headerTooShort) }
    #expect(try error(RawImage(imageSize: 0)) == .emptyImage)
    for size: UInt32 in [16_353, 16_384, .max - 32, .max - 31, .max] {
      #expect(try error(RawImage(imageSize: size)) == .outOfSlot)
    }
    // The head of the TLVs must fit as well.
    for size: UInt32 in [16_352, 16_351, 16_349] {
      #expect(try error(RawImage(imageSize: size)) == .outOfSlot)
    }
    #expect(try error(RawImage(imageSize: 16_348)) == .noTLVArea)
    var flash = try MCUbootBench.flash(RawImage(headerSize: 60_000).bytes.dropLast(59_000))
    #expect(throws: MCUbootError.outOfSlot) { try MCUbootContainer(reading: &flash, in: 0..<16_384) }
  }

  @Test("flags")
  func flags() throws {
    for (flags, expected) in [
      (0x4, .encrypted), (0x8, .encrypted), (0x200, .compressed), (0x400, .compressed), (0x800, .compressed),
      (0x2, .unknownFlags(0x2)), (0x8000_0040, .unknownFlags(0x8000_0040)),
    ] as [(UInt32, MCUbootError)] {
      #expect(try error(RawImage(flags: flags)) == expected)
    }
    for flags: UInt32 in [0x1, 0x10, 0x20, 0x100, 0x131] {
      #expect(try error(RawImage(flags: flags)) == nil)
    }
  }

  @Test("sizes of the areas of TLVs")
  func areas() throws {
    var image = RawImage()
    image.setProtected(RawImage.tlv(0x50, [1, 0, 0, 0]))
    for size: UInt16 in [0, 4, 11, 13, .max] {
      image.protectedSize = size
      #expect(try error(image) == .protectedSizeMismatch)
    }
    #expect(try error(RawImage(protectedSize: 12)) == .protectedSizeMismatch)
    // Both agree on what cannot be.
    for size: UInt16 in [1, 2, 3] {
      let image = RawImage(protectedSize: size, protectedArea: RawImage.pair(0x6908, size))
      #expect(try error(image) == .malformedTLVArea)
    }
    let long = RawImage(protectedSize: .max, protectedArea: RawImage.pair(0x6908, .max))
    #expect(try error(long) == .outOfSlot)
    let signed = RawImage().signedPart
    for size: UInt16 in 0..<4 {
      #expect(try error(signed + RawImage.pair(0x6907, size)) == .malformedTLVArea)
    }
    #expect(try error(signed + RawImage.pair(0x6907, .max)) == .outOfSlot)
    #expect(try error(signed + RawImage.pair(0x6907, 4)) == .hashMissing)
    #expect(try error(signed + RawImage.pair(0x6909, 4)) == .noTLVArea)
    // Protected TLVs twice, and nothing else.
    image.protectedSize = nil
    #expect(try error(image.signedPart + RawImage.pair(0x6908, 4)) == .noTLVArea)
  }

  @Test("TLVs that run out of their area, into the other one too")
  func runningOut() throws {
    for tail in [[0], [0x50, 0], [0x50, 0, 4]] as [[UInt8]] {
      #expect(try error(RawImage(unprotected: tail)) == .malformedTLVArea)
      var image = RawImage()
      image.setProtected(tail)
      #expect(try error(image) == .malformedTLVArea)
    }
    for length: UInt16 in [1, 4, 36, 300, .max] {
      #expect(try error(RawImage(unprotected: RawImage.pair(0x24, length))) == .malformedTLVArea)
      var image = RawImage()
      image.setProtected(RawImage.pair(0xa0, length))
      #expect(try error(image) == .malformedTLVArea)
    }
  }

  @Test("hashes, keys and signatures are there once, where they belong, with their length")
  func seal() throws {
    let zeros = [UInt8](repeating: 0, count: 64)
    func behindHash(_ tlvs: [UInt8]) throws -> MCUbootError? { try error(RawImage(unprotected: tlvs)) }
    #expect(try error(RawImage(hasHash: false)) == .hashMissing)
    #expect(try behindHash(RawImage.tlv(0x10, RawImage().digest)) == .duplicate(.sha256))
    #expect(try behindHash(RawImage.tlv(0x12, zeros)) == .duplicate(.sha512))
    #expect(try behindHash(RawImage.tlv(0x01, [1]) + RawImage.tlv(0x02, [1])) == .duplicate(.publicKey))
    #expect(try behindHash(RawImage.tlv(0x24, zeros) + RawImage.tlv(0x22, [1])) == .duplicate(.ecdsa))
    #expect(try behindHash(RawImage.tlv(0x24, Array(zeros.dropLast()))) == .invalidLength(.ed25519))
    for (type, length) in [(0x10, 31), (0x10, 33), (0x11, 32), (0x12, 32), (0x10, 0)] as [(UInt16, Int)] {
      let tlv = RawImage.tlv(type, [UInt8](repeating: 0, count: length))
      let expected = try #require(MCUbootTLVType(rawValue: type))
      #expect(try error(RawImage(unprotected: tlv, hasHash: false)) == .invalidLength(expected))
    }
    #expect(try behindHash(RawImage.tlv(0x25, [0])) == .pureSignature)
    for type: UInt16 in 0x30...0x34 { #expect(try behindHash(RawImage.tlv(type, [1])) == .encrypted) }
    // Nobody has signed what stands here.
    for type: UInt16 in [0x00, 0x40, 0x50, 0x60, 0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x99, 0xa0, 0xffff] {
      #expect(try behindHash(RawImage.tlv(type, [1, 2, 3, 4])) == .misplaced(type))
    }
  }

  @Test("protected TLVs")
  func protected() throws {
    func only(_ tlvs: [UInt8]) throws -> MCUbootError? {
      var image = RawImage()
      image.setProtected(tlvs)
      return try error(image)
    }
    for (type, length) in [(0x50, 4), (0x40, 12), (0x74, 16), (0x75, 16)] as [(UInt16, Int)] {
      let known = try #require(MCUbootTLVType(rawValue: type))
      let value = [UInt8](repeating: 1, count: length)
      #expect(try only(RawImage.tlv(type, value)) == nil)
      #expect(try only(RawImage.tlv(type, value + [1])) == .invalidLength(known))
      #expect(try only(RawImage.tlv(type, Array(value.dropLast()))) == .invalidLength(known))
      #expect(try only(RawImage.tlv(type, [])) == .invalidLength(known))
      guard type != 0x40 else { continue }
      #expect(try only(RawImage.tlv(type, value) + RawImage.tlv(type, value)) == .duplicate(known))
    }
    #expect(try only(RawImage.tlv(0x60, []) + RawImage.tlv(0x60, [])) == .duplicate(.bootRecord))
    let dependency = RawImage.tlv(0x40, [UInt8](repeating: 1, count: 12))
    let most = [[UInt8]](repeating: dependency, count: MCUbootContents.maximumDependencyCount).flatMap { $0 }
    #expect(try only(most) == nil)
    #expect(try only(most + dependency) == .tooManyDependencies)
    for type: UInt16 in [0x01, 0x02, 0x10, 0x11, 0x12, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25] {
      #expect(try only(RawImage.tlv(type, [1])) == .misplaced(type))
    }
    for type: UInt16 in 0x30...0x34 { #expect(try only(RawImage.tlv(type, [1])) == .encrypted) }
    for type: UInt16 in 0x70...0x73 { #expect(try only(RawImage.tlv(type, [1])) == .compressed) }
    for type: UInt16 in [0x00, 0x03, 0x13, 0x26, 0x35, 0x41, 0x51, 0x61, 0x76, 0x9f, 0xffff] {
      #expect(try only(RawImage.tlv(type, [1])) == .unknownType(type))
    }
    for type: UInt16 in [0xa0, 0xff, 0x100, 0x01a0, 0xfffe] {
      #expect(
        try only(RawImage.tlv(type, [1]) + RawImage.tlv(type, [UInt8](repeating: 2, count: 700))) == nil)
    }
  }

  @Test("a signature needs the key that is named before it, and must be right")
  func signatures() async throws {
    let signer = try MCUbootBench.signer()
    let plain = RawImage()
    let signature = RawImage.tlv(0x24, try await signer.signature(for: plain.digest))
    let vector = try MCUbootVectors.bytes(MCUbootVectors.signed)
    let keyHash = RawImage.tlv(0x01, Array(vector[113..<145]))
    try bench.verify(RawImage(unprotected: keyHash + signature).bytes)
    #expect(throws: MCUbootError.keyMissing) { try bench.verify(RawImage(unprotected: signature).bytes) }
    #expect(throws: MCUbootError.keyMissing) {
      try bench.verify(RawImage(unprotected: signature + keyHash).bytes)
    }
    #expect(throws: MCUbootError.signatureMissing) {
      try bench.verify(RawImage(unprotected: keyHash).bytes)
    }
    for name in [[], [1], Array(vector[113..<144]), [UInt8](repeating: 0, count: 200)] as [[UInt8]] {
      #expect(throws: MCUbootError.keyNotTrusted) {
        try bench.verify(RawImage(unprotected: RawImage.tlv(0x01, name) + signature).bytes)
      }
    }
    // Of another image by the same key.
    #expect(throws: MCUbootError.crypto(.authenticationFailed)) {
      try bench.verify(RawImage(firmware: [9], unprotected: keyHash + signature).bytes)
    }
  }

  @Test("the device may fail, and the slot may not be in it")
  func flashErrors() throws {
    let bytes = try MCUbootVectors.bytes(MCUbootVectors.signed)
    var flash = try MCUbootBench.flash(bytes)
    #expect(throws: MCUbootError.flash(.outOfBounds)) { try bench.verify(&flash, slot: 0..<16_385) }
    #expect(throws: MCUbootError.flash(.outOfBounds)) { try bench.verify(&flash, slot: 16_385..<16_385) }
    #expect(throws: MCUbootError.outOfSlot) { try bench.verify(&flash, slot: 16_384..<16_384) }
    flash.cutPower()
    #expect(throws: MCUbootError.flash(.powerLost)) { try bench.verify(&flash, slot: 0..<16_384) }
  }

  @Test("every number of a type has one meaning, and vendors have theirs")
  func types() {
    for number in UInt16.min ... .max where MCUbootTLVType(rawValue: number) != nil {
      #expect(!MCUbootTLV.isVendor(number))
    }
    #expect((0..<0x100).compactMap { MCUbootTLVType(rawValue: $0) }.count == 25)
    #expect(!MCUbootTLV.isVendor(0xffff) && !MCUbootTLV.isVendor(0x9f))
    #expect(MCUbootTLV.isVendor(0xa0) && MCUbootTLV.isVendor(0xfffe))
  }
}
