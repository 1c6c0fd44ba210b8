/// `ota delta inspect`: what is in a patch, without the image that it starts from.
struct DeltaInspect: Command {
  static let name = "delta inspect"
  static let abstract = "show what is in a patch"
  static let usage = """
    usage: ota delta inspect PATCH [--json]

    Decodes the patch without the image that it starts from, and shows its format, its sizes and how the new
    image is made up, as far as the format tells. PATCH may be '-' for standard input.

      --json  the result as JSON
    """
  static let example = ["update.patch", "--json"]

  private struct Result: Encodable {
    var format: String
    var patchSize: Int
    var newSize: UInt32
    var bytesFromOld: Int?
    var bytesFromPatch: Int?
    var oldSizeAtLeast: UInt32?
    var oldUnpackedSize: UInt32?
    var newUnpackedSize: UInt32?
    var shift: UInt32?
    var segmentSize: UInt32?
    var isReversible: Bool?
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
    let contents = try patch.contents()
    let result = Result(
      format: patch.format.rawValue, patchSize: patch.bytes.count, newSize: patch.imageSize,
      bytesFromOld: contents.bytesFromOld, bytesFromPatch: contents.bytesFromPatch,
      oldSizeAtLeast: contents.oldSizeAtLeast, oldUnpackedSize: contents.unpackedSizes?.old,
      newUnpackedSize: contents.unpackedSizes?.new, shift: contents.inPlace?.shift,
      segmentSize: contents.inPlace?.segmentSize, isReversible: contents.inPlace?.isReversible,
      decoderMemory: patch.decoderMemory)
    if isJSON {
      try context.console.printJSON(result)
    } else {
      try context.console.print("format:            \(result.format)")
      try context.console.print("patch:             \(result.patchSize) bytes")
      try context.console.print("new image:         \(result.newSize) bytes")
      if let count = result.bytesFromOld { try context.console.print("  from the old:    \(count) bytes") }
      if let count = result.bytesFromPatch { try context.console.print("  from the patch:  \(count) bytes") }
      if let size = result.oldSizeAtLeast {
        try context.console.print("old image:         at least \(size) bytes")
      }
      if let sizes = contents.unpackedSizes {
        try context.console.print("unpacked images:   \(sizes.old) and \(sizes.new) bytes")
      }
      if let place = contents.inPlace {
        try context.console.print("moves the old by:  \(place.shift) bytes")
        try context.console.print("segments of:       \(place.segmentSize) bytes")
        try context.console.print("can be undone:     \(place.isReversible ? "yes" : "no")")
      }
      try context.console.print("decoder memory:    \(result.decoderMemory) bytes")
    }
    return .done
  }
}
