import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTANordicDFU
import OTAPartition

/// `ota image pack-nordic`: a package for Nordic's DFU.
struct NordicPack: Command {
  static let name = "image pack-nordic"
  static let abstract = "make a signed DFU package for Nordic's boot loader"
  static let usage = """
    usage: ota image pack-nordic FIRMWARE --key KEY.pem --out PACKAGE.zip --version N --hardware N
             [--softdevices LIST] [--debug] [--json]

    Makes a package with an application and its signed init packet for the boot loader of the nRF5 SDK. FIRMWARE
    is a binary file; it may be '-' for standard input.

      --key FILE          the private key, on P-256
      --out FILE          where the package goes
      --version N         the version of the application; the boot loader refuses lower ones than it has
      --hardware N        the version of the hardware that it is for
      --softdevices LIST  the firmware identifiers of the SoftDevices that it works with, such as 0xb6,0x100
                          (0xfffe, which is any)
      --debug             let boot loaders for development pass over versions
      --json              the result as JSON
    """
  static let example = [
    "app.bin", "--key", "release.pem", "--out", "app.zip", "--version", "3", "--hardware", "52",
  ]

  private struct Result: Encodable {
    var package: String
    var size: Int
    var firmwareSize: Int
    var digest: String
  }

  private let path: String
  private let keyPath: String
  private let outputPath: String
  private let command: NordicInitCommand
  private let isJSON: Bool

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    keyPath = try arguments.requiredOption("--key")
    outputPath = try arguments.requiredOption("--out")
    var command = NordicInitCommand(.application)
    guard let version = try arguments.number("--version", in: 0...UInt32.max) else {
      throw .missingOption("--version")
    }
    guard let hardware = try arguments.number("--hardware", in: 0...UInt32.max) else {
      throw .missingOption("--hardware")
    }
    command.firmwareVersion = version
    command.hardwareVersion = hardware
    command.isDebug = try arguments.flag("--debug")
    let list = try arguments.option("--softdevices") ?? "0xfffe"
    for part in list.split(separator: ",", omittingEmptySubsequences: false) {
      let number = part.hasPrefix("0x") ? UInt32(part.dropFirst(2), radix: 16) : UInt32(part)
      guard let number, (try? command.addSoftDevice(number)) != nil else {
        throw .invalidValue(
          name: "--softdevices", value: list,
          expected: "up to \(NordicInitCommand.maximumSoftDeviceCount) numbers such as 0xb6,0x100")
      }
    }
    self.command = command
    path = try arguments.positional("FIRMWARE")
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let key = try OpenSSLImageKey.privateKey(reading: keyPath)
    let limit = Limits().package.fileSize
    let firmware = try InputFile.read(path, limit: limit)
    guard !firmware.isEmpty, let size = UInt32(exactly: firmware.count) else {
      throw CommandFailure(
        path, why: "the file is empty", remedy: "check that it is the right file", code: .truncated)
    }
    let signer: OpenSSLNordicSigner
    do throws(CryptoError) {
      signer = try OpenSSLNordicSigner(key)
    } catch {
      throw NordicCommands.wrongKey(keyPath, error)
    }
    let digest = OpenSSLSHA256.digest(of: firmware.span)
    var command = command
    command.softDeviceSize = 0
    command.bootLoaderSize = 0
    command.applicationSize = size
    command.hash = NordicHash(digest)
    let bytes: [UInt8]
    do throws(NordicPackageError) {
      bytes = try await Self.package(firmware, command, signer)
    } catch {
      throw nordicFailure(path, error)
    }
    try OutputFile.write(bytes.span, to: outputPath)
    let result = Result(
      package: outputPath, size: bytes.count, firmwareSize: firmware.count, digest: digest.description)
    if isJSON {
      try context.console.printJSON(result)
    } else {
      try context.console.print("package:   \(result.package)")
      try context.console.print("size:      \(result.size) bytes")
      try context.console.print("firmware:  \(result.firmwareSize) bytes")
      try context.console.print("hash:      \(result.digest)")
    }
    return .done
  }

  private static func package(
    _ firmware: [UInt8], _ command: NordicInitCommand, _ signer: OpenSSLNordicSigner
  ) async throws(NordicPackageError) -> [UInt8] {
    var command = command
    let packet: [UInt8]
    do throws(NordicError) {
      try command.addValidation(NordicValidation(type: .generatedCRC, bytes: NordicBytes()))
      packet = try await NordicInitPacket.signed(command, by: signer)
    } catch {
      throw .packet(.application, error)
    }
    let image = NordicPackage.Image(
      kind: .application, firmwareName: "application.bin", firmware: firmware,
      packetName: "application.dat", packet: packet)
    return try NordicPackage(images: [image]).serialized()
  }
}
