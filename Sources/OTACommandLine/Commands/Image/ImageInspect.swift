import OTACore
import OTACryptoOpenSSL
import OTAPartition

/// `ota image inspect`: what is in an image.
struct ImageInspect: Command {
  static let name = "image inspect"
  static let abstract = "show what is in an image"
  static let usage = """
    usage: ota image inspect IMAGE [--decrypt DEVICE.pem] [--json]

    Shows what IMAGE is. Of an image of MCUboot it shows header, TLVs and what they say, and checks the hash, but
    not the signature: anybody may have made it. What an encrypted one says is shown with the key of the devices
    that it is for, or if its firmware is not encrypted yet. An application of ESP-IDF is shown as far as its
    header goes, a DFU package of Nordic is only named. IMAGE may be '-' for standard input.

      --decrypt FILE  the private key of the devices that the image is encrypted for
      --json          the result as JSON
    """
  static let example = ["app.signed.bin"]

  private struct EspressifReport: Encodable {
    var format = "esp-idf"
    var segmentCount: UInt8
    var chipID: UInt16
    var chip: String?
    var hasDigest: Bool
    var version: String?
    var projectName: String?
  }

  private struct ArchiveReport: Encodable {
    var format: String
  }

  private let path: String
  private let decryptionPath: String?
  private let isJSON: Bool

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    decryptionPath = try arguments.option("--decrypt")
    path = try arguments.positional("IMAGE")
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let file = try ImageFile(reading: path)
    switch file {
    case .mcuboot(let container, let flash): try show(container, flash, context)
    case .espressif(let header): try show(header, context)
    case .nordicPackage, .zipArchive:
      if isJSON {
        let isPackage = if case .nordicPackage = file { true } else { false }
        try context.console.printJSON(ArchiveReport(format: isPackage ? "nordic-dfu" : "zip"))
      } else {
        try context.console.print("format:            \(file.name)")
      }
    }
    return .done
  }

  private func show(
    _ container: MCUbootContainer, _ image: ImageBytes, _ context: CommandContext
  ) throws(CommandFailure) {
    var flash = image
    var contents: MCUbootContents?
    var storage: ImageStorage = container.header.flags.isEncrypted ? .clear : .plain
    if let decryptionPath { storage = .encrypted(try ImageKey.decryptionKey(reading: decryptionPath)) }
    let report: ImageReport
    do throws(MCUbootError) {
      do throws(MCUbootError) {
        contents = try container.check(on: &flash, storage, by: nil)
      } catch {
        switch error {
        case .digestMismatch where container.header.flags.isEncrypted && decryptionPath == nil:
          context.console.note("the hash was not checked: \(MCUbootError.encrypted.description)")
        case .encrypted, .compressed, .unknownFlags, .unsupportedHash, .unsupportedSignature, .pureSignature,
          .contentKeyMissing, .hashMissing, .tooManyDependencies:
          context.console.note("the hash was not checked: \(error.description)")
        default: throw error
        }
      }
      report = try ImageReport(container, on: &flash, contents: contents)
    } catch {
      throw imageFailure(path, error)
    }
    if isJSON {
      try context.console.printJSON(report)
    } else {
      for line in report.lines { try context.console.print(line) }
    }
    if contents != nil { context.console.note("the signature was not checked; use ota image verify") }
  }

  private func show(_ header: EspressifImageHeader, _ context: CommandContext) throws(CommandFailure) {
    if isJSON {
      try context.console.printJSON(
        EspressifReport(
          segmentCount: header.segmentCount, chipID: header.chipID, chip: header.chipName,
          hasDigest: header.hasDigest, version: header.version, projectName: header.projectName))
      return
    }
    let number = "0x" + String(header.chipID, radix: 16)
    try context.console.print("format:            application of ESP-IDF")
    if let projectName = header.projectName {
      try context.console.print("project:           \(visible(projectName))")
    }
    if let version = header.version { try context.console.print("version:           \(visible(version))") }
    try context.console.print("chip:              \(header.chipName.map { "\($0) (\(number))" } ?? number)")
    try context.console.print("segments:          \(header.segmentCount)")
    try context.console.print("appended SHA-256:  \(header.hasDigest ? "yes" : "no")")
  }
}
