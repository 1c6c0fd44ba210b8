import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTADelta

/// `ota delta apply`: an image from an older one and a patch.
struct DeltaApply: Command {
  static let name = "delta apply"
  static let abstract = "apply a patch to an image"
  static let usage = """
    usage: ota delta apply OLD PATCH NEW [--memory BYTES] [--json]

    Makes the image NEW from the image OLD and the patch PATCH, with the decoder that runs on devices. OLD may
    be '-' for standard input. NEW is written only if the whole patch was applied; that it is the right image
    is for its digest to say, which is printed.

      --memory BYTES  the memory that the decoder may take
      --json          the result as JSON
    """
  static let example = ["old.bin", "update.patch", "new.bin"]

  private struct Result: Encodable {
    var format: String
    var oldSize: Int
    var newSize: Int
    var patchSize: Int
    var newDigest: String
  }

  private let memory: Int
  private let isJSON: Bool
  private let oldPath: String
  private let patchPath: String
  private let newPath: String

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    memory = try arguments.integerOption("--memory", in: 1...Int(UInt32.max)) ?? Int(UInt32.max)
    oldPath = try arguments.positional("OLD")
    patchPath = try arguments.positional("PATCH")
    newPath = try arguments.positional("NEW")
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let patch = try PatchFile(reading: patchPath)
    let old = try InputFile.read(oldPath, limit: PatchFile.sizeLimit)
    var source = MemorySource(old)
    var sink = MemorySink(reserving: min(Int(patch.imageSize), PatchFile.reservedSize))
    try patch.decode(
      sourceSize: UInt32(old.count), memory: UInt32(memory), source: &source, sink: &sink)
    let new = sink.bytes
    try OutputFile.write(new.span, to: newPath)
    let digest = OpenSSLSHA256.digest(of: new.span)
    if isJSON {
      try context.console.printJSON(
        Result(
          format: patch.format.rawValue, oldSize: old.count, newSize: new.count,
          patchSize: patch.bytes.count, newDigest: digest.description))
    } else {
      try context.console.print("\(newPath): \(new.count) bytes, SHA-256 \(digest)")
    }
    return .done
  }
}
