import OTACore
import OTAPartition
import OTAServer

extension DemoWorld {
  /// The table at the end.
  func tellSummary() async throws(CommandFailure) {
    try story.chapter("summary", "What was counted")
    let cuts = devices.map(\.powerCuts).reduce(0, +)
    try tell([
      ("patch / whole image", "\(grouped(patch.payload.count)) / \(grouped(whole.payload.count)) bytes"),
      ("payload bytes on the wire", grouped(totals.bytesOnWire)),
      ("blocks erased, all devices", grouped(devices.map(\.wear.blocksErased).reduce(0, +))),
      ("writes, all devices", grouped(devices.map(\.wear.writes).reduce(0, +))),
      ("connection cuts survived", "\(totals.connectionCuts)"),
      ("power cuts survived", "\(cuts)"),
      ("reverts", "\(totals.reverts)"),
      ("attacks refused", "\(totals.refusals) of 4"),
    ])
    story.figure("payloadBytesOnWire", totals.bytesOnWire)
    story.figure("blocksErased", devices.map(\.wear.blocksErased).reduce(0, +))
    story.figure("writes", devices.map(\.wear.writes).reduce(0, +))
    story.figure("connectionCuts", totals.connectionCuts)
    story.figure("powerCuts", cuts)
    story.figure("refusals", totals.refusals)
    story.figure("reverts", totals.reverts)
    try tellDevices()
    try await tellServer()
    try story.check(
      "every cut was survived, every attack refused",
      cuts == 2 && totals.connectionCuts == 1 && totals.refusals == 4 && totals.reverts == 1)
    let count = story.chapters.flatMap(\.checks).count
    let failures = story.failures.count
    try story.tell("")
    try story.tell(
      failures == 0 ? "All \(count) checks held." : "\(failures) of \(count) checks did NOT hold.")
  }

  private func tell(_ rows: [(name: String, value: String)]) throws(CommandFailure) {
    let width = rows.map(\.name.count).max() ?? 0
    for row in rows {
      try story.say(row.name + String(repeating: " ", count: width - row.name.count) + "  " + row.value)
    }
  }

  private func tellDevices() throws(CommandFailure) {
    try story.say("")
    for device in devices {
      let boot = try device.state().boot
      let slots = SlotIdentifier.allCases.map { slot in
        "slot \(slot) \(boot[slot].map { "\($0.version)" } ?? "empty")"
      }
      let kind =
        switch boot.selection {
        case .confirmed(let slot): "boots \(slot), confirmed"
        case .trial(let slot, let attemptsLeft): "boots \(slot), on trial, \(attemptsLeft) attempts left"
        }
      let line = "\(slots.joined(separator: ", ")), \(kind), security counter \(boot.securityCounter)"
      try story.say("\(device.name): \(line)")
      story.text(device.name, line)
    }
  }

  private func tellServer() async throws(CommandFailure) {
    try story.say("")
    let updates = try await demoStep("server records") { try await server.updates.statistics() }
    for update in updates {
      let line =
        "\(update.newVersion): \(update.installed) installed, \(update.failed) failed, "
        + "\(update.reverted) reverted, \(update.offered) open"
      try story.say("server: update \(update.sequenceNumber) to \(line)")
      story.text("update-\("\(update.update)".prefix(16))", line)
    }
  }
}
