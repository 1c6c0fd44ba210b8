public import OTACore

/// An HTTP server that takes files by PUT: a WebDAV server, a store of objects.
///
/// It must make folders itself, answer 2xx only when the file is stored, and serve what it has taken at the same address.
public struct TUFTransportDestination: TUFDestination {
  private let transport: any Transport
  private let metadata: String
  private let targets: String

  /// Takes the way to the server.
  ///
  /// - Parameters:
  ///   - transport: a transport to the server of both addresses.
  ///   - metadata: the address below which metadata is served, with a slash at its end or without.
  ///   - targets: the address below which targets are served.
  public init(_ transport: any Transport, metadata: String, targets: String) {
    self.transport = transport
    self.metadata = metadata.hasSuffix("/") ? metadata : metadata + "/"
    self.targets = targets.hasSuffix("/") ? targets : targets + "/"
  }

  private func address(of file: TUFRepositoryFile) -> String {
    switch file {
    case .metadata(let path): metadata + PercentEncoding.encode(path.utf8)
    case .target(let path): targets + PercentEncoding.encodePath(path.utf8)
    }
  }

  /// Reads a file; 403 and 404 say that there is none.
  public func read(_ file: TUFRepositoryFile, limit: Int) async throws(TUFWriterError) -> [UInt8]? {
    do throws(TransportError) {
      let answer = try await transport.exchange(TransportRequest(.get, address(of: file)), limit: limit)
      switch answer.status {
      case 200: return answer.body
      case 403, 404: return nil
      default: throw .status(answer.status)
      }
    } catch {
      if case .responseTooLarge = error { return nil }
      throw .transport(file: file.description, error)
    }
  }

  /// Whether the server has a file of this length; its contents are not fetched.
  public func contains(_ file: TUFRepositoryFile, length: Int64) async throws(TUFWriterError) -> Bool {
    do throws(TransportError) {
      let stream = try await transport.open(address(of: file), from: 0)
      defer { stream.cancel() }
      return stream.totalSize.map { $0 == UInt64(clamping: length) } ?? false
    } catch {
      switch error {
      case .status(403), .status(404): return false
      case .unreachable, .interrupted, .timeout, .status, .responseTooLarge, .rangeIgnored, .malformed:
        throw .transport(file: file.description, error)
      }
    }
  }

  /// Stores a file.
  public func put(_ file: TUFRepositoryFile, _ bytes: [UInt8]) async throws(TUFWriterError) {
    do throws(TransportError) {
      let request = TransportRequest(
        .put, address(of: file), contentType: "application/octet-stream", body: bytes)
      let answer = try await transport.exchange(request, limit: 64 << 10)
      guard (200..<300).contains(answer.status) else { throw .status(answer.status) }
    } catch {
      throw .transport(file: file.description, error)
    }
  }
}
