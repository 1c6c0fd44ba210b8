import OTACore

/// `ota demo`: the whole cycle on this machine.
package struct DemoCommand: Command {
  package static let name = "demo"
  package static let abstract = "run a whole update cycle on this machine, and check it"
  package static let usage = """
    usage: ota demo [--old FILE --new FILE] [--json]

    Updates simulated devices from one firmware to another: over a real server on 127.0.0.1, through the
    agent and the boot manager, with interrupted downloads, power cuts, a broken image and four attacks. All
    files are in a temporary folder (see TMPDIR) and are removed at the end. Exits with 0 only if every check
    held.

      --old FILE  the firmware that the devices run first
      --new FILE  the firmware that they are updated to
      --json      print one JSON document at the end, and tell nothing meanwhile

    Without --old and --new the example firmware is used, which 'make firmware' builds.
    """
  package static let example = ["--old", "old.bin", "--new", "new.bin", "--json"]

  private let old: String?
  private let new: String?
  private let isJSON: Bool

  package init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    old = try arguments.option("--old")
    new = try arguments.option("--new")
    try arguments.finish()
    if old != nil, new == nil { throw .missingOption("--new") }
    if new != nil, old == nil { throw .missingOption("--old") }
  }

  package func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let story = DemoStory(context.console, isQuiet: isJSON)
    let firmware = try DemoFirmware(old: old, new: new)
    let folder = try DemoFolder()
    try story.tell("swift-ota \(Program.version): one update, end to end")
    try tellFirmware(firmware, story)
    let world = try await DemoWorld(story, firmware: firmware, folder: folder.path)
    let result: Result<Void, CommandFailure>
    do throws(CommandFailure) {
      try await world.tellPublication()
      try await world.tellUpdate()
      try await world.tellInterruptions()
      try await world.tellBrokenImage()
      try await world.tellAttacks()
      try await world.tellSummary()
      result = .success(())
    } catch {
      result = .failure(error)
    }
    await world.server.stop()
    try result.get()
    if isJSON { try context.console.printJSON(DemoDocument(story)) }
    return story.failures.isEmpty ? .done : .failed
  }

  private func tellFirmware(_ firmware: DemoFirmware, _ story: DemoStory) throws(CommandFailure) {
    try story.chapter("firmware", "Two versions of a firmware")
    for (name, image) in [("old", firmware.old), ("new", firmware.new)] {
      try story.say("\(name)  \(grouped(image.bytes.count)) bytes  \(visible(image.path))")
      story.figure("\(name)Bytes", image.bytes.count)
      story.text("\(name)Digest", "\(image.digest)")
      story.text("\(name)Path", image.path)
    }
  }
}

/// The demonstration for machines.
///
/// Names and meanings are stable; figures may be added.
struct DemoDocument: Encodable {
  var result: String
  var steps: [DemoStory.Chapter]
  var failedChecks: [String]

  init(_ story: DemoStory) {
    steps = story.chapters
    failedChecks = story.failures.map(\.what)
    result = failedChecks.isEmpty ? "passed" : "failed"
  }
}
