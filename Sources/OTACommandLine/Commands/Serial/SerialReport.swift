import OTACore
import OTACrypto
import OTAManifest
import OTASerial

/// What a device says about itself, as JSON and as text.
struct SerialReport: Encodable {
  struct Running: Encodable {
    var version: String
    var sequenceNumber: UInt64
    var digest: String
    var size: UInt32
    var slot: String
    var isOnTrial: Bool
    var attemptsLeft: Int?
  }

  struct Update: Encodable {
    var id: String
    var outcome: String?
    var code: String?
    var payloadBytes: UInt32?
    var payloadSize: UInt32?
    var stagedBytes: UInt32
  }

  struct Frames: Encodable {
    var taken: UInt32
    var garbage: UInt32
    var oversized: UInt32
  }

  struct Limits: Encodable {
    var slotSize: UInt32
    var envelopeSize: Int
    var bodySize: Int
    var workSize: UInt32
  }

  struct Receipt: Encodable {
    var outcome: String
    var code: String?
    var updateID: String
    var runningImage: String
    var runningSequenceNumber: UInt64
    /// Whether the key of the device was given, and its signature is good.
    var isVerified: Bool
  }

  var device: String
  var vendor: String
  var deviceClass: String
  var hardwareRevision: UInt32
  var component: String
  var state: String
  var running: Running
  var securityCounter: UInt64
  var lastRefusal: String?
  var lastRevert: String?
  var update: Update?
  var limits: Limits
  var frames: Frames
  var sentBytes: Int?
  var repetitions: Int
  var receipt: Receipt?

  init(_ result: SerialResult, receipt: Receipt? = nil) {
    let status = result.status
    device = "\(status.deviceID)"
    vendor = "\(status.vendorID)"
    deviceClass = "\(status.classID)"
    hardwareRevision = status.hardwareRevision
    component = String(validating: status.component, as: UTF8.self) ?? hexadecimal(status.component)
    state = "\(status.state)"
    running = Running(
      version: "\(status.version)", sequenceNumber: status.sequenceNumber.rawValue,
      digest: "\(status.image.digest)", size: status.image.size, slot: "\(status.slot)",
      isOnTrial: status.isOnTrial, attemptsLeft: status.isOnTrial ? Int(status.attemptsLeft) : nil)
    securityCounter = status.securityCounter.rawValue
    lastRefusal = status.lastRefusal?.text
    lastRevert = status.lastRevert?.text
    update = status.updateID.map { id in
      Update(
        id: "\(id)", outcome: status.outcome.map { "\($0.kind)" }, code: status.outcome?.code?.text,
        payloadBytes: status.payloadSize > 0 ? status.payloadBytes : nil,
        payloadSize: status.payloadSize > 0 ? status.payloadSize : nil, stagedBytes: status.stagedBytes)
    }
    limits = Limits(
      slotSize: status.slotSize, envelopeSize: status.envelopeSize, bodySize: status.bodySize,
      workSize: status.workSize)
    frames = Frames(taken: status.frames, garbage: status.garbage, oversized: status.oversized)
    sentBytes = result.sentBytes > 0 ? result.sentBytes : nil
    repetitions = result.repetitions
    self.receipt = receipt
  }

  /// Prints the report.
  func print(on console: Console, asJSON: Bool) throws(CommandFailure) {
    guard !asJSON else { return try console.printJSON(self) }
    try console.print(
      "device            \(device), class \(deviceClass), hardware revision \(hardwareRevision)")
    let trial = running.isOnTrial ? "on trial, \(running.attemptsLeft ?? 0) starts left" : "confirmed"
    try console.print(
      "running           \(visible(component)) \(running.version), sequence number \(running.sequenceNumber), "
        + "slot \(running.slot), \(trial)")
    try console.print("image             \(running.digest), \(running.size) bytes")
    try console.print("security counter  \(securityCounter)")
    try console.print("state             \(state)")
    if let update {
      var line = "update            \(update.id)"
      if let outcome = update.outcome { line += ", \(outcome)" }
      if let code = update.code { line += " [\(code)]" }
      if let bytes = update.payloadBytes, let size = update.payloadSize {
        line += ", \(bytes) of \(size) bytes of the payload"
      }
      try console.print(line)
    }
    if let lastRefusal { try console.print("last refusal      \(lastRefusal)") }
    if let lastRevert { try console.print("last revert       \(lastRevert)") }
    try console.print(
      "frames            \(frames.taken), garbage \(frames.garbage), too long \(frames.oversized)")
    if let receipt {
      let code = receipt.code.map { " [\($0)]" } ?? ""
      try console.print(
        "receipt           \(receipt.outcome)\(code), "
          + (receipt.isVerified ? "signature of the device is good" : "not verified: give --device-key"))
    }
  }

  /// Looks at a receipt, and checks it if there is a key.
  ///
  /// - Parameters:
  ///   - result: with the receipt.
  ///   - key: of the device.
  ///   - nonce: what it was asked with.
  /// - Returns: the receipt; `nil` if there is no key to check it by.
  /// - Throws: status ``ExitStatus/refused`` if it is not the device's, or not about this device.
  static func receipt(
    in result: SerialResult, by key: PublicKey?, nonce: [UInt8]
  ) throws(CommandFailure) -> Receipt? {
    guard let bytes = result.receipt, let key else { return nil }
    do throws(ManifestError) {
      let receipt = try BootReceipt.verify(
        bytes.span, by: key, nonce: nonce.span, using: ManifestFile.verifier)
      guard receipt.deviceID == result.status.deviceID else { throw .deviceMismatch }
      return Receipt(
        outcome: "\(receipt.outcome.kind)", code: receipt.outcome.code?.text, updateID: "\(receipt.updateID)",
        runningImage: "\(receipt.runningImage)",
        runningSequenceNumber: receipt.runningSequenceNumber.rawValue, isVerified: true)
    } catch {
      throw CommandFailure(
        "receipt", why: "not accepted: \(error.description)",
        remedy: "check the key of the device; if it is right, the receipt is forged", code: error.code,
        status: .refused)
    }
  }
}
