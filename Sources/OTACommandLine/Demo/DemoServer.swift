import OTACore
import OTACrypto
import OTAServer
import OTAServerHTTP
import OTAServerSQLite
import OTATransportHTTP

/// The real update server on loopback, with a database and a folder of artifacts of its own.
struct DemoServer: Sendable {
  let updates: UpdateServer
  let transport: HTTPTransport
  let address: String
  private let http: HTTPServer

  /// Starts a server on a free port.
  ///
  /// - Parameters:
  ///   - folder: where database and artifacts go.
  ///   - publishers: the keys whose manifests may be published.
  /// - Throws: a failure with what could not be started.
  init(in folder: String, publishers: TrustStore) throws(CommandFailure) {
    let updates = try demoStep("update server") {
      UpdateServer(
        store: try SQLiteStore(path: folder + "/server.sqlite"),
        artifacts: try ArtifactStore(directory: folder + "/artifacts"),
        verifier: SUITServerVerifier(publishers: publishers))
    }
    self.updates = updates
    let http = try demoStep("update server") {
      try HTTPServer(HTTPServer.Configuration(host: "127.0.0.1", port: 0)) { await updates.respond(to: $0) }
    }
    self.http = http
    let address = "http://127.0.0.1:\(http.port)"
    self.address = address
    transport = try demoStep("transport") { try HTTPTransport(base: address) }
  }

  /// Publishes a release.
  func publish(_ release: DemoRelease) async throws(CommandFailure) {
    _ = try await demoStep("publication") {
      try await updates.publish(envelope: release.envelope, payload: release.payload)
    }
  }

  /// Enrols a device.
  func register(_ device: DemoDevice) async throws(CommandFailure) {
    try await demoStep("registration") { try await updates.register(device.registration) }
  }

  /// What the server knows of an update on a device.
  func deployment(
    of update: Digest, on device: DemoDevice
  ) async throws(CommandFailure) -> Deployment? {
    let deployments = try await demoStep("server records") {
      try await updates.deployments(of: device.profile.deviceID)
    }
    return deployments.first { $0.update == update }
  }

  /// Stops listening, after what is running.
  func stop() async { await http.stop() }
}
