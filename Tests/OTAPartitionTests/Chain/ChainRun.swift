import OTACore
import OTACrypto
import OTACryptoSodium
import OTAFlashSimulator
import OTAPartition

/// One start of a device, from the first stage on: who ran, in this order, and what the last one was told.
struct ChainRun: Equatable {
  /// The firmware of each stage that ran, as it was in flash when it was jumped to.
  var firmware: [[UInt8]] = []
  /// What the last one found in memory.
  var handOff: HandOff?

  /// Starts a device; a second stage whose firmware `hangs` never gets anywhere.
  init(
    _ board: ChainBoard, on device: SharedFlash, hangs: ([UInt8]) -> Bool = { _ in false }
  ) throws(StartError) {
    var memory = [UInt8](repeating: 0xa5, count: HandOff.byteCount)
    let second = try board.link(.secondStage, of: BootChain(), keys: board.keys.root, on: device)
    guard try enter(second, on: device, memory: &memory) == .secondStage, !hangs(firmware[0]) else { return }
    guard let told = handOff else { return }
    let application = try board.link(
      .application, of: BootChain(continuing: told), keys: board.keys.application, on: device)
    _ = try enter(application, on: device, memory: &memory)
  }

  /// Jumps: remembers what is there, and reads the hand-off as the next stage does.
  private mutating func enter(
    _ stage: consuming VerifiedStage, on device: SharedFlash, memory: inout [UInt8]
  ) throws(StartError) -> StageKind {
    let kind = stage.kind
    do throws(ParseError) {
      var span = memory.mutableSpan
      firmware.append(try stage.enter(leaving: &span) { device.snapshot.contents(of: $0) })
      handOff = try HandOff.take(from: &span)
    } catch {
      preconditionFailure("a hand-off of ours cannot be read: \(error)")
    }
    return kind
  }

  /// What is wrong with this start, if it was to end in one of these second stages and one of these applications.
  func problem(_ board: ChainBoard, stages: [ChainImage], applications: [ChainImage]) -> String? {
    guard firmware.count == 2 else {
      return "only \(firmware.count) stages ran, \(String(describing: handOff))"
    }
    guard let stage = stages.first(where: { $0.firmware == firmware[0] }) else {
      return "the second stage is none that was installed"
    }
    guard let application = applications.first(where: { $0.firmware == firmware[1] }) else {
      return "the application is none that was installed"
    }
    return Self.measurementProblem(handOff?.measurements, ran: [stage, application])
  }

  /// Holds measurements against what ran.
  static func measurementProblem(_ log: MeasurementLog?, ran images: [ChainImage]) -> String? {
    var value = Measurement().value
    for image in images { value = MeasurementTests.hash(value, image.digest) }
    guard let log, log.measurement.value == value else { return "the measurement is not that of what booted" }
    guard log.count == images.count, (0..<log.count).allSatisfy({ log[$0].digest == images[$0].digest }),
      log.replay() == log.measurement
    else { return "the log is not that of what booted" }
    return nil
  }
}

/// The application of a device: brings a new second stage, then a new application, and tells how each ended.
struct ChainAgent: Sendable {
  var board: ChainBoard
  /// Whether the new second stage ever gets to an application.
  var stageHangs = false
  /// Whether the new application finds itself fit.
  var isHealthy = true
  /// Whether the application is updated after the second stage.
  var updatesApplication = true
  var attempts: UInt8 = 3

  func run(_ device: SharedFlash) throws(AgentError) {
    for _ in 0..<24 {
      do throws(StartError) {
        let run = try start(device)
        // A second stage that hangs is reset by the watchdog.
        if run.firmware.count < 2 { continue }
      } catch {
        throw .start(error)
      }
      do throws(StorageError) {
        if try act(device) { return }
      } catch {
        throw .storage(error)
      }
    }
    throw .doesNotConverge
  }

  func start(_ device: SharedFlash) throws(StartError) -> ChainRun {
    let hanging = stageHangs ? board.newStage.firmware : nil
    return try ChainRun(board, on: device, hangs: { $0 == hanging })
  }

  /// What the application does after one start.
  ///
  /// An update is begun only when the other one has ended: see Docs/BootChain.md.
  ///
  /// - Returns: whether both have; if not, the device is to be started again.
  private func act(_ device: SharedFlash) throws(StorageError) -> Bool {
    guard try finish(board.newStage.image, on: device, board.secondStage, isHealthy: true) else {
      return false
    }
    guard updatesApplication else { return true }
    return try finish(board.newApplication.image, on: device, board.application, isHealthy: isHealthy)
  }

  /// Takes one update as far as it goes in this start.
  ///
  /// - Returns: whether it has ended.
  private func finish(
    _ image: TestImage, on device: SharedFlash, _ layout: DeviceLayout, isHealthy: Bool
  ) throws(StorageError) -> Bool {
    var storage = try DeviceStorage(opening: device, layout: layout)
    storage.checkpointInterval = 1024
    while true {
      switch storage.state.update {
      case .idle:
        let hasEnded =
          storage.state.boot.lastRevert != nil
          || storage.state.boot[storage.runningSlot]?.sequenceNumber == image.sequenceNumber
        if hasEnded { return true }
        try stage(image, on: &storage)
        return false
      case .staging:
        try stage(image, on: &storage)
        return false
      case .applying:
        // That the application runs is the proof that the second stage works.
        guard isHealthy else {
          try storage.revert(.healthCheckFailed)
          return false
        }
        try storage.confirm()
      case .rollingBack(let offer, let code):
        try storage.record(.reporting(Report(updateID: offer.updateID, outcome: .reverted(code))))
      case .reporting:
        try storage.record(.idle)
      }
    }
  }

  private func stage(
    _ image: TestImage, on storage: inout DeviceStorage<SharedFlash>
  ) throws(StorageError) {
    var writer = try storage.beginStaging(image.verifiedManifest(), offer: image.offer)
    try storage.write(image.bytes.span.extracting(Int(writer.offset)..<image.bytes.count), with: &writer)
    let staged = try storage.finish(writer)
    try storage.activate(try storage.verify(staged, using: SodiumSHA256.self), attempts: attempts)
  }
}
