import OTACore

/// A download in progress; ends when the last reference to it is dropped.
final class HTTPStream: TransportStream {
  private let transfer: Transfer
  private let loop: TransferLoop

  init(_ transfer: Transfer, on loop: TransferLoop) {
    self.transfer = transfer
    self.loop = loop
  }

  deinit {
    cancel()
  }

  var totalSize: UInt64? { transfer.totalSize }

  /// Waits until the server's answer has been accepted.
  func waitForHead() async throws(TransportError) {
    try await transfer.head(on: loop)
  }

  /// Waits for the next bytes, at most `limit` of them.
  ///
  /// - Precondition: `limit` is above zero, and the call before has ended.
  func next(limit: Int) async throws(TransportError) -> [UInt8]? {
    precondition(limit > 0, "a limit of no bytes would never end")
    return try await transfer.bytes(limit: limit, on: loop)
  }

  func cancel() {
    transfer.end(.cancelled)
    loop.remove(transfer)
  }
}
