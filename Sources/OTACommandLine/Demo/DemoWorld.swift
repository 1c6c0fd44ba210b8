import OTACore

/// Everything that the chapters of the demonstration share.
final class DemoWorld {
  let story: DemoStory
  let firmware: DemoFirmware
  let publisher: DemoPublisher
  let server: DemoServer
  let folder: String
  let slotSize: UInt32
  private(set) var devices: [DemoDevice] = []

  /// The update from the old firmware to the new one as a patch.
  let patch: DemoRelease
  /// The same update as a whole image, for devices that cannot patch.
  let whole: DemoRelease

  var totals = Totals()

  /// What is added up over all chapters.
  struct Totals {
    var bytesOnWire = 0
    var connectionCuts = 0
    var refusals = 0
    var reverts = 0
  }

  /// Makes keys and releases, and starts the server.
  init(_ story: DemoStory, firmware: DemoFirmware, folder: String) async throws(CommandFailure) {
    self.story = story
    self.firmware = firmware
    self.folder = folder
    publisher = try DemoPublisher()
    patch = try await publisher.release(firmware.new, from: firmware.old, sequenceNumber: 2)
    whole = try await publisher.release(firmware.new, from: nil, sequenceNumber: 2)
    server = try DemoServer(in: folder, publishers: publisher.trustStore)
    // The broken build of a later chapter is the longest image there is.
    slotSize = DemoDevice.slotSize(
      for: max(firmware.old.bytes.count, firmware.new.bytes.count) + demoFaultMark.count)
  }

  /// Makes a device with the old firmware, and enrols it.
  func device(_ name: String, decoderMemory: UInt32? = nil) async throws(CommandFailure) -> DemoDevice {
    var parts = DemoDevice.Parts(
      name: name, number: UInt64(devices.count + 1), firmware: firmware.old, slotSize: slotSize,
      folder: folder, trustStore: publisher.trustStore)
    if let decoderMemory { parts.decoderMemory = decoderMemory }
    let device = try DemoDevice(parts)
    devices.append(device)
    try await server.register(device)
    return device
  }

  /// The device that was made first; the one that the story follows.
  var leader: DemoDevice { devices[0] }

  /// How many flash operations the leader needed to make its first image.
  var installOperations = 0
}
