import Foundation
import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTANordicDFU
import OTAPartition
import Testing

@Suite(
  "Packages of Nordic and the nrfutil of this machine",
  .enabled(if: nrfutil != nil, "nrfutil 6 is not installed; name one in OTA_NRFUTIL"))
struct NrfutilTests {
  private let folder: NordicToolFolder
  private let key: OpenSSLPrivateKey
  /// Of whole words, since nrfutil fills the last one.
  private let firmware = (0..<9_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

  init() throws {
    folder = try NordicToolFolder()
    key = try OpenSSLPrivateKey.generate(.p256)
    var octets: [UInt8] = []
    key.withPrivateKeyInfo { bytes in
      for index in 0..<bytes.count { octets.append(bytes[index]) }
    }
    let text = try [UInt8](capacity: 1024) { writer throws(ParseError) in
      try PEM.encode(octets.span, label: PEM.privateKeyLabel, into: &writer)
    }
    try folder.write(text, to: "key.pem")
    try folder.write(firmware, to: "app.bin")
  }

  private func generate(_ options: [String]) throws -> NordicPackage {
    let common = ["--hw-version", "52", "--sd-req", "0xB6,0x100", "--application-version", "3"]
    let arguments = ["pkg", "generate"] + common + ["--application", "app.bin"] + options
    try #require(try folder.run(nrfutil, arguments + ["out.zip"]).status == 0)
    return try NordicPackage(reading: folder.read("out.zip"))
  }

  @Test("what it signs is verified here")
  func reading() throws {
    let package = try generate(["--key-file", "key.pem"])
    #expect(package.images.count == 1 && package.images[0].firmware == firmware && !package.isLegacy)
    let commands = try package.verify(OpenSSLNordicVerifier(key.publicKey))
    try commands[0].require(hardwareVersion: 52, softDevice: 0x100, minimumVersion: 3)
    #expect(commands[0].validation(0).type == .generatedCRC && commands[0].isDebug == false)
    let stranger = try OpenSSLPrivateKey.generate(.p256)
    #expect(throws: NordicPackageError.packet(.application, .crypto(.authenticationFailed))) {
      try package.verify(OpenSSLNordicVerifier(stranger.publicKey))
    }
    let unsigned = try generate([])
    #expect(throws: NordicPackageError.packet(.application, .signatureMissing)) {
      try unsigned.verify(OpenSSLNordicVerifier(key.publicKey))
    }
  }

  @Test("the command of each of its packages is written the same here, byte for byte")
  func sameBytes() throws {
    for options in [
      [], ["--debug-mode"], ["--external-app"], ["--app-boot-validation", "NO_VALIDATION"],
      ["--app-boot-validation", "VALIDATE_ECDSA_P256_SHA256", "--key-file", "key.pem"],
    ] {
      let package = try generate(options)
      let bytes = package.images[0].packet
      let packet = try NordicInitPacket(parsing: bytes.span)
      let command = try packet.unverifiedCommand()
      let written = command.serialized
      #expect((0..<packet.commandBytes.count).map { packet.commandBytes[$0] } == written, "\(options)")
      if packet.signature == nil { #expect(NordicInitPacket.unsigned(command) == bytes) }
    }
  }

  @Test("it shows what is packed here as it was meant")
  func writing() async throws {
    var command = try NordicInitPacketTests.command(of: firmware)
    command.firmwareVersion = 77
    let packet = try await NordicInitPacket.signed(command, by: OpenSSLNordicSigner(key))
    let image = NordicPackage.Image(
      kind: .application, firmwareName: "a.bin", firmware: firmware, packetName: "a.dat", packet: packet)
    try folder.write(try NordicPackage(images: [image]).serialized(), to: "ours.zip")
    let shown = try folder.run(nrfutil, ["pkg", "display", "ours.zip"])
    #expect(shown.status == 0)
    for line in [
      "Type: application", "Image file: a.bin", "Init packet file: a.dat", "op_code: INIT",
      "signature_type: ECDSA_P256_SHA256", "fw_version: 0x0000004D (77)", "hw_version 0x00000034 (52)",
      "sd_req: 0xB6, 0x100", "type: APPLICATION", "app_size: 9000", "hash_type: SHA256",
      "boot_validation_type: ['VALIDATE_GENERATED_CRC']", "is_debug: False",
    ] { #expect(shown.output.contains(line), "\(line)") }
  }
}
