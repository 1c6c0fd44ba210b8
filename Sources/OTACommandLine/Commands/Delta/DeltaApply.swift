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
    let made: (digest: Digest, oldSize: Int, newSize: Int)
    // A pipe is read whole: a patch reads the old image more than once.
    if oldPath != "-", var source = try FileSource(oldPath, limit: PatchFile.sizeLimit) {
      made = try make(patch, from: &source, size: source.size) { (source) throws(CommandFailure) in
        if let failure = source.failure { throw systemFailure(oldPath, failure.number, doing: .reading) }
      }
    } else {
      let old = try InputFile.read(oldPath, limit: PatchFile.sizeLimit)
      var source = MemorySource(old)
      made = try make(patch, from: &source, size: old.count) { (_) throws(CommandFailure) in }
    }
    let digest = made.digest
    if isJSON {
      try context.console.printJSON(
        Result(
          format: patch.format.rawValue, oldSize: made.oldSize, newSize: made.newSize,
          patchSize: patch.bytes.count, newDigest: digest.description))
    } else {
      try context.console.print("\(newPath): \(made.newSize) bytes, SHA-256 \(digest)")
    }
    return .done
  }
  /// Applies the patch, and gives the new image its name when all of it is right.
  ///
  /// `check` throws if it was the source that failed.
  private func make<Source: ImageSource>(
    _ patch: PatchFile, from source: inout Source, size: Int, check: (Source) throws(CommandFailure) -> Void
  ) throws(CommandFailure) -> (digest: Digest, oldSize: Int, newSize: Int) {
    guard let file = try OutputFile.begin(newPath) else {
      var sink = MemorySink(reserving: min(Int(patch.imageSize), PatchFile.reservedSize))
      let digest = try decode(patch, from: &source, size: size, to: &sink, check: check)
      try OutputFile.write(sink.bytes.span, to: newPath)
      return (digest, size, sink.bytes.count)
    }
    var sink = file.sink
    let digest = try decode(patch, from: &source, size: size, to: &sink) { (source) throws(CommandFailure) in
      try check(source)
      try file.sink.check()
    }
    try file.commit()
    return (digest, size, sink.count)
  }

  private func decode<Source: ImageSource, Sink: ImageSink>(
    _ patch: PatchFile, from source: inout Source, size: Int, to sink: inout Sink,
    check: (Source) throws(CommandFailure) -> Void
  ) throws(CommandFailure) -> Digest {
    do throws(CommandFailure) {
      return try patch.decode(
        sourceSize: UInt32(size), memory: UInt32(memory), source: &source, sink: &sink)
    } catch {
      // A medium that failed says more than the patch that was not applied.
      try check(source)
      throw error
    }
  }
}
