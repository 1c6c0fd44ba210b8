public import OTAAgent
public import OTACore
public import OTATUF

/// Lets an agent look only at envelopes that a TUF repository publishes now.
///
/// At every poll the metadata is refreshed; an envelope must be a target of it, and is fetched from the repository with its
/// length and hashes checked as it arrives. TUF says what is published now, and notices who withholds or mixes; the
/// manifest's own signature says what may be installed. Whoever has the keys of one of the two cannot install anything.
///
/// A device needs a clock for this: without one nothing expires, see Docs/TUF.md.
public actor TUFDiscovery: UpdateDiscovery {
  private let client: TUFClient
  private let targets: any TUFFetcher
  private let path: @Sendable (Digest) -> String
  private let time: @Sendable () -> Int64
  private var repository: TUFRepository?

  /// The path of an envelope unless said otherwise: `manifests/`, the identifier of the update in hexadecimal, `.suit`.
  public static func defaultPath(of updateID: Digest) -> String { "manifests/\(updateID).suit" }

  /// Makes a discovery; nothing is fetched yet.
  ///
  /// - Parameters:
  ///   - client: the client of the repository, over a folder of trusted metadata.
  ///   - targets: the way to the repository's targets.
  ///   - path: the path of the envelope of an update.
  ///   - time: the trusted time, in seconds since 1970-01-01T00:00:00Z.
  public init(
    client: TUFClient, targets: any TUFFetcher,
    path: @escaping @Sendable (Digest) -> String = { TUFDiscovery.defaultPath(of: $0) },
    time: @escaping @Sendable () -> Int64
  ) {
    self.client = client
    self.targets = targets
    self.path = path
    self.time = time
  }

  /// Refreshes the metadata.
  public func refresh() async throws(DiscoveryError) {
    // What was found before is not trusted for a moment longer than its successor is.
    repository = nil
    do throws(TUFError) {
      repository = try await client.refresh(at: time())
    } catch {
      throw DiscoveryError(error.code)
    }
  }

  /// Fetches an envelope from the repository.
  public func envelope(of updateID: Digest, limit: Int) async throws(DiscoveryError) -> [UInt8] {
    guard let repository else { throw DiscoveryError(.repositoryRootMissing) }
    do throws(TUFError) {
      let target = try await repository.target(at: path(updateID))
      return try await repository.contents(of: target, from: targets, limit: limit)
    } catch {
      throw DiscoveryError(error.code)
    }
  }
}
