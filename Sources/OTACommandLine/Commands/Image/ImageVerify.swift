import OTACore
import OTAPartition

/// `ota image verify`: who signed an image.
struct ImageVerify: Command {
  static let name = "image verify"
  static let abstract = "check hash and signature of an image"
  static let usage = """
    usage: ota image verify IMAGE --key KEY.pem [--decrypt DEVICE.pem | --clear] [--json]

    Checks hash and signature of IMAGE, and shows what is in it: an image of MCUboot with a key of any kind, an
    application of ESP-IDF with one of RSA-3072, P-256 or P-384, or a DFU package of Nordic with one of P-256. If
    one of them is wrong, missing or of another key, the exit code is 2. IMAGE may be '-' for standard input.

      --key FILE      the key that must have signed it, the public or the private part: Ed25519, P-256, P-384,
                      RSA-2048 or RSA-3072
      --decrypt FILE  the private key of the devices that the image is encrypted for
      --clear         the image is one to be encrypted, and its firmware is not
      --json          the result as JSON
    """
  static let example = ["app.signed.bin", "--key", "release.pub.pem"]

  private let path: String
  private let keyPath: String
  private let decryptionPath: String?
  private let isClear: Bool
  private let isJSON: Bool

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    isClear = try arguments.flag("--clear")
    keyPath = try arguments.requiredOption("--key")
    decryptionPath = try arguments.option("--decrypt")
    if let decryptionPath, isClear {
      throw .invalidValue(
        name: "--decrypt", value: decryptionPath, expected: "not given together with --clear")
    }
    path = try arguments.positional("IMAGE")
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let file = try ImageFile(reading: path)
    if case .espressif(let container, let flash) = file {
      try container.verify(in: flash, path: path, keyPath: keyPath, isJSON: isJSON, context)
      return .done
    }
    if case .nordicPackage(let package) = file {
      try NordicCommands.verify(package, path: path, keyPath: keyPath, isJSON: isJSON, context)
      return .done
    }
    guard case .mcuboot(let container, var flash) = file else {
      throw CommandFailure(
        path, why: "\(file.name), which is not verified here", remedy: "use the tools of its boot loader",
        code: .unsupported)
    }
    let key = try ImageKey.verification(reading: keyPath)
    let storage: ImageStorage =
      if let decryptionPath {
        .encrypted(try ImageKey.decryptionKey(reading: decryptionPath))
      } else {
        isClear ? .clear : .plain
      }
    let report: ImageReport
    do throws(MCUbootError) {
      let contents = try container.check(on: &flash, storage, by: key.verifier)
      report = try ImageReport(container, on: &flash, contents: contents, signer: key.identifier)
    } catch {
      throw imageFailure(path, error)
    }
    if isJSON {
      try context.console.printJSON(report)
    } else {
      for line in report.lines { try context.console.print(line) }
    }
    return .done
  }
}
