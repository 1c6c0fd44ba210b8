import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTANordicDFU
import OTAPartition

/// What is in a package of Nordic, for machines and people; names and meanings are stable.
struct NordicReport: Encodable {
  struct Image: Encodable {
    var kind: String
    var firmware: String
    var size: Int
    var packet: String
    /// What kind of firmware the init packet says it is; this and what follows is absent for packets of the older form.
    var type: String?
    var firmwareVersion: UInt32?
    var hardwareVersion: UInt32?
    var softDevices: [UInt32]
    var isDebug: Bool?
    /// The SHA-256 of the firmware, which was held against the init packet if that has one.
    var digest: String
    /// What is under the init packet: `ECDSA P-256`, `Ed25519` or `none`.
    var signature: String
    /// Why the firmware could not be held against the init packet.
    var failure: String?
  }

  var format = "nordic-dfu"
  var isLegacy: Bool
  var images: [Image]
  /// Whether all signatures were checked, with the key that was given.
  var isVerified: Bool

  /// - Parameters:
  ///   - package: the package.
  ///   - path: its file, for errors.
  ///   - isVerified: whether its signatures were checked.
  /// - Throws: status ``ExitStatus/refused`` if the firmware is not the one of its init packet, ``ExitStatus/failed`` for an
  ///   init packet that cannot be read.
  init(_ package: NordicPackage, path: String, isVerified: Bool) throws(CommandFailure) {
    isLegacy = package.isLegacy
    self.isVerified = isVerified
    images = []
    for image in package.images {
      do throws(NordicError) {
        images.append(try package.isLegacy ? Image(legacy: image) : Image(image))
      } catch {
        throw nordicFailure(path, .packet(image.kind, error))
      }
    }
  }

  /// The same as lines; names may have anything in them but control characters.
  var lines: [String] {
    var lines = ["format:            DFU package of Nordic\(isLegacy ? ", older form" : "")"]
    for image in images {
      lines.append("image:             \(image.kind), \(visible(image.firmware))")
      lines.append("  size:            \(image.size) bytes")
      lines.append("  init packet:     \(visible(image.packet))")
      if let type = image.type { lines.append("  type:            \(type)") }
      if let version = image.firmwareVersion { lines.append("  version:         \(version)") }
      if let version = image.hardwareVersion { lines.append("  hardware:        \(version)") }
      let devices = image.softDevices.map { "0x" + String($0, radix: 16) }.joined(separator: ", ")
      lines.append("  SoftDevices:     \(devices.isEmpty ? "none" : devices)")
      if image.isDebug == true { lines.append("  debug:           yes") }
      lines.append("  hash:            \(image.digest)")
      if let failure = image.failure { lines.append("  not checked:     \(failure)") }
      lines.append("  signature:       \(image.signature)\(isVerified ? ", good" : "")")
    }
    return lines
  }
}

extension NordicReport.Image {
  fileprivate init(_ image: NordicPackage.Image) throws(NordicError) {
    self.init(kind: image)
    let packet = try NordicInitPacket(parsing: image.packet.span)
    let command = try packet.unverifiedCommand()
    type = command.type.description
    firmwareVersion = command.firmwareVersion
    hardwareVersion = command.hardwareVersion
    softDevices = (0..<command.softDeviceCount).map { command.softDevice($0) }
    isDebug = command.isDebug
    signature =
      switch packet.signatureType {
      case .ecdsaP256SHA256: "ECDSA P-256"
      case .ed25519: "Ed25519"
      case nil: "none"
      }
    do throws(NordicError) {
      try image.requireFirmware(of: command)
    } catch {
      switch error {
      case .hashMissing, .unsupportedHash: failure = error.description
      default: throw error
      }
    }
  }

  fileprivate init(legacy image: NordicPackage.Image) throws(NordicError) {
    self.init(kind: image)
    let packet = try NordicLegacyPacket(parsing: image.packet.span)
    firmwareVersion = packet.applicationVersion
    softDevices = packet.softDevices.map { UInt32($0) }
    if case .signed = packet.integrity { signature = "ECDSA P-256" }
    try packet.requireFirmware(image.firmware)
  }

  private init(kind image: NordicPackage.Image) {
    kind = image.kind.rawValue
    firmware = image.firmwareName
    size = image.firmware.count
    packet = image.packetName
    softDevices = []
    digest = OpenSSLSHA256.digest(of: image.firmware.span).description
    signature = "none"
  }
}

/// What the command line does with packages of Nordic.
enum NordicCommands {
  /// Unpacks a package.
  static func read(_ bytes: [UInt8], path: String) throws(CommandFailure) -> NordicPackage {
    do throws(NordicPackageError) {
      return try NordicPackage(reading: bytes)
    } catch {
      throw nordicFailure(path, error)
    }
  }

  /// Shows a package; no signature is checked.
  static func inspect(
    _ package: NordicPackage, path: String, isJSON: Bool, _ context: CommandContext
  ) throws(CommandFailure) {
    try show(try NordicReport(package, path: path, isVerified: false), isJSON: isJSON, context)
    context.console.note("no signature was checked; use ota image verify")
  }

  /// Shows a package after all of it was checked.
  static func verify(
    _ package: NordicPackage, path: String, keyPath: String, isJSON: Bool, _ context: CommandContext
  ) throws(CommandFailure) {
    let key = try OpenSSLImageKey.publicKey(reading: keyPath)
    let verifier: OpenSSLNordicVerifier
    do throws(CryptoError) {
      verifier = try OpenSSLNordicVerifier(key)
    } catch {
      throw wrongKey(keyPath, error)
    }
    do throws(NordicPackageError) {
      _ = try package.verify(verifier)
    } catch {
      throw nordicFailure(path, error)
    }
    try show(try NordicReport(package, path: path, isVerified: true), isJSON: isJSON, context)
  }

  /// The failure for a key of another kind.
  static func wrongKey(_ path: String, _ error: CryptoError) -> CommandFailure {
    CommandFailure(path, why: "not a key for ECDSA on P-256", remedy: "use such a key", code: error.code)
  }

  private static func show(
    _ report: NordicReport, isJSON: Bool, _ context: CommandContext
  ) throws(CommandFailure) {
    if isJSON {
      try context.console.printJSON(report)
    } else {
      for line in report.lines { try context.console.print(line) }
    }
  }
}

/// What an error of Nordic's packages means to who runs the program.
func nordicFailure(_ path: String, _ error: NordicPackageError) -> CommandFailure {
  let (status, remedy): (ExitStatus, String) =
    switch error {
    case .packet(_, .crypto(.unavailable)): (.unavailable, "check that libcrypto is intact")
    case .packet(_, .malformed), .packet(_, .notInit), .packet(_, .typeMissing), .packet(_, .tooLarge):
      (.failed, "make the package again")
    case .packet(_, .unsupportedSignature), .packet(_, .unsupportedHash):
      (.failed, "see Docs/NordicDFU.md for what is supported")
    case .packet: (.refused, "do not install it unless you know who made it")
    case .notAnArchive, .damagedFile, .manifestMissing, .manifestMalformed, .fileMissing:
      (.failed, "check that the file is complete and a DFU package of Nordic")
    case .tooManyFiles, .fileTooLarge, .unsupportedCompression, .unusableName, .olderForm, .writingFailed:
      (.failed, "see Docs/NordicDFU.md for what a package may be")
    }
  return CommandFailure(path, why: error.description, remedy: remedy, code: error.code, status: status)
}
