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
    that it is for, or if its firmware is not encrypted yet. Of an application of ESP-IDF it shows segments,
    description and signatures, and checks the checksum, and the SHA-256 if there is one. Of a DFU package of
    Nordic it shows the init packets, and holds length and hash of the firmware against them. IMAGE may be '-'
    for standard input.

      --decrypt FILE  the private key of the devices that the image is encrypted for
      --json          the result as JSON
    """
  static let example = ["app.signed.bin"]

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
    case .espressif(let container, let flash):
      try container.inspect(in: flash, path: path, isJSON: isJSON, context)
    case .nordicPackage(let package):
      try NordicCommands.inspect(package, path: path, isJSON: isJSON, context)
    case .zipArchive:
      if isJSON {
        try context.console.printJSON(ArchiveReport(format: "zip"))
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
}
