import OTACore
import OTACrypto
import OTACryptoSodium
import OTAPartition

/// `ota image verify`: who signed an image.
struct ImageVerify: Command {
  static let name = "image verify"
  static let abstract = "check hash and signature of an image"
  static let usage = """
    usage: ota image verify IMAGE --key KEY.pem [--json]

    Checks hash and Ed25519 signature of IMAGE, an image of MCUboot, and shows what is in it. If one of them is
    wrong, missing or of another key, the exit code is 2. IMAGE may be '-' for standard input.

      --key FILE  the key that must have signed it, the public or the private part
      --json      the result as JSON
    """
  static let example = ["app.signed.bin", "--key", "release.pub.pem"]

  private let path: String
  private let keyPath: String
  private let isJSON: Bool

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    keyPath = try arguments.requiredOption("--key")
    path = try arguments.positional("IMAGE")
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let key = try ImageKey.publicKey(reading: keyPath)
    let file = try ImageFile(reading: path)
    guard case .mcuboot(let container, var flash) = file else {
      throw CommandFailure(
        path, why: "\(file.name), which is not verified here", remedy: "use the tools of its boot loader",
        code: .unsupported)
    }
    let report: ImageReport
    do throws(MCUbootError) {
      let keys = MCUbootKeys(key)
      let verifier = SodiumVerifier()
      let isLong = try container.hashType(on: &flash) == .sha512
      let image =
        isLong
        ? try container.verify(on: &flash, using: SodiumSHA512.self, verifier: verifier, keys: keys)
        : try container.verify(on: &flash, using: SodiumSHA256.self, verifier: verifier, keys: keys)
      report = try ImageReport(container, on: &flash, contents: image.contents, signer: key)
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
