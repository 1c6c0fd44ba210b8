public import OTACore

/// Why a file of a repository did not come.
public enum TUFFetchError: Error, Equatable, Sendable {
  /// The repository says that it does not have the file. For the next root that is the usual answer.
  case notFound
  /// The transfer failed.
  case failed(TransportError)
}

/// A way to the files of a repository, metadata or targets.
///
/// Nothing that it brings is trusted. It need not count bytes either: the client stops reading at its limits.
public protocol TUFFetcher: Sendable {
  /// Opens a file for reading from its start.
  ///
  /// - Parameter path: the path below the base of the repository, encoded for an address: `1.root.json`, `a%20b/c.bin`.
  /// - Returns: the bytes as they arrive.
  /// - Throws: ``TUFFetchError/notFound`` only if the repository answered that there is no such file.
  func open(_ path: String) async throws(TUFFetchError) -> any TransportStream
}

/// Fetches the files of a repository below an address, over any transport.
public struct TransportFetcher: TUFFetcher {
  private let transport: any Transport
  private let base: String

  /// Takes the way to the server and the address that file names are appended to.
  ///
  /// - Parameters:
  ///   - transport: a transport to the server of `base`.
  ///   - base: the address of a folder, with a slash at its end or without.
  public init(_ transport: any Transport, base: String) {
    self.transport = transport
    self.base = base.hasSuffix("/") ? base : base + "/"
  }

  /// Opens a file; the statuses 403 and 404 are ``TUFFetchError/notFound``.
  ///
  /// Stores of objects answer with 403 where they do not want to tell which files there are.
  public func open(_ path: String) async throws(TUFFetchError) -> any TransportStream {
    do throws(TransportError) {
      return try await transport.open(base + path, from: 0)
    } catch {
      switch error {
      case .status(403), .status(404): throw .notFound
      case .unreachable, .interrupted, .timeout, .status, .responseTooLarge, .rangeIgnored, .malformed:
        throw .failed(error)
      }
    }
  }
}
