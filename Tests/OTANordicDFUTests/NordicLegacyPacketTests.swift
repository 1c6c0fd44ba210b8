import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTANordicDFU
import OTAPartition
import Testing

@Suite("Older init packets of Nordic")
struct NordicLegacyPacketTests {
  private static let head: [UInt8] = [0x52, 0, 0xff, 0xff, 3, 0, 0, 0, 2, 0, 0xb6, 0, 0xfe, 0xff]
  /// Its CRC-16 is the check value of the function.
  private static let firmware = Array("123456789".utf8)

  private func check(_ packet: [UInt8], _ firmware: [UInt8] = firmware) throws {
    try NordicLegacyPacket(parsing: packet.span).requireFirmware(firmware)
  }

  @Test("a checksum, with and without a number before it")
  func checksum() throws {
    let first = Self.head + [0xb1, 0x29]
    let packet = try NordicLegacyPacket(parsing: first.span)
    #expect(packet.deviceType == 0x52 && packet.deviceRevision == 0xffff && packet.applicationVersion == 3)
    #expect(packet.softDevices == [0xb6, 0xfffe] && packet.integrity == .checksum(0x29b1))
    for bytes in [first, Self.head + [0, 0, 0, 0, 0xb1, 0x29]] {
      try check(bytes)
      #expect(throws: NordicError.digestMismatch) { try check(bytes, Self.firmware + [0]) }
      let verifier = try OpenSSLNordicVerifier(OpenSSLPrivateKey.generate(.p256).publicKey)
      #expect(throws: NordicError.signatureMissing) {
        try NordicLegacyPacket(parsing: bytes.span).verify(Self.firmware, by: verifier)
      }
    }
  }

  @Test("length and SHA-256, with and without a signature")
  func signed() throws {
    let key = try OpenSSLPrivateKey.generate(.p256)
    let verifier = try OpenSSLNordicVerifier(key.publicKey)
    let digest = OpenSSLSHA256.digest(of: Self.firmware.span)
    let rest: [UInt8] = [9, 0, 0, 0] + (0..<32).map { digest.bytes[$0] }
    let plain = Self.head + [1, 0, 0, 0] + rest
    try check(plain)
    #expect(throws: NordicError.sizeMismatch) { try check(plain, Self.firmware + [0]) }
    #expect(throws: NordicError.digestMismatch) { try check(plain, Array(Self.firmware.reversed())) }
    let message = Self.head + [2, 0, 0, 0] + rest
    let bytes = message + (try key.signature(for: message.span, scheme: .ecdsaP256SHA256Fixed))
    try NordicLegacyPacket(parsing: bytes.span).verify(Self.firmware, by: verifier)
    for bit in 0..<8 * bytes.count {
      var changed = bytes
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(throws: NordicError.self, "\(bit)") {
        try NordicLegacyPacket(parsing: changed.span).verify(Self.firmware, by: verifier)
      }
    }
    for count in 0..<bytes.count {
      let short = Array(bytes.prefix(count))
      #expect(throws: NordicError.self, "\(count)") {
        try NordicLegacyPacket(parsing: short.span).verify(Self.firmware, by: verifier)
      }
    }
    let longer = bytes + [0]
    #expect(throws: NordicError.self) { _ = try NordicLegacyPacket(parsing: longer.span) }
  }

  @Test(
    "what adafruit-nrfutil packs is read, and its firmware is whole",
    .enabled(
      if: adafruit != nil, "adafruit-nrfutil is not installed; name one in OTA_ADAFRUIT_NRFUTIL"),
    arguments: ["0.5", "0.6"])
  func adafruitPackages(version: String) throws {
    let folder = try NordicToolFolder()
    let firmware = (0..<5_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }
    try folder.write(firmware, to: "app.bin")
    let options = ["--dev-type", "0x52", "--dfu-ver", version, "--application", "app.bin"]
    try #require(try folder.run(adafruit, ["dfu", "genpkg"] + options + ["out.zip"]).status == 0)
    let package = try NordicPackage(reading: folder.read("out.zip"))
    #expect(package.isLegacy && package.images.count == 1 && package.images[0].firmware == firmware)
    let bytes = package.images[0].packet
    let packet = try NordicLegacyPacket(parsing: bytes.span)
    #expect(packet.deviceType == 0x52 && packet.softDevices == [0xfffe])
    try packet.requireFirmware(firmware)
    let verifier = try OpenSSLNordicVerifier(OpenSSLPrivateKey.generate(.p256).publicKey)
    #expect(throws: NordicPackageError.packet(.application, .signatureMissing)) {
      try package.verify(verifier)
    }
    #expect(throws: NordicPackageError.olderForm) { try package.serialized() }
  }
}
