import OTADelta
import OTADeltaEncoder

/// `ota delta inspect`: what is in a patch, without the image that it starts from.
struct DeltaInspect: Command {
  static let name = "delta inspect"
  static let abstract = "show what is in a patch"
  static let usage = """
    usage: ota delta inspect PATCH [--json]

    Decodes the whole patch without the image that it starts from, and shows its format, its sizes and how
    the new image is made up. PATCH may be '-' for standard input.

      --json  the result as JSON
    """
  static let example = ["update.patch", "--json"]

  private struct Result: Encodable {
    var format: String
    var patchSize: Int
    var newSize: UInt32
    var bytesFromOld: Int
    var bytesFromPatch: Int
    var oldSizeAtLeast: UInt32
    var decoderMemory: UInt32
  }

  private let isJSON: Bool
  private let path: String

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    path = try arguments.positional("PATCH")
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let patch = try PatchFile(reading: path)
    var source = CountingSource()
    var sink = CountingSink()
    try patch.decode(sourceSize: .max, memory: .max, source: &source, sink: &sink)
    let result = Result(
      format: PatchFormat.bsdiff43.rawValue, patchSize: patch.bytes.count, newSize: patch.imageSize,
      bytesFromOld: source.count, bytesFromPatch: sink.count - source.count, oldSizeAtLeast: source.end,
      decoderMemory: BSDiff43Encoder.decoderMemory)
    if isJSON {
      try context.console.printJSON(result)
    } else {
      try context.console.print("format:            \(result.format)")
      try context.console.print("patch:             \(result.patchSize) bytes")
      try context.console.print("new image:         \(result.newSize) bytes")
      try context.console.print("  from the old:    \(result.bytesFromOld) bytes")
      try context.console.print("  from the patch:  \(result.bytesFromPatch) bytes")
      try context.console.print("old image:         at least \(result.oldSizeAtLeast) bytes")
      try context.console.print("decoder memory:    \(result.decoderMemory) bytes")
    }
    return .done
  }
}

/// An old image of any size, of which only is noted what is read.
private struct CountingSource: ImageSource {
  /// How many bytes were read.
  private(set) var count = 0
  /// The end of what was read.
  private(set) var end: UInt32 = 0

  mutating func read(into destination: inout MutableSpan<UInt8>, at offset: UInt32) throws(Never) {
    for index in 0..<destination.count { destination[index] = 0 }
    count += destination.count
    // The decoder stays below the source size, so the sum fits.
    end = max(end, offset + UInt32(destination.count))
  }
}

/// A new image, of which only is noted how long it is.
private struct CountingSink: ImageSink {
  private(set) var count = 0

  mutating func write(_ bytes: Span<UInt8>) throws(Never) {
    count += bytes.count
  }
}
