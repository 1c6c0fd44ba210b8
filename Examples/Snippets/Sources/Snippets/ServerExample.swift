// snippet.show
import OTACore
import OTAServer
import OTAServerHTTP
import OTAServerSQLite

/// An update server in one process: a database, a folder of artifacts, and HTTP.
func runServer(device: RegisteredDevice, envelope: [UInt8], payload: [UInt8]) async throws {
  let server = UpdateServer(
    store: try SQLiteStore(path: "updates.sqlite3"), artifacts: try ArtifactStore(directory: "artifacts"))
  try await server.register(device)
  try await server.publish(envelope: envelope, payload: payload)

  let http = try HTTPServer(.init(host: "127.0.0.1", port: 8080)) { request in
    await server.respond(to: request)
  }
  print("listening on port \(http.port)")
  try await Task.sleep(for: .seconds(3600))
  await http.stop()
  for update in try await server.statistics() { print(update) }
}
