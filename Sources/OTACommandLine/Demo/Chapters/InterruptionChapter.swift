import OTAAgent
import OTACore
import OTAPartition
import OTATesting

extension DemoWorld {
  /// A connection that breaks, and power that fails, with a patch and with a whole image.
  func tellInterruptions() async throws(CommandFailure) {
    try story.chapter("interruptions", "The connection breaks, the power fails")
    try await breakConnection()
    try await cutPowerWhilePatching()
    try await cutPowerWhileWriting()
  }

  /// Cuts a download in the middle; what arrived must not be fetched again.
  private func breakConnection() async throws(CommandFailure) {
    let device = try await device("bravo")
    let size = patch.payload.count
    // The first download is the manifest's.
    let line = InterruptingTransport(server.transport, cutAfter: [.max, UInt64(size / 2)])
    let fetches = try await follow(device, over: line, for: patch)
    totals.connectionCuts += line.cutCount
    try tell(device)
    try story.check(
      "the connection of bravo broke at byte \(grouped(size / 2)) of \(grouped(size))",
      line.cutCount == 1 && fetches.first?.bytes == 0..<UInt64(size / 2))
    let isGapless = zip(fetches, fetches.dropFirst()).allSatisfy { first, second in
      first.bytes.upperBound == second.bytes.lowerBound
    }
    try story.check(
      "the download went on there with Range, and no byte was fetched twice",
      isGapless && fetches.map(\.bytes.count).reduce(0, +) == size)
    try await checkInstalled(patch, on: device)
  }

  /// Cuts the power while the image is made from a patch.
  private func cutPowerWhilePatching() async throws(CommandFailure) {
    let device = try await device("charlie")
    // The device of the chapter before needed twice as many until the image was complete.
    let operation = installOperations / 2
    device.cutPower(afterOperations: operation)
    let fetches = try await follow(device, over: server.transport, for: patch)
    try tell(device)
    story.figure("charliePayloadBytesFetched", fetches.map(\.bytes.count).reduce(0, +))
    try story.check(
      "the power of charlie failed at flash operation \(operation), in the middle of a word",
      device.powerCuts == 1)
    try checkStarts(of: device)
    try story.say("a patch is replayed from its start: the decoder's memory is gone with the power")
    try await checkInstalled(patch, on: device)
  }

  /// Cuts the power while a whole image is written; what the journal vouches for must not be fetched again.
  private func cutPowerWhileWriting() async throws(CommandFailure) {
    // Too little memory to patch: the server offers the whole image.
    let device = try await device("delta", decoderMemory: 16 << 10)
    let size = whole.payload.count
    let cut = device.powerSwitch
    let fetches = try await follow(device, over: server.transport, for: whole) { notice in
      // Once, since every start makes a device of its own, and the switch is that of the first.
      if case .advanced(let payloadBytes, _) = notice, Int(payloadBytes) >= size / 4 * 3 { cut() }
    }
    try tell(device)
    let fetched = fetches.map(\.bytes.count).reduce(0, +)
    let staged = device.stagedBytesAtCuts.first ?? 0
    let blockSize = whole.manifest.payload.blocks.blockSize
    let resumed = UInt64(staged - staged % blockSize)
    story.figure("deltaPayloadBytesFetched", fetched)
    story.figure("deltaStagedBytesAtCut", Int(staged))
    try story.check("the power of delta failed while it wrote the whole image", device.powerCuts == 1)
    try checkStarts(of: device)
    try story.check(
      "delta went on at byte \(grouped(Int(resumed))), where its journal said, and fetched nothing before it again",
      !fetches.isEmpty && fetches.dropFirst().allSatisfy { $0.bytes.lowerBound >= resumed })
    try await checkInstalled(whole, on: device)
  }

  private func checkStarts(of device: DemoDevice) throws(CommandFailure) {
    try story.check(
      "\(device.name) booted the old image, went on, and booted the new one",
      device.starts.map(\.kind) == [.confirmed, .confirmed, .trial(attemptsLeft: 2)]
        && device.starts.map(\.version)
          == [firmware.old.version, firmware.old.version, firmware.new.version]
    )
  }
}
