import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTAEspressif
import OTAPartition
import Testing

@Suite("Signatures of secure boot v2")
struct EspressifSignatureTests {
  static let kinds: [OpenSSLKeyKind] = [.rsa3072, .p256, .p384]

  @Test("what is signed is verified, with the key in it", arguments: kinds)
  func roundTrip(kind: OpenSSLKeyKind) async throws {
    let key = try OpenSSLPrivateKey.generate(kind)
    let signed = try await RawApplication.signed(RawApplication().bytes, by: key)
    #expect(signed.count == 8192)
    let signer = try RawApplication.verify(signed, trusting: [key.publicKey])
    #expect(signer == (try EspressifPublicKey(key.publicKey)))
    let again = try OpenSSLPublicKey(espressif: signer)
    #expect(try again.subjectPublicKeyInfo() == key.publicKey.subjectPublicKeyInfo())
    let stranger = try OpenSSLPrivateKey.generate(kind)
    #expect(throws: EspressifError.keyNotTrusted) {
      try RawApplication.verify(signed, trusting: [stranger.publicKey])
    }
    #expect(throws: EspressifError.keyNotTrusted) { try RawApplication.verify(signed, trusting: []) }
  }

  @Test("an image without signatures has none, and one of exactly a sector needs no padding")
  func places() async throws {
    let key = try OpenSSLPrivateKey.generate(.p256)
    var application = RawApplication()
    #expect(throws: EspressifError.signatureMissing) {
      try RawApplication.verify(application.bytes, trusting: [key.publicKey])
    }
    let filler = 4096 - application.bytes.count
    application.segments[1].bytes += [UInt8](repeating: 3, count: filler / 16 * 16)
    let size = application.bytes.count
    #expect(size == 4096)
    let signed = try await RawApplication.signed(application.bytes, by: key)
    #expect(signed.count == 8192)
    try RawApplication.verify(signed, trusting: [key.publicKey])
    // Anywhere in flash the sector is aligned to the start of the image.
    var flash = try ByteFlash([UInt8](repeating: 0, count: 100) + signed + [1, 2, 3])
    let container = try EspressifContainer(reading: &flash, in: 100..<flash.geometry.capacity)
    var keys = EspressifKeyDigests()
    try keys.add(try EspressifPublicKey(key.publicKey).digest)
    #expect(container.totalSize == 8192)
    _ = try container.verify(on: &flash, keys: keys)
    // A slot that ends inside the sector has no signatures.
    let short = try EspressifContainer(reading: &flash, in: 100..<100 + 8191)
    #expect(short.signatureSector == nil && short.totalSize == 4096)
  }

  @Test("up to three signatures; a good one is enough, wherever it is")
  func several() async throws {
    let keys = try (0..<4).map { _ in try OpenSSLPrivateKey.generate(.p256) }
    var signed = RawApplication().bytes
    for key in keys.prefix(3) {
      signed = try await RawApplication.signed(signed, by: key, keepsOthers: true)
    }
    for key in keys.prefix(3) { try RawApplication.verify(signed, trusting: [key.publicKey]) }
    let full = signed
    await #expect(throws: EspressifError.tooManySignatures) {
      try await RawApplication.signed(full, by: keys[3], keepsOthers: true)
    }
    // Without the others: the new one alone.
    let alone = try await RawApplication.signed(signed, by: keys[3])
    try RawApplication.verify(alone, trusting: [keys[3].publicKey])
    #expect(throws: EspressifError.keyNotTrusted) {
      try RawApplication.verify(alone, trusting: [keys[0].publicKey])
    }
    // The first two destroyed: the third still counts.
    for index in [4096 + 10, 4096 + 1216] { signed[index] ^= 0xff }
    try RawApplication.verify(signed, trusting: [keys[2].publicKey])
    #expect(throws: EspressifError.keyNotTrusted) {
      try RawApplication.verify(signed, trusting: [keys[0].publicKey])
    }
    let damaged = signed
    await #expect(throws: EspressifError.signatureDamaged) {
      try await RawApplication.signed(damaged, by: keys[3], keepsOthers: true)
    }
  }

  @Test("every byte that is changed is refused, but for those that mean nothing", arguments: kinds)
  func changedBytes(kind: OpenSSLKeyKind) async throws {
    let key = try OpenSSLPrivateKey.generate(kind)
    let signed = try await RawApplication.signed(RawApplication().bytes, by: key)
    // Bits of the image, of the padding that is signed, and of the block; behind its checksum nothing is read.
    let image = Array(stride(from: 0, to: 8 * 400, by: 11)) + Array(stride(from: 3200, to: 8 * 4096, by: 301))
    let block = stride(from: 8 * 4096, to: 8 * (4096 + 1200), by: 31)
    for bit in image + block {
      var changed = signed
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(throws: EspressifError.self, "\(bit)") {
        try RawApplication.verify(changed, trusting: [key.publicKey])
      }
    }
    var changed = signed
    for place in 4096 + 1200..<8192 { changed[place] = 0x11 }
    try RawApplication.verify(changed, trusting: [key.publicKey])
    for count in stride(from: 1, to: signed.count, by: 97) {
      #expect(throws: EspressifError.self) {
        try RawApplication.verify(Array(signed.prefix(count)), trusting: [key.publicKey])
      }
    }
  }

  @Test("changes with the checksum made right again are refused for what they are", arguments: kinds)
  func forged(kind: OpenSSLKeyKind) async throws {
    let key = try OpenSSLPrivateKey.generate(kind)
    let signed = try await RawApplication.signed(RawApplication().bytes, by: key)
    func error(changing places: Range<Int>, to value: UInt8? = nil) throws -> EspressifError? {
      var changed = signed
      for place in places { changed[4096 + place] = value ?? changed[4096 + place] ^ 0x40 }
      let checksum = CRC32.checksum(of: changed.span.extracting(4096..<4096 + 1196))
      changed.replaceSubrange(4096 + 1196..<4096 + 1200, with: RawApplication.word(checksum))
      do {
        try RawApplication.verify(changed, trusting: [key.publicKey])
        return nil
      } catch { return error as? EspressifError }
    }
    let digestSize = kind == .p384 ? 48 : 32
    let keyEnd = 4 + digestSize + (kind == .rsa3072 ? 776 : kind == .p384 ? 97 : 65)
    let signatureSize = kind == .rsa3072 ? 384 : kind == .p384 ? 96 : 64
    #expect(try error(changing: 1..<2, to: 1) == .signatureDamaged)
    #expect(try error(changing: 4..<5) == .signedDigestMismatch)
    #expect(try error(changing: 4 + digestSize + 1..<4 + digestSize + 2) == .keyNotTrusted)
    #expect(try error(changing: keyEnd - 1..<keyEnd) == .keyNotTrusted)
    #expect(try error(changing: keyEnd..<keyEnd + 1) == .crypto(.authenticationFailed))
    let whole = keyEnd..<keyEnd + signatureSize
    #expect(try error(changing: whole, to: 0) == .crypto(.authenticationFailed))
    #expect(try error(changing: whole, to: 0xff) == .crypto(.authenticationFailed))
    if kind != .rsa3072 {
      #expect(try error(changing: 2..<3, to: 2) == .signatureDamaged)
      #expect(try error(changing: 4 + digestSize..<5 + digestSize, to: 1) == .unsupportedCurve(1))
    }
    #expect(try error(changing: keyEnd + signatureSize..<1196, to: 0x77) == nil)
  }

  @Test("a signature of another image is refused, also when its key is trusted")
  func transplanted() async throws {
    let key = try OpenSSLPrivateKey.generate(.p256)
    let signed = try await RawApplication.signed(RawApplication().bytes, by: key)
    var other = RawApplication()
    other.segments[1].bytes[0] ^= 1
    let foreign = try await RawApplication.signed(other.bytes, by: key)
    let mixed = Array(foreign.prefix(4096)) + signed.suffix(4096)
    #expect(throws: EspressifError.signedDigestMismatch) {
      try RawApplication.verify(mixed, trusting: [key.publicKey])
    }
    await #expect(throws: EspressifError.signedDigestMismatch) {
      try await RawApplication.signed(mixed, by: key, keepsOthers: true)
    }
  }

  @Test("only SHA-256 names keys, and a set has three places")
  func digests() throws {
    var keys = EspressifKeyDigests()
    #expect(throws: EspressifError.unsupportedHash(.sha512)) {
      try keys.add(SHA512.digest(of: [1].span))
    }
    for value in [1, 2, 1, 3, 2] as [UInt8] { try keys.add(SHA256.digest(of: [value].span)) }
    #expect(keys.count == 3)
    #expect(throws: EspressifError.tooManyKeys) { try keys.add(SHA256.digest(of: [4].span)) }
    for kind in [OpenSSLKeyKind.rsa2048, .x25519] {
      let key = try OpenSSLPrivateKey.generate(kind)
      #expect(throws: CryptoError.unsupportedAlgorithm) { try OpenSSLEspressifSigner(key) }
    }
  }

  @Test("flash that reads otherwise the second time: what comes out is what was signed")
  func turncoat() async throws {
    let key = try OpenSSLPrivateKey.generate(.p256)
    let signed = try await RawApplication.signed(RawApplication().bytes, by: key)
    var forged = signed
    // The security version, the version, the entry point, and the first byte of the second segment.
    for place in [36, 49, 5, 24 + 8 + 296 + 8] { forged[place] ^= 0x21 }
    var accepted = 0
    for (before, after) in [(signed, forged), (forged, signed)] {
      for reads in 0..<60 {
        var flash = try ByteFlash(before)
        flash.later = (reads, after)
        guard let image = try? RawApplication.verify(&flash, trusting: [key.publicKey]) else { continue }
        accepted += 1
        #expect(image.contents.description?.secureVersion == 4)
        #expect(image.contents.description?.version.description == "v1.2.3")
      }
    }
    #expect(accepted > 0 && accepted < 120)
  }
}
