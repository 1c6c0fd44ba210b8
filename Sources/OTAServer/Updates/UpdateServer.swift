import Foundation
public import OTACore

/// The update server as plain functions from request to response, over a store and a folder of artifacts.
///
/// Mount ``respond(to:)`` in any HTTP server; `OTAServerHTTP` is one. Routes, documents and codes are described in
/// Docs/ServerAPI.md. No input makes it trap; nothing in it blocks longer than the store and the disk do.
public struct UpdateServer: Sendable {
  /// What an operator may set.
  public struct Configuration: Equatable, Sendable {
    /// When devices should ask again, in seconds.
    public var pollSeconds: UInt32
    /// The largest body of a request, in bytes.
    public var bodyLimit: Int
    /// The largest signed receipt, in bytes.
    public var receiptLimit: Int

    /// Makes a configuration.
    public init(pollSeconds: UInt32 = 3600, bodyLimit: Int = 64 << 10, receiptLimit: Int = 4 << 10) {
      self.pollSeconds = pollSeconds
      self.bodyLimit = bodyLimit
      self.receiptLimit = receiptLimit
    }
  }

  let store: any ServerStore
  let artifacts: ArtifactStore
  let verifier: any ServerVerifier
  let configuration: Configuration
  /// What was refused that looks like an attack.
  public let alarms: ThreatAlarms
  /// The signed set of trust anchors with a number, if there is one.
  let trustSets: @Sendable (UInt64) -> [UInt8]?
  let now: @Sendable () -> Timestamp

  /// Makes a server.
  ///
  /// - Parameters:
  ///   - store: where registry, updates and reports are kept.
  ///   - artifacts: where manifests and payloads are kept.
  ///   - verifier: reads manifests and verifies receipts; by default SUIT and COSE, without checking who published.
  ///   - configuration: what an operator may set.
  ///   - alarms: counts what is refused and looks like an attack.
  ///   - trustSets: gives out the signed sets of trust anchors by their numbers, from the second on, as
  ///     `TrustAnchors.signed(by:)` makes them; none by default. Devices verify them.
  ///   - now: the clock, in UTC; the system's by default.
  public init(
    store: any ServerStore, artifacts: ArtifactStore,
    verifier: any ServerVerifier = SUITServerVerifier(publishers: nil),
    configuration: Configuration = Configuration(), alarms: ThreatAlarms = ThreatAlarms(),
    trustSets: @escaping @Sendable (UInt64) -> [UInt8]? = { _ in nil },
    now: @escaping @Sendable () -> Timestamp = UpdateServer.systemTime
  ) {
    self.store = store
    self.artifacts = artifacts
    self.verifier = verifier
    self.configuration = configuration
    self.alarms = alarms
    self.trustSets = trustSets
    self.now = now
  }

  /// The time of the system's clock.
  public static func systemTime() -> Timestamp {
    Timestamp(secondsSince1970: Int64(Date().timeIntervalSince1970))
  }

  /// Where a device gets the artifact with this digest, relative to the server: for the payload's URI in a manifest.
  public static func artifactReference(_ digest: Digest) -> String {
    artifactPrefix + String(hexadecimal: digest.bytes)
  }

  static let artifactPrefix = "/artifacts/"
  static let trustPrefix = "/api/v1/trust/"

  /// Answers a request.
  ///
  /// - Returns: the response, also to what is refused; see ``ServerResponse`` about `HEAD`.
  public func respond(to request: ServerRequest) async -> ServerResponse {
    do throws(RequestRefusal) {
      guard request.body.count <= configuration.bodyLimit else { throw .bodyTooLarge }
      switch request.path {
      case "/api/v1/updates/check":
        try request.require(["POST"])
        return try await check(request)
      case "/api/v1/updates/report":
        try request.require(["POST"])
        return try await report(request)
      case let path where path.hasPrefix(UpdateServer.artifactPrefix):
        try request.require(["GET", "HEAD"])
        return try artifact(request, named: path.dropFirst(UpdateServer.artifactPrefix.count))
      case let path where path.hasPrefix(UpdateServer.trustPrefix):
        try request.require(["GET", "HEAD"])
        return try trustSet(numbered: path.dropFirst(UpdateServer.trustPrefix.count))
      default:
        throw RequestRefusal(404, .requestMalformed, "there is nothing here")
      }
    } catch {
      return watched(error).response
    }
  }

  /// `GET` and `HEAD /api/v1/trust/{number}`.
  private func trustSet(numbered text: Substring) throws(RequestRefusal) -> ServerResponse {
    // One form for each number: digits, and no zero in front.
    guard let number = UInt64(text), String(number) == text, let set = trustSets(number) else {
      throw RequestRefusal(404, .unknownArtifact, "there is no such set of trust anchors")
    }
    var headers = HeaderFields()
    headers.append("Content-Type", "application/octet-stream")
    return ServerResponse(status: 200, headers: headers, body: .bytes(set))
  }

  /// Counts a refusal, and asks a peer for patience that has earned many.
  private func watched(_ refusal: RequestRefusal) -> RequestRefusal {
    let peer = refusal.device.map { ThreatAlarms.peer($0) } ?? 0
    let seconds = alarms.note(refusal.evidence ?? refusal.code, from: peer, at: now())
    guard seconds > 0 else { return refusal }
    var refusal = refusal
    refusal.headers.append("Retry-After", String(seconds))
    return refusal
  }
}

/// Why a request is not answered as asked.
struct RequestRefusal: Error {
  let status: Int
  let code: ErrorCode
  let message: String
  var headers = HeaderFields()
  /// The registered device that it is about.
  var device: UniversalIdentifier?
  /// The true reason, where the sender is told another one.
  var evidence: ErrorCode?

  init(_ status: Int, _ code: ErrorCode, _ message: String) {
    self.status = status
    self.code = code
    self.message = message
  }

  static var bodyTooLarge: RequestRefusal {
    RequestRefusal(413, .requestTooLarge, "the body is larger than this server accepts")
  }

  /// What a device is told when the store fails: the code, but neither paths nor the system's error numbers.
  init(_ error: StoreError) {
    switch error {
    case .unknownDevice: self.init(404, .unknownDevice, "this device is not registered")
    case .unknownUpdate: self.init(404, .unknownUpdate, "this update is not published")
    case .valueOutOfRange: self.init(400, .limitExceeded, "a number is larger than this server can keep")
    default:
      self.init(503, error.code, "the server cannot read or keep its records now; try again later")
      headers.append("Retry-After", "10")
    }
  }

  var response: ServerResponse {
    .error(status: status, code: code, message: message, headers: headers)
  }
}

extension ServerRequest {
  /// Refuses every method but these.
  func require(_ methods: [String]) throws(RequestRefusal) {
    guard methods.contains(method) else {
      var refusal = RequestRefusal(405, .requestMalformed, "this method is not allowed here")
      refusal.headers.append("Allow", methods.joined(separator: ", "))
      throw refusal
    }
  }

  /// Reads the body as a JSON document.
  func decode<Document: Decodable>(_ type: Document.Type) throws(RequestRefusal) -> Document {
    do {
      return try JSONDecoder().decode(type, from: Data(body))
    } catch {
      // The decoder's own text is left out: it may quote the body, and changes with the version of Foundation.
      throw RequestRefusal(400, .requestMalformed, "the body is not the JSON document that belongs here")
    }
  }
}
