import OTACore
import OTACrypto
import OTAPartition

/// `ota trust verify`: whether devices would follow a chain of sets of trust anchors.
struct TrustVerify: Command {
  static let name = "trust verify"
  static let abstract = "check that devices would follow from set to set"
  static let usage = """
    usage: ota trust verify SET UPDATE... [--json]

    Checks each UPDATE as a device does that has the set before it, the first one as a device that has SET: that
    enough root keys of the set before have signed it, enough of its own, and every key that is new for manifests
    or images. SET is believed. The exit code is 2 if a device would refuse one of them. Whether a set has
    expired is not asked: devices follow it nevertheless.

      --json  the result as JSON
    """
  static let example = ["set1.trust", "set2.trust", "set3.trust"]

  private struct Result: Encodable {
    var first: UInt64
    var last: UInt64
    var set: TrustReport
  }

  private let first: String
  private let updates: [String]
  private let isJSON: Bool

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    first = try arguments.positional("SET")
    updates = try arguments.positionals("UPDATE")
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let trusted = try TrustFile.read(first).anchors
    var set = SignedTrustAnchors(trusted)
    for path in updates { set = try Self.next(after: set.anchors, reading: path) }
    if isJSON {
      try context.console.printJSON(
        Result(first: trusted.number, last: set.anchors.number, set: TrustReport(set)))
    } else {
      try context.console.print("devices with set \(trusted.number) follow to set \(set.anchors.number)")
      for line in TrustReport(set).lines { try context.console.print(line) }
    }
    return .done
  }

  /// Reads an update, and verifies it as the one that follows upon a set.
  static func next(
    after anchors: TrustAnchors, reading path: String
  ) throws(CommandFailure) -> SignedTrustAnchors {
    let bytes = try InputFile.read(path, limit: TrustAnchors.maximumUpdateSize)
    let set = try TrustFile.parse(bytes, path)
    // A set that nobody has signed is not malformed, but signed by too few.
    guard !set.signatures.isEmpty else { throw TrustFile.failure(path, .currentThresholdNotMet) }
    try check(bytes, after: anchors, path)
    return set
  }

  private static func check(
    _ bytes: [UInt8], after anchors: TrustAnchors, _ path: String
  ) throws(CommandFailure) {
    do throws(TrustAnchorError) {
      _ = try anchors.verify(update: bytes.span, using: TrustFile.verifier)
    } catch {
      throw TrustFile.failure(path, error)
    }
  }
}
