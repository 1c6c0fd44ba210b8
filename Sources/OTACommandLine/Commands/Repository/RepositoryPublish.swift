import OTACore
import OTATUF
import OTATransportHTTP

/// `ota repository publish`: from drafts to what clients find.
struct RepositoryPublish: Command {
  static let name = "repository publish"
  static let abstract = "publish the drafts of a TUF repository"
  static let usage = """
    usage: ota repository publish DIR [--key KEY.pem...] [--days ROLE=N] [--to PLACE] [--json]

    Makes the snapshot and a new timestamp, signs all drafts with the keys that are named, and shows them to
    clients: new files first, the timestamp last, so that clients see no cut. Run it again before the timestamp
    expires. With --to, another place is then brought to the same state, in the same order. With neither drafts
    nor keys only that is done. Missing signatures are status 1; the drafts are kept.

      --key FILE     a private key that signs; may be repeated
      --days ROLE=N  how long metadata is valid: snapshot 7, timestamp 1
      --to PLACE     a folder, or an address to which files can be PUT; metadata/ and targets/ are below it
      --json         the state as JSON
    """
  static let example = ["releases", "--key", "online.pem", "--to", "https://updates.example.com/tuf"]

  private let options: RepositoryOptions
  private let place: String?

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    var place: String?
    options = try RepositoryOptions(arguments: &arguments) { (arguments) throws(UsageError) in
      place = try arguments.option("--to")
    }
    self.place = place
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let signers = try options.signers()
    let destination = try destination()
    var writer = try options.open()
    let isToPublish = try explaining(options.folder) { () throws(TUFWriterError) in
      guard destination != nil, signers.isEmpty else { return true }
      return try !writer.pending().isEmpty
    }
    do throws(TUFWriterError) {
      if isToPublish { try await writer.publish(at: RepositoryOptions.now, signers: signers) }
    } catch {
      throw repositoryFailure(options.folder, error)
    }
    do throws(TUFWriterError) {
      if let destination { try await writer.mirror(to: destination) }
    } catch {
      throw repositoryFailure(place ?? options.folder, error)
    }
    try RepositoryReport.print(writer, of: options, to: context.console)
    return .done
  }

  private func destination() throws(CommandFailure) -> (any TUFDestination)? {
    guard let place else { return nil }
    guard place.hasPrefix("http://") || place.hasPrefix("https://") else {
      return try explaining(place) { () throws(TUFWriterError) in try TUFFolderDestination(path: place) }
    }
    let base = place.hasSuffix("/") ? place : place + "/"
    // An image may take its time.
    let configuration = HTTPTransport.Configuration(exchangeTimeoutMilliseconds: 3_600_000)
    let transport = try TUFCommand.transport(base, option: "--to", configuration)
    return TUFTransportDestination(transport, metadata: base + "metadata", targets: base + "targets")
  }
}
