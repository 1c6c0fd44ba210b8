import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition
import Testing

@Suite("MCUboot images of imgtool")
struct MCUbootVectorTests {
  private let bench: MCUbootBench

  init() throws { bench = try MCUbootBench() }

  @Test(
    "signed ones are verified",
    arguments: [
      MCUbootVectors.signed, MCUbootVectors.signedProtected, MCUbootVectors.signedSHA512,
      MCUbootVectors.signedFullKey,
    ])
  func signed(_ vector: String) throws {
    try bench.verify(MCUbootVectors.bytes(vector))
  }

  @Test("every value of the header and of the protected TLVs arrives")
  func values() throws {
    let bytes = try MCUbootVectors.bytes(MCUbootVectors.signedProtected)
    var flash = try MCUbootBench.flash(bytes)
    let container = try MCUbootContainer(reading: &flash, in: 0..<16_384)
    let image = try container.verify(
      on: &flash, using: SHA256.self, verifier: SodiumVerifier(), keys: bench.keys)
    #expect(
      container.header
        == MCUbootHeader(
          headerSize: 48, protectedTLVSize: 190, imageSize: 37,
          version: MCUbootVersion(2, 0, 513, build: 70_000)))
    #expect(container.firmware == 48..<85 && container.protectedArea == 85..<275)
    #expect(container.size == UInt32(bytes.count))
    let contents = image.contents
    #expect(contents.securityCounter == 7 && contents.dependencyCount == 2)
    let first = MCUbootDependency(image: 1, minimumVersion: MCUbootVersion(1, 2, 3, build: 4))
    #expect(contents.dependency(0) == first)
    #expect(contents.dependency(1) == MCUbootDependency(image: 2, minimumVersion: MCUbootVersion(0, 9)))
    #expect(contents.vendorID?.description == "bcc16965-6f3a-5338-9d83-d8b565c63bc7")
    #expect(contents.classID?.description == "1e7fce30-b467-504f-8a77-cd970d5670a8")
    #expect(contents.bootRecord == 101..<194)
    #expect(
      contents.digest.description == "ddf6816e47c38cd776ce8a10db38b1512dddf6f1bc7e2a5dc978578d533bde93")
    #expect(image.keyHash.description == MCUbootVectors.keyHash)
    #expect(throws: MCUbootError.securityCounterTooLow) {
      try contents.requireSecurityCounter(atLeast: 8)
    }
    try contents.requireSecurityCounter(atLeast: 7)
  }

  @Test("those without a signature have a hash, and are not verified")
  func hashOnly() throws {
    let plain = try MCUbootVectors.bytes(MCUbootVectors.hashOnly)
    let contents = try bench.digest(plain)
    #expect(contents.securityCounter == nil && contents.bootRecord == nil && contents.dependencyCount == 0)
    #expect(throws: MCUbootError.securityCounterMissing) {
      try contents.requireSecurityCounter(atLeast: 0)
    }
    let protected = try MCUbootVectors.bytes(MCUbootVectors.hashOnlyProtected)
    #expect(try bench.digest(protected).securityCounter == 9)
    #expect(throws: MCUbootError.signatureMissing) { try bench.verify(plain) }
    #expect(throws: MCUbootError.signatureMissing) { try bench.verify(protected) }
  }

  @Test(
    "what is not supported has an error of its own",
    arguments: [
      (MCUbootVectors.sha384, MCUbootError.unsupportedHash(.sha384)),
      (MCUbootVectors.pure, .pureSignature), (MCUbootVectors.ecdsa, .unsupportedSignature(.ecdsa)),
      (MCUbootVectors.encrypted, .encrypted), (MCUbootVectors.compressed, .compressed),
    ])
  func unsupported(_ vector: String, _ error: MCUbootError) throws {
    let bytes = try MCUbootVectors.bytes(vector)
    #expect(throws: error) { try bench.verify(bytes) }
  }

  @Test("the hash of another function than the image's is refused, not computed")
  func otherFunction() throws {
    var flash = try MCUbootBench.flash(MCUbootVectors.bytes(MCUbootVectors.signedSHA512))
    let container = try MCUbootContainer(reading: &flash, in: 0..<16_384)
    #expect(throws: MCUbootError.unsupportedHash(.sha512)) {
      try container.digest(on: &flash, using: SHA256.self)
    }
    #expect(throws: MCUbootError.unsupportedHash(.sha512)) {
      try container.digest(on: &flash, using: SodiumBLAKE2b256.self)
    }
    #expect(try container.digest(on: &flash, using: SHA512.self).digest.algorithm == .sha512)
  }

  @Test(
    "one flipped bit anywhere is refused",
    arguments: [
      MCUbootVectors.signed, MCUbootVectors.signedProtected, MCUbootVectors.signedSHA512,
      MCUbootVectors.signedFullKey,
    ])
  func flippedBits(_ vector: String) throws {
    let bytes = try MCUbootVectors.bytes(vector)
    var flash = try MCUbootBench.flash(bytes)
    var accepted: [Int] = []
    for bit in 0..<8 * bytes.count {
      let offset = UInt32(bit / 8)
      flash.flipBits(1 << UInt8(bit % 8), at: offset)
      if (try? bench.verify(&flash, slot: 0..<16_384)) != nil { accepted.append(bit) }
      flash.flipBits(1 << UInt8(bit % 8), at: offset)
    }
    #expect(accepted.isEmpty)
    try bench.verify(&flash, slot: 0..<16_384)
  }

  @Test("a slot that ends before the image does is refused", arguments: [0xff, 0x00] as [UInt8])
  func truncated(_ erasedByte: UInt8) throws {
    let bytes = try MCUbootVectors.bytes(MCUbootVectors.signedProtected)
    for count in 0..<bytes.count {
      var flash = try MCUbootBench.flash(bytes)
      #expect(throws: MCUbootError.outOfSlot) { try bench.verify(&flash, slot: 0..<UInt32(count)) }
      // The rest was never written.
      var torn = try MCUbootBench.flash(Array(bytes[..<count]), erasedByte: erasedByte)
      #expect(throws: MCUbootError.self) { try bench.verify(&torn, slot: 0..<16_384) }
    }
    var flash = try MCUbootBench.flash(bytes)
    try bench.verify(&flash, slot: 0..<UInt32(bytes.count))
  }

  @Test(
    "units of reading and places of the slot do not matter", arguments: [1, 2, 4, 8, 16, 32] as [UInt32],
    [0, 32, 4096, 8192 + 64])
  func units(_ unit: UInt32, _ offset: Int) throws {
    let bytes = try MCUbootVectors.bytes(MCUbootVectors.signedProtected)
    var flash = try MCUbootBench.flash(bytes, at: offset, unit: unit)
    let contents = try bench.verify(&flash, slot: UInt32(offset)..<16_384)
    #expect(contents.securityCounter == 7)
    #expect(contents.bootRecord == UInt32(offset + 101)..<UInt32(offset + 194))
  }

  @Test("only keys that are trusted count")
  func keys() throws {
    let bytes = try MCUbootVectors.bytes(MCUbootVectors.signed)
    let full = try MCUbootVectors.bytes(MCUbootVectors.signedFullKey)
    var keys = MCUbootKeys()
    func verify(_ bytes: [UInt8]) throws {
      var flash = try MCUbootBench.flash(bytes)
      let container = try MCUbootContainer(reading: &flash, in: 0..<16_384)
      let image = try container.verify(
        on: &flash, using: SHA256.self, verifier: SodiumVerifier(), keys: keys)
      #expect(image.keyHash.description == MCUbootVectors.keyHash)
    }
    #expect(throws: MCUbootError.keyNotTrusted) { try verify(bytes) }
    for index in 1..<MCUbootKeys.capacity {
      try keys.add(PublicKey(algorithm: .ed25519, bytes: [UInt8](repeating: UInt8(index), count: 32)))
    }
    #expect(throws: MCUbootError.keyNotTrusted) { try verify(bytes) }
    #expect(throws: MCUbootError.keyNotTrusted) { try verify(full) }
    let key = try MCUbootBench.signer().publicKey
    try keys.add(key)
    try keys.add(key)
    #expect(keys.count == MCUbootKeys.capacity)
    try verify(bytes)
    try verify(full)
    let another = try PublicKey(algorithm: .ed25519, bytes: [UInt8](repeating: 99, count: 32))
    #expect(throws: MCUbootError.tooManyKeys) { try keys.add(another) }
  }
}
