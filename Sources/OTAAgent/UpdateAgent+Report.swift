import FoundationEssentials
import OTACore
import OTACrypto
import OTAManifest
import OTAPartition
import OTAStateMachine

extension UpdateAgent where Device: ~Copyable {
  /// Remembers a report where it must survive, signs it, and sends it.
  func send(_ report: Report) async -> UpdateEvent {
    dropUpdate()
    settle()
    guard let running = runningImage else { return .reportFailed(.slotEmpty) }
    let receipt = BootReceipt(
      deviceID: configuration.profile.deviceID, updateID: report.updateID, outcome: report.outcome,
      runningImage: running.image.digest, runningSequenceNumber: running.sequenceNumber)
    let signed: [UInt8]
    do {
      signed = try await receipt.signed(by: configuration.signer)
    } catch {
      return .reportFailed(error.code)
    }
    do {
      let body = try encode(
        UpdateReportRequest(
          device: "\(configuration.profile.deviceID)", receipt: Data(signed).base64EncodedString()))
      let response = try await configuration.transport.exchange(
        TransportRequest(.post, "/api/v1/updates/report", contentType: "application/json", body: body),
        limit: 64 << 10)
      switch response.status {
      case 200..<300: return .reportDelivered
      case 400..<500 where response.status != 408 && response.status != 429:
        return .reportRefused(.receiptRefused)
      default: return .reportFailed(.transportStatus)
      }
    } catch {
      return .reportFailed(error.code)
    }
  }
}
