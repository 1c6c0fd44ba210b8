import OTACore
import OTAServer
import OTAServerHTTP
import OTAServerSQLite

/// `ota server run`: the update server as one process.
struct ServerRun: Command {
  static let name = "server run"
  static let abstract = "run an update server"
  static let usage = """
    usage: ota server run --listen HOST:PORT --data DIR [--database sqlite:PATH] [--trust-set FILE]... [--json]

    Serves updates to devices over HTTP until SIGINT or SIGTERM; then it lets running requests end. Prints its
    address when it is ready. DIR is made if it is missing; it keeps the artifacts, and the database unless
    told otherwise. The server holds no signing key, and devices do not trust it. It has no TLS of its own: put
    a proxy in front of it where devices are not on the same machine or network.

      --listen HOST:PORT      where to listen; port 0 is any that is free
      --data DIR              the folder for artifacts and database
      --database sqlite:PATH  the database; DIR/server.sqlite3 by default
      --trust-set FILE        a signed set of trust anchors for devices that have the one before it; once for each
      --json                  the address as JSON
    """
  static let example = [
    "--listen", "127.0.0.1:8080", "--data", "/var/lib/ota", "--trust-set", "set2.trust",
  ]

  private struct Result: Encodable {
    var address: String
    var port: UInt16
    var data: String
    var database: String
    var trustSets: [UInt64]
  }

  private let listen: ListenAddress
  private let directory: String
  private let database: String
  private let trustPaths: [String]
  private let isJSON: Bool

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    let address = try arguments.requiredOption("--listen")
    directory = try arguments.requiredOption("--data")
    let databaseOption = try arguments.option("--database")
    trustPaths = try arguments.options("--trust-set")
    listen = try ListenAddress(option: address)
    guard !directory.isEmpty else {
      throw .invalidValue(name: "--data", value: directory, expected: "the path of a folder")
    }
    database = try Self.databasePath(option: databaseOption) ?? "\(directory)/server.sqlite3"
    try arguments.finish()
  }

  /// The path in the value of `--database`.
  private static func databasePath(option: String?) throws(UsageError) -> String? {
    guard let option else { return nil }
    guard option.hasPrefix("sqlite:"), option.count > "sqlite:".count else {
      throw .invalidValue(
        name: "--database", value: option, expected: "sqlite:PATH (other databases are not in this build)")
    }
    return String(option.dropFirst("sqlite:".count))
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let signals = StopSignals()
    let trustSets = try TrustSets(reading: trustPaths)
    let server = try await makeServer(trustSets)
    let http: HTTPServer
    do throws(HTTPServerError) {
      http = try HTTPServer(HTTPServer.Configuration(host: listen.host, port: listen.port)) { request in
        await server.respond(to: request)
      }
    } catch {
      throw explained("server run", error.description, code: error.code, status: .unavailable)
    }
    do throws(CommandFailure) {
      try announce(context.console, port: http.port, trustSets)
    } catch {
      // Nobody can know where it listens; it must not go on in the dark.
      await http.stop()
      throw error
    }
    _ = await signals.wait()
    context.console.note("stopping: running requests may end")
    await http.stop()
    return .done
  }

  private func makeServer(_ trustSets: TrustSets) async throws(CommandFailure) -> UpdateServer {
    try Folder.make(directory)
    do throws(StoreError) {
      let artifacts = try ArtifactStore(directory: directory + "/artifacts")
      return UpdateServer(
        store: try SQLiteStore(path: database), artifacts: artifacts, trustSets: { trustSets[$0] })
    } catch {
      let status: ExitStatus =
        switch error {
        case .busy: .unavailable
        default: .inputOutput
        }
      throw explained("server run", error.description, code: error.code, status: status)
    }
  }

  private func announce(
    _ console: Console, port: UInt16, _ trustSets: TrustSets
  ) throws(CommandFailure) {
    let address = listen.url(port: port)
    if isJSON {
      try console.printJSON(
        Result(
          address: address, port: port, data: directory, database: database, trustSets: trustSets.numbers))
    } else {
      try console.print("listening on \(address)")
    }
  }
}

/// A failure from the description of a library's error, which says what happened and what to do, divided by a
/// semicolon.
func explained(_ what: String, _ description: String, code: ErrorCode, status: ExitStatus) -> CommandFailure {
  let parts = description.split(separator: "; ", maxSplits: 1)
  return CommandFailure(
    what, why: parts.first.map(String.init) ?? description,
    remedy: parts.count > 1 ? String(parts[1]) : "see Docs/ErrorCodes.md", code: code, status: status)
}
