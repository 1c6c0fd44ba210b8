import Foundation
import OTACore

extension UpdateServer {
  /// `POST /api/v1/updates/report`.
  ///
  /// Only what the device signed counts; a receipt that arrives again is answered as before and changes nothing.
  func report(_ request: ServerRequest) async throws(RequestRefusal) -> ServerResponse {
    let document = try request.decode(UpdateReportRequest.self)
    let id = try DeviceRequest.identifier(document.device, "device")
    guard let bytes = Data(base64Encoded: document.receipt).map({ [UInt8]($0) }), !bytes.isEmpty,
      bytes.count <= configuration.receiptLimit
    else { throw DeviceRequest.refusal("receipt") }
    let device = try await registered(id)
    let receipt = try verified(bytes, from: device)
    let stored = StoredReceipt(receipt: receipt, bytes: bytes, receivedAt: now())
    do throws(StoreError) {
      _ = try await store.record(stored)
    } catch {
      throw RequestRefusal(error)
    }
    return ServerResponse(status: 204)
  }

  /// Verifies a receipt, and that it is of the device that sent it; why it is refused, a sender is not told.
  private func verified(
    _ bytes: [UInt8], from device: RegisteredDevice
  ) throws(RequestRefusal) -> DeviceReceipt {
    do throws(VerificationRefusal) {
      let receipt = try verifier.receipt(in: bytes, signedBy: device.publicKey)
      guard receipt.device == device.id else { throw VerificationRefusal(.deviceMismatch) }
      return receipt
    } catch {
      var refusal = RequestRefusal(403, .receiptRefused, "the receipt is not one that this device signed")
      (refusal.device, refusal.evidence) = (device.id, error.code)
      throw refusal
    }
  }
}
