import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTADelta
import OTADeltaEncoder

/// `ota delta make`: a patch from two images.
struct DeltaMake: Command {
  static let name = "delta make"
  static let abstract = "make a patch that turns one image into another"
  static let usage = """
    usage: ota delta make OLD NEW PATCH [--format NAME] [--memory BYTES] [--arch NAME]
                          [--slot-size BYTES --erase-size BYTES [--undo]] [--fast] [--json]

    Makes the patch that turns the image OLD into the image NEW, applies it once to be sure, and writes it
    to PATCH. OLD and NEW may be '-' for standard input.

      --format NAME   \(namesOf(PatchFormat.names)); default \(PatchFormat.standard.rawValue)
      --memory BYTES  the memory that the device has for the decoder; a patch that needs more is refused,
                      and a native one is made to need no more
      --arch NAME     the instruction set for native patches, if what is found by trying is not the best:
                      \(namesOf(NativeEncoder.architectures))
      --slot-size BYTES   for the format in-place: the slot in which the new image replaces the old one,
      --erase-size BYTES  and its erase blocks
      --undo          for the format in-place: the patch back follows in the same file
      --fast          a native patch for hosts, made and applied in a fraction of the time and several times
                      as large; devices without an operating system do not decode it
      --json          the result as JSON
    """
  static let example = ["old.bin", "new.bin", "update.patch", "--memory", "32768"]

  private struct Result: Encodable {
    var format: String
    var oldSize: Int
    var newSize: Int
    var patchSize: Int
    var oldDigest: String
    var newDigest: String
    var patchDigest: String
    var decoderMemory: UInt32
  }

  private let format: PatchFormat
  private let memory: Int?
  private let architecture: String?
  private let slot: InPlaceSlot?
  private let isReversible: Bool
  private let effort: NativeEncoder.Effort
  private let isJSON: Bool
  private let oldPath: String
  private let newPath: String
  private let patchPath: String

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    memory = try arguments.integerOption("--memory", in: 1...Int(UInt32.max))
    format = try PatchFormat(option: try arguments.option("--format") ?? PatchFormat.standard.rawValue)
    architecture = try arguments.option("--arch")
    effort = try arguments.flag("--fast") ? .fast : .standard
    if effort == .fast, format != .native {
      throw .invalidValue(name: "--format", value: format.rawValue, expected: "native with --fast")
    }
    if let architecture, !NativeEncoder.architectures.contains(architecture) {
      throw .invalidValue(name: "--arch", value: architecture, expected: namesOf(NativeEncoder.architectures))
    }
    isReversible = try arguments.flag("--undo")
    slot = try Self.slot(&arguments, format, isReversible: isReversible)
    oldPath = try arguments.positional("OLD")
    newPath = try arguments.positional("NEW")
    patchPath = try arguments.positional("PATCH")
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let codec = format.codec
    try checkMemory(codec.minimumDecoderMemory)
    let old = try InputFile.read(oldPath, limit: codec.maximumImageSize)
    let new = try InputFile.read(newPath, limit: codec.maximumImageSize)
    let patch: [UInt8]
    let needed: UInt32
    let progress = PatchProgress(context.console, imageSize: new.count)
    defer { progress.finish() }
    do throws(DeltaEncoderError) {
      patch = try codec.makePatch(
        old: old, new: new,
        options: PatchOptions(
          memory: memory.map(UInt32.init), architecture: architecture, effort: effort, slot: slot,
          isReversible: isReversible), report: progress.update)
      progress.finish()
      do throws(DeltaError) {
        needed = try codec.decoderMemory(of: patch)
      } catch {
        throw .verificationFailed(error)
      }
    } catch {
      throw Self.failure(error)
    }
    try checkMemory(needed)
    try OutputFile.write(patch.span, to: patchPath)
    if isJSON {
      try context.console.printJSON(
        Result(
          format: format.rawValue, oldSize: old.count, newSize: new.count, patchSize: patch.count,
          oldDigest: OpenSSLSHA256.digest(of: old.span).description,
          newDigest: OpenSSLSHA256.digest(of: new.span).description,
          patchDigest: OpenSSLSHA256.digest(of: patch.span).description, decoderMemory: needed))
    } else {
      let share = percentage(patch.count, of: new.count)
      try context.console.print(
        "\(patchPath): \(patch.count) bytes\(share.map { ", \($0) of the new image" } ?? "")")
    }
    return .done
  }

  /// The slot of a patch that is applied in place, which needs one as no other does.
  private static func slot(
    _ arguments: inout ArgumentCursor, _ format: PatchFormat, isReversible: Bool
  ) throws(UsageError) -> InPlaceSlot? {
    let size = try arguments.integerOption("--slot-size", in: 1...Int(Int32.max))
    let eraseSize = try arguments.integerOption("--erase-size", in: 1...Int(Int32.max))
    guard format == .inPlace else {
      let given: [(name: String, value: String?)] = [
        ("--slot-size", size.map { "\($0)" }), ("--erase-size", eraseSize.map { "\($0)" }),
        ("--undo", isReversible ? "with --format \(format.rawValue)" : nil),
      ]
      for case (let name, let value?) in given {
        throw .invalidValue(name: name, value: value, expected: "only --format in-place, which has a slot")
      }
      return nil
    }
    guard let size else { throw .missingOption("--slot-size") }
    guard let eraseSize else { throw .missingOption("--erase-size") }
    guard let slot = InPlaceSlot(size: UInt32(size), eraseSize: UInt32(eraseSize)) else {
      throw .invalidValue(name: "--slot-size", value: "\(size)", expected: "a multiple of --erase-size")
    }
    return slot
  }

  /// Refuses a patch whose decoder needs more than the device has.
  private func checkMemory(_ needed: UInt32) throws(CommandFailure) {
    guard let memory, memory < needed else { return }
    throw CommandFailure(
      "delta make", why: "a decoder for \(format.rawValue) needs \(needed) bytes of memory, not \(memory)",
      remedy: "allow more with --memory, or send the whole image", code: .deltaMemoryExceeded)
  }

  private static func failure(_ error: DeltaEncoderError) -> CommandFailure {
    let (why, remedy) =
      switch error {
      case .imageTooLarge: ("an image is too large for the format", "check that they are the right files")
      case .outOfMemory:
        ("not enough memory: it takes five times the old and twice the new image", "use a larger machine")
      case .memoryTooSmall:
        ("no decoder is so small", "allow more with --memory, or send the whole image")
      case .slotTooSmall:
        (
          "the images do not fit the slot, or the old one leaves no erase block free",
          "use a larger --slot-size, or a second slot"
        )
      case .cancelled: ("cancelled", "start it again")
      case .verificationFailed(let reason):
        ("the finished patch does not give the new image (\(reason))", "please report this as a defect")
      }
    return CommandFailure("delta make", why: why, remedy: remedy, code: error.code)
  }
}
