public import OTACore

/// Decides which envelopes an agent looks at: how it discovers updates, beyond the word of its server.
///
/// Without one the agent takes the envelope from its server, and the manifest's signature alone decides. With one, an
/// envelope that it does not vouch for is never read: `OTAAgentTUF` requires that it is a target of a TUF repository.
/// What it lets pass is verified as every manifest is.
public protocol UpdateDiscovery: Sendable {
  /// Brings what is known about the published updates up to date, before the server is asked.
  ///
  /// Called at every poll, also where the server has no update: so a server that holds updates back is found out.
  ///
  /// - Throws: a ``DiscoveryError``; then the poll has failed, and nothing is asked.
  func refresh() async throws(DiscoveryError)

  /// Fetches the envelope of an update that the server offers.
  ///
  /// - Parameters:
  ///   - updateID: SHA-256 of the envelope, as the server says it; the agent checks it.
  ///   - limit: the largest envelope that the device takes, in bytes.
  /// - Returns: the envelope.
  /// - Throws: a ``DiscoveryError`` if it is not published, or does not arrive.
  func envelope(of updateID: Digest, limit: Int) async throws(DiscoveryError) -> [UInt8]
}

/// Why an update was not discovered.
public struct DiscoveryError: Error, Equatable, Sendable {
  /// The stable number of the error.
  public var code: ErrorCode

  /// Makes an error.
  public init(_ code: ErrorCode) {
    self.code = code
  }
}
