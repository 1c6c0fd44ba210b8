import OTACore

extension TUFFetcher {
  /// Fetches a small file whole; the first byte above the limit ends the transfer.
  func fetch(_ path: String, limit: Int) async throws(TUFError) -> [UInt8] {
    var bytes: [UInt8] = []
    try await fetch(path, limit: Int64(limit)) { (piece) throws(TUFError) in bytes += piece }
    return bytes
  }

  /// Fetches a file piece by piece.
  func fetch(
    _ path: String, limit: Int64, receive: ([UInt8]) throws(TUFError) -> Void
  ) async throws(TUFError) {
    let stream: any TransportStream
    do throws(TUFFetchError) {
      stream = try await open(path)
    } catch {
      switch error {
      case .notFound: throw .missing(file: path)
      case .failed(let error): throw .transport(file: path, error)
      }
    }
    defer { stream.cancel() }
    if let size = stream.totalSize, size > UInt64(limit) { throw .tooLarge(file: path) }
    var count: Int64 = 0
    while true {
      let piece: [UInt8]?
      do throws(TransportError) {
        piece = try await stream.next(limit: 64 << 10)
      } catch {
        throw .transport(file: path, error)
      }
      guard let piece else { return }
      // Not a sum: it could be above what fits.
      guard Int64(piece.count) <= limit - count else { throw .tooLarge(file: path) }
      count += Int64(piece.count)
      try receive(piece)
    }
  }
}
