import OTACore
import OTAServer

func server(_ server: UpdateServer) async {
  // snippet.show
  // In the handler of whatever HTTP server you have:
  let digest = String(repeating: "0", count: 64)
  let request = ServerRequest(method: "GET", path: "/artifacts/\(digest)")
  let response = await server.respond(to: request)
  print(response.status)
  // snippet.hide
}
