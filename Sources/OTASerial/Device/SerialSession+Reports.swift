import OTACore
import OTACrypto
import OTAManifest
import OTAPartition
import OTAStateMachine

// What a device says about itself.
extension SerialSession where Device: ~Copyable, Signer: ~Copyable {
  /// The body of the answer to a status request; its layout is in Docs/SerialProtocol.md.
  mutating func writeStatus(_ answer: inout SerialAnswer) {
    let state = self.state
    let slot = target.storage.runningSlot
    let record = state.boot[slot]
    var attempts: UInt8 = 0
    if case .trial(_, let left) = state.boot.selection { attempts = left }
    answer.append(UInt64(SerialFrame.version), bytes: 1)
    answer.append(UInt64(machine.state.number), bytes: 1)
    answer.append(UInt64(slot.rawValue), bytes: 1)
    answer.append((isOnTrial ? 1 : 0) | (options.allowsHostDecision ? 2 : 0), bytes: 1)
    answer.append(UInt64(attempts), bytes: 1)
    answer.append(0, bytes: 1)
    answer.append(device.deviceID)
    answer.append(device.vendorID)
    answer.append(device.classID)
    answer.append(UInt64(device.hardwareRevision), bytes: 4)
    answer.append(record?.sequenceNumber.rawValue ?? 0, bytes: 8)
    answer.append(state.boot.securityCounter.rawValue, bytes: 8)
    answer.append(UInt64(record?.version.major ?? 0), bytes: 4)
    answer.append(UInt64(record?.version.minor ?? 0), bytes: 4)
    answer.append(UInt64(record?.version.patch ?? 0), bytes: 4)
    answer.append(UInt64(record?.image.size ?? 0), bytes: 4)
    answer.append(record?.image.digest)
    let inactive = target.storage.layout[slot.other]
    answer.append(UInt64(inactive.upperBound - inactive.lowerBound), bytes: 4)
    answer.append(UInt64(memory.bodySize), bytes: 2)
    answer.append(UInt64(memory.envelopeSize), bytes: 4)
    answer.append(UInt64(memory.workSize), bytes: 4)
    answer.append(UInt64(lastRefusal?.rawValue ?? 0), bytes: 2)
    answer.append(UInt64(state.boot.lastRevert?.rawValue ?? 0), bytes: 2)
    writeUpdate(state, &answer)
    answer.append(UInt64(counters.frames), bytes: 4)
    answer.append(UInt64(counters.garbage), bytes: 4)
    answer.append(UInt64(counters.oversized), bytes: 4)
    let component = device.component
    answer.append(UInt64(component.bytes.count), bytes: 1)
    answer.append(component.bytes)
  }

  /// The update that is going on, or is staged, or was the last: name (32), payload size (4), next byte (4), staged (4),
  /// outcome (1), its code (2).
  private func writeUpdate(_ state: DeviceState, _ answer: inout SerialAnswer) {
    var (name, staged) = (offer?.updateID, UInt32(0))
    var outcome: Report.Outcome?
    switch state.update {
    case .idle: break
    case .staging(let offer, let stagedBytes):
      if name == nil { name = offer.updateID }
      staged = max(stagedBytes, target.stagedBytes)
    case .applying(let offer), .rollingBack(let offer, _): name = name ?? offer.updateID
    case .reporting(let report):
      name = name ?? report.updateID
      outcome = report.outcome
    }
    answer.append(name)
    answer.append(UInt64(payload?.size ?? 0), bytes: 4)
    answer.append(UInt64(nextPayloadByte), bytes: 4)
    answer.append(UInt64(staged), bytes: 4)
    answer.append(UInt64(outcome?.kind.rawValue ?? 0), bytes: 1)
    answer.append(UInt64(outcome?.code?.rawValue ?? 0), bytes: 2)
  }

  /// A signed receipt about the last update, for the nonce that is the body.
  mutating func writeReceipt(_ nonce: Span<UInt8>, _ answer: inout SerialAnswer) throws(SerialRefusal) {
    guard case .reporting(let report) = state.update, let running = state.boot[target.storage.runningSlot]
    else { throw SerialRefusal(.unknownUpdate) }
    let receipt = BootReceipt(
      deviceID: device.deviceID, updateID: report.updateID, outcome: report.outcome,
      runningImage: running.image.digest, runningSequenceNumber: running.sequenceNumber)
    do throws(ManifestError) {
      try answer.append { (bytes) throws(ManifestError) in
        try receipt.sign(by: &signer, nonce: nonce, into: &bytes)
      }
    } catch {
      throw SerialRefusal(error.code)
    }
  }
}

extension UpdateState {
  /// The number of the state in status answers.
  var number: UInt8 {
    switch self {
    case .idle: 0
    case .checking: 1
    case .offered: 2
    case .downloading: 3
    case .verifying: 4
    case .readyToApply: 5
    case .applying: 6
    case .trial: 7
    case .rollingBack: 8
    case .reporting: 9
    case .error: 10
    }
  }
}
