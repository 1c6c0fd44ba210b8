import OTAServer
import OTAServerHTTP

func serverHTTP(_ server: UpdateServer) async throws {
  // snippet.show
  let http = try HTTPServer(.init(host: "127.0.0.1", port: 0)) { request in
    await server.respond(to: request)
  }
  print("listening on port \(http.port)")
  await http.stop(gracePeriod: .seconds(5))
  // snippet.hide
}
