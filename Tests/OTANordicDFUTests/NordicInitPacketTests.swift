import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTAFlashSimulator
import OTANordicDFU
import OTAPartition
import Testing

@Suite("Init packets of Nordic")
struct NordicInitPacketTests {
  static func command(of firmware: [UInt8] = [1, 2, 3]) throws -> NordicInitCommand {
    var command = NordicInitCommand(.application)
    command.firmwareVersion = 3
    command.hardwareVersion = 52
    try command.addSoftDevice(0xb6)
    try command.addSoftDevice(0x100)
    command.softDeviceSize = 0
    command.bootLoaderSize = 0
    command.applicationSize = UInt32(firmware.count)
    command.hash = NordicHash(OpenSSLSHA256.digest(of: firmware.span))
    command.isDebug = false
    try command.addValidation(NordicValidation(type: .generatedCRC, bytes: NordicBytes()))
    return command
  }

  static func hexadecimal(_ text: String) -> [UInt8] {
    var digits = text.filter { !$0.isWhitespace }[...]
    var bytes: [UInt8] = []
    while let byte = UInt8(digits.prefix(2), radix: 16), digits.count >= 2 {
      bytes.append(byte)
      digits = digits.dropFirst(2)
    }
    return bytes
  }

  private func failure(_ text: String) -> NordicError? {
    let bytes = Self.hexadecimal(text)
    do throws(NordicError) {
      _ = try NordicInitPacket(parsing: bytes.span).unverifiedCommand()
      return nil
    } catch { return error }
  }

  @Test("the least command, byte by byte")
  func bytes() throws {
    var command = NordicInitCommand(.bootLoader)
    command.bootLoaderSize = 300
    #expect(command.serialized == Self.hexadecimal("20 02 30 ac02"))
    let packet = NordicInitPacket.unsigned(command)
    #expect(packet == Self.hexadecimal("0a 09 08 01 12 05 2002 30ac02"))
    let read = try NordicInitPacket(parsing: packet.span)
    #expect(read.signatureType == nil && read.signature == nil)
    #expect(try read.unverifiedCommand() == command)
    #expect(command.firmwareSize == 300 && command.softDeviceCount == 0)
  }

  @Test("what is signed is verified, and says what was written; hash and signature stand there in reverse")
  func roundTrip() async throws {
    let key = try OpenSSLPrivateKey.generate(.p256)
    let command = try Self.command()
    let bytes = try await NordicInitPacket.signed(command, by: OpenSSLNordicSigner(key))
    let packet = try NordicInitPacket(parsing: bytes.span)
    #expect(packet.signatureType == .ecdsaP256SHA256)
    let verified = try packet.verify(OpenSSLNordicVerifier(key.publicKey))
    #expect(verified.command == command)
    let hash = try #require(command.hash)
    #expect(hash.bytes.span[0] == OpenSSLSHA256.digest(of: [1, 2, 3].span).bytes[31])
    let signature = try #require(packet.signature)
    let turned = (0..<64).map { signature.span[$0 < 32 ? 31 - $0 : 95 - $0] }
    try key.publicKey.verify(
      signature: turned.span, of: command.serialized.span, scheme: .ecdsaP256SHA256Fixed)
    let stranger = try OpenSSLPrivateKey.generate(.p256)
    let plain = NordicInitPacket.unsigned(command)
    let unsigned = try NordicInitPacket(parsing: plain.span)
    #expect(throws: NordicError.crypto(.authenticationFailed)) {
      _ = try packet.verify(OpenSSLNordicVerifier(stranger.publicKey))
    }
    #expect(throws: NordicError.signatureMissing) {
      _ = try unsigned.verify(OpenSSLNordicVerifier(key.publicKey))
    }
  }

  @Test("every flipped bit and every end that comes too early is refused")
  func damaged() async throws {
    let key = try OpenSSLPrivateKey.generate(.p256)
    let bytes = try await NordicInitPacket.signed(Self.command(), by: OpenSSLNordicSigner(key))
    let verifier = try OpenSSLNordicVerifier(key.publicKey)
    for bit in 0..<8 * bytes.count {
      var changed = bytes
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(throws: NordicError.self, "\(bit)") {
        let packet = try NordicInitPacket(parsing: changed.span)
        _ = try packet.verify(verifier)
      }
    }
    for count in 0..<bytes.count {
      let short = Array(bytes.prefix(count))
      #expect(throws: NordicError.self, "\(count)") { _ = try NordicInitPacket(parsing: short.span) }
    }
    let longer = bytes + [0]
    #expect(throws: NordicError.self) { _ = try NordicInitPacket(parsing: longer.span) }
  }

  @Test(
    "every form but the one is refused",
    arguments: [
      ("", ParseError.Kind.truncated), ("0a07 0801 1203 200030", .truncated),
      // A field twice, in the wrong order, unknown, of the wrong form, with a long number.
      ("0a08 0801 1204 2000 2000", .notCanonical), ("0a08 0801 1204 2000 0801", .notCanonical),
      ("0a06 1202 2000 0801", .notCanonical), ("0a08 0801 1204 2000 5801", .unsupported),
      ("0a07 0801 1203 2080 00", .notCanonical), ("0a06 0801 1202 2005", .unsupported),
      ("0a07 0801 1203 2200 00", .invalidValue), ("0a08 0801 1204 2000 4802", .invalidValue),
      ("0a0b 0801 1207 ffffffff ffff01", .invalidValue), ("0a0c 0801 1208 2000 28 ffffffff1f", .invalidValue),
      ("0a09 0801 1205 2000 3a00 00", .invalidValue), ("1a00", .unsupported),
      ("0a06 0801 1202 2000 00", .trailingBytes),
      ("0800", .invalidValue), ("0a06 0801 1202 2000 1200", .trailingBytes),
      // Lengths behind the end, and over the limits.
      ("0a04 0801", .truncated), ("0a7f 0801", .limitExceeded), ("0aff7f 0801", .limitExceeded),
      ("0a ffffffff0f", .limitExceeded),
      // A hash without a function, a hash too long, a signature that is missing.
      ("0a0a 0801 1206 2000 4202 1200", .truncated), ("0a09 0801 1205 2000 42 40 00", .limitExceeded),
      ("1208 0a06 0801 1202 2000", .truncated), ("120a 0a06 0801 1202 2000 1000", .truncated),
      ("120c 0a06 0801 1202 2000 1002 1a00", .unsupported),
    ])
  func strict(text: String, kind: ParseError.Kind) throws {
    guard case .malformed(let error) = failure(text) else {
      Issue.record("not malformed: \(String(describing: failure(text)))")
      return
    }
    #expect(error.kind == kind, "\(error)")
  }

  @Test("other commands, and packets that lack what they must have, are refused by name")
  func others() throws {
    #expect(failure("0a06 0800 1a02 0801") == .notInit)
    #expect(failure("0a02 0801") == .notInit)
    #expect(failure("0a04 1202 2000") == .notInit)
    #expect(failure("0a06 0801 1202 0801") == .typeMissing)
    #expect(failure("0a04 0801 1200") == .typeMissing)
    // Signed with Ed25519: read, and not verified.
    let bytes = Self.hexadecimal("120e 0a06 0801 1202 2000 1001 1a02 0000")
    let packet = try NordicInitPacket(parsing: bytes.span)
    let verifier = try OpenSSLNordicVerifier(OpenSSLPrivateKey.generate(.p256).publicKey)
    #expect(packet.signatureType == .ed25519)
    #expect(throws: NordicError.unsupportedSignature) { _ = try packet.verify(verifier) }
    let short = Self.hexadecimal("120e 0a06 0801 1202 2000 1000 1a02 0000")
    let other = try NordicInitPacket(parsing: short.span)
    #expect(throws: NordicError.crypto(.authenticationFailed)) { _ = try other.verify(verifier) }
    let wrong = try OpenSSLPrivateKey.generate(.p384)
    #expect(throws: CryptoError.unsupportedAlgorithm) { try OpenSSLNordicVerifier(wrong.publicKey) }
    #expect(throws: CryptoError.unsupportedAlgorithm) { try OpenSSLNordicSigner(wrong) }
  }

  @Test("no more SoftDevices and validations than a boot loader takes")
  func limits() throws {
    var command = try Self.command()
    for identifier in 2..<16 as Range<UInt32> { try command.addSoftDevice(identifier) }
    #expect(throws: NordicError.tooLarge) { try command.addSoftDevice(1) }
    let validation = command.validation(0)
    for _ in 0..<2 { try command.addValidation(validation) }
    #expect(throws: NordicError.tooLarge) { try command.addValidation(validation) }
    let packet = NordicInitPacket.unsigned(command)
    #expect(try NordicInitPacket(parsing: packet.span).unverifiedCommand() == command)
    #expect(failure("0a17 0801 1213 1a11" + String(repeating: "01", count: 17)) != nil)
    let list = String(repeating: "01", count: 17)
    guard case .malformed(let found) = failure("0a19 0801 1215 1a11 \(list) 2000") else {
      Issue.record("17 SoftDevices")
      return
    }
    #expect(found.kind == .limitExceeded)
    let huge = [UInt8](repeating: 0, count: 513)
    #expect(throws: NordicError.malformed(ParseError(.limitExceeded, at: 0))) {
      _ = try NordicInitPacket(parsing: huge.span)
    }
  }

  @Test("firmware, hardware, SoftDevice and version are held against the command")
  func requirements() throws {
    let command = try Self.command()
    let right = OpenSSLSHA256.digest(of: [1, 2, 3].span)
    try command.requireFirmware(size: 3, digest: right)
    #expect(throws: NordicError.sizeMismatch) { try command.requireFirmware(size: 4, digest: right) }
    #expect(throws: NordicError.digestMismatch) {
      try command.requireFirmware(size: 3, digest: OpenSSLSHA256.digest(of: [1, 2, 4].span))
    }
    try command.require(hardwareVersion: 52, softDevice: 0xb6, minimumVersion: 3)
    #expect(throws: NordicError.wrongHardware) {
      try command.require(hardwareVersion: 51, softDevice: 0xb6, minimumVersion: 3)
    }
    for device in [0xb7, nil] as [UInt32?] {
      #expect(throws: NordicError.wrongSoftDevice) {
        try command.require(hardwareVersion: 52, softDevice: device, minimumVersion: 3)
      }
    }
    #expect(throws: NordicError.versionTooLow) {
      try command.require(hardwareVersion: 52, softDevice: 0xb6, minimumVersion: 4)
    }
    var any = NordicInitCommand(.softDeviceAndBootLoader)
    #expect(throws: NordicError.sizeMismatch) { try any.requireFirmware(size: 0, digest: right) }
    any.softDeviceSize = 1
    any.bootLoaderSize = 2
    #expect(throws: NordicError.hashMissing) { try any.requireFirmware(size: 3, digest: right) }
    any.hash = NordicHash(type: .sha128, bytes: try #require(command.hash).bytes)
    #expect(throws: NordicError.unsupportedHash) { try any.requireFirmware(size: 3, digest: right) }
    any.bootLoaderSize = .max
    #expect(any.firmwareSize == nil)
    any.hardwareVersion = 1
    #expect(throws: NordicError.versionTooLow) {
      try any.require(hardwareVersion: 1, softDevice: nil, minimumVersion: 0)
    }
    try any.addSoftDevice(NordicInitCommand.anySoftDevice)
    any.firmwareVersion = 9
    for device in [7, nil] as [UInt32?] {
      try any.require(hardwareVersion: 1, softDevice: device, minimumVersion: 9)
    }
  }

  @Test("noise is refused or read, and what is read is written the same")
  func noise() throws {
    var random = SplitMix64(seed: TestSeed.value)
    print("seed \(TestSeed.value)")
    let original = NordicInitPacket.unsigned(try Self.command())
    var accepted = 0
    for _ in 0..<20_000 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
          in: .min ... .max, using: &random)
      }
      guard let packet = try? NordicInitPacket(parsing: bytes.span),
        let command = try? packet.unverifiedCommand(), packet.signature == nil
      else { continue }
      accepted += 1
      #expect(NordicInitPacket.unsigned(command) == bytes, "seed \(TestSeed.value)")
    }
    #expect(accepted > 0)
  }
}
