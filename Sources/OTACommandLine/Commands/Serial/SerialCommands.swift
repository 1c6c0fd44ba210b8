import OTACore
import OTACrypto
import OTASerial

/// `ota serial status`: what a device at the other end of a serial line is and runs.
struct SerialStatusCommand: Command {
  static let name = "serial status"
  static let abstract = "ask a device over a serial line what it runs"
  static let usage = """
    usage: ota serial status --port PATH [--speed BAUD] [--patience SECONDS] [--json]

    Prints what the device is, which image it runs, whether that is on trial, and how far an update has come.

    \(SerialLink.usage)
      --json             the result as JSON
    """
  static let example = ["--port", "/dev/ttyUSB0", "--json"]

  private let link: SerialLink
  private let isJSON: Bool

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    link = try SerialLink(arguments: &arguments)
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let result = try link.run(.status, context.console)
    try SerialReport(result).print(on: context.console, asJSON: isJSON)
    return .done
  }
}

/// `ota serial update`: an update over a serial line, from the envelope to the receipt.
struct SerialUpdateCommand: Command {
  static let name = "serial update"
  static let abstract = "update a device over a serial line"
  static let usage = """
    usage: ota serial update ENVELOPE --payload FILE... --port PATH [--device-key KEY.pub.pem] [--receipt FILE]
             [--stage-only] [--confirm] [--speed BAUD] [--patience SECONDS] [--json]

    Sends the SUIT envelope, and of the payloads the one that the device asks for; goes on where an earlier
    attempt was interrupted. Then the device verifies and activates the image and starts again; the command
    waits until the new image has judged itself, gets a signed receipt, and checks it. The exit code is 2 if
    the device refuses the update or the receipt is not the device's, 69 if nobody answers.

      --payload FILE     an image, or a native patch; may be repeated
      --device-key FILE  the public key of the device, to check its receipt by
      --receipt FILE     where the receipt goes
      --stage-only       end with the verified image in the slot; nothing is activated
      --confirm          confirm the new image when it answers, if the application leaves that to the host
    \(SerialLink.usage)
      --json             the result as JSON
    """
  static let example = [
    "update.suit", "--payload", "app-2.0.patch", "--port", "/dev/ttyUSB0", "--device-key", "device.pub.pem",
  ]

  private let link: SerialLink
  private let envelopePath: String
  private let payloadPaths: [String]
  private let keyPath: String?
  private let receiptPath: String?
  private let stagesOnly: Bool
  private let confirms: Bool
  private let isJSON: Bool

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    stagesOnly = try arguments.flag("--stage-only")
    confirms = try arguments.flag("--confirm")
    keyPath = try arguments.option("--device-key")
    receiptPath = try arguments.option("--receipt")
    payloadPaths = try arguments.options("--payload")
    guard !payloadPaths.isEmpty else { throw .missingOption("--payload") }
    link = try SerialLink(arguments: &arguments)
    envelopePath = try arguments.positional("ENVELOPE")
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let envelope = try ManifestFile.read(envelopePath)
    var payloads: [[UInt8]] = []
    for path in payloadPaths { payloads.append(try InputFile.read(path, limit: 64 << 20)) }
    var key: PublicKey?
    if let keyPath { key = try SigningKey.publicKey(reading: keyPath) }
    // A device without a key of its own signs nothing, and nobody has asked it to.
    let nonce = key == nil && receiptPath == nil ? nil : SerialNonce.random()
    let result = try link.run(
      .update(
        SerialUpdate(
          envelope: envelope, payloads: payloads, stagesOnly: stagesOnly, confirms: confirms, nonce: nonce)),
      context.console)
    if let receiptPath, let receipt = result.receipt { try OutputFile.write(receipt.span, to: receiptPath) }
    let receipt = try SerialReport.receipt(in: result, by: key, nonce: nonce ?? [])
    try SerialReport(result, receipt: receipt).print(on: context.console, asJSON: isJSON)
    return .done
  }
}

/// `ota serial receipt`: a signed receipt about the last update.
struct SerialReceiptCommand: Command {
  static let name = "serial receipt"
  static let abstract = "get a signed receipt over a serial line"
  static let usage = """
    usage: ota serial receipt --port PATH [--device-key KEY.pub.pem] [--out FILE] [--plain] [--speed BAUD]
             [--patience SECONDS] [--json]

    Asks the device how its last update ended, and for its signature under the answer, which is made for a
    random number of this call; with --plain for nobody in particular, as an update server takes it. The
    exit code is 2 if there was no update, or if the receipt is not the device's.

      --device-key FILE  the public key of the device, to check its receipt by
      --out FILE         where the receipt goes
      --plain            a receipt without a random number
    \(SerialLink.usage)
      --json             the result as JSON
    """
  static let example = ["--port", "/dev/ttyUSB0", "--device-key", "device.pub.pem"]

  private let link: SerialLink
  private let keyPath: String?
  private let outputPath: String?
  private let isPlain: Bool
  private let isJSON: Bool

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    isPlain = try arguments.flag("--plain")
    keyPath = try arguments.option("--device-key")
    outputPath = try arguments.option("--out")
    link = try SerialLink(arguments: &arguments)
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    var key: PublicKey?
    if let keyPath { key = try SigningKey.publicKey(reading: keyPath) }
    let nonce = isPlain ? [] : SerialNonce.random()
    let result = try link.run(.receipt(nonce: nonce), context.console)
    if let outputPath, let receipt = result.receipt { try OutputFile.write(receipt.span, to: outputPath) }
    let receipt = try SerialReport.receipt(in: result, by: key, nonce: nonce)
    try SerialReport(result, receipt: receipt).print(on: context.console, asJSON: isJSON)
    return .done
  }
}

/// Bytes that were never used before.
private enum SerialNonce {
  static func random() -> [UInt8] { (0..<16).map { _ in UInt8.random(in: 0...255) } }
}
