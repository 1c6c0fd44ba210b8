import Glibc
import OTACore
import OTATUF
import OTATransportHTTP
import Synchronization

/// `ota tuf`: a client of a TUF repository.
///
/// Its options stand before the word that says what to do, and it ends with status 1 for every failure: so the protocol
/// wants it that conformance suites for TUF clients speak (Docs/TUF.md).
struct TUFCommand: Command {
  static let name = "tuf"
  static let abstract = "fetch verified files from a TUF repository"
  static let usage = """
    usage: ota tuf --metadata-dir DIR init ROOT
           ota tuf --metadata-dir DIR --metadata-url URL refresh
           ota tuf --metadata-dir DIR --metadata-url URL --target-name PATH [--target-name PATH...]
             --target-base-url URL --target-dir DIR download

    init puts the root metadata that is trusted from the start into a folder. refresh brings the metadata of
    the repository up to date. download does so too, and then fetches targets in the order in which they are
    named, each under its path in percent-encoding; what is there already is not fetched again. Ends with
    status 1 if anything is refused or fails; what was trusted before still is.

      --metadata-dir DIR     the folder of trusted metadata; init makes it if it is missing
      --metadata-url URL     the address of the repository's metadata
      --target-name PATH     a target; may be repeated
      --target-base-url URL  the address of the repository's targets
      --target-dir DIR       where targets go; made if it is missing
    """
  static let example = [
    "--metadata-dir", "trust", "--metadata-url", "https://updates.example.com/metadata", "--target-name",
    "board/app.bin", "--target-base-url", "https://updates.example.com/targets", "--target-dir", "downloads",
    "download",
  ]

  private enum Action: Sendable {
    case initialize(root: String)
    case refresh(metadata: String)
    case download(metadata: String, targets: String, names: [String], folder: String)
  }

  /// The transports of this process, which live as long as it does.
  ///
  /// libcrypto frees what it keeps for a thread when the thread ends, and everything when the process does. A network
  /// thread that ends because its transport does, while the process is ending, makes it free the same memory twice.
  private static let transports = Mutex<[HTTPTransport]>([])

  private let folder: String
  private let action: Action

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    folder = try arguments.requiredOption("--metadata-dir")
    let metadata = try arguments.option("--metadata-url")
    let names = try arguments.options("--target-name")
    let targets = try arguments.option("--target-base-url")
    let targetFolder = try arguments.option("--target-dir")
    let word = try arguments.positional("init, refresh or download")
    switch word {
    case "init":
      action = .initialize(root: try arguments.positional("ROOT"))
    case "refresh":
      action = .refresh(metadata: try Self.required(metadata, "--metadata-url"))
    case "download":
      guard !names.isEmpty else { throw .missingOption("--target-name") }
      action = .download(
        metadata: try Self.required(metadata, "--metadata-url"),
        targets: try Self.required(targets, "--target-base-url"), names: names,
        folder: try Self.required(targetFolder, "--target-dir"))
    default:
      throw .invalidValue(name: "the command", value: word, expected: "init, refresh or download")
    }
    try arguments.finish()
  }

  private static func required(_ value: String?, _ name: String) throws(UsageError) -> String {
    guard let value else { throw .missingOption(name) }
    return value
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    do throws(CommandFailure) {
      try await perform(context.console)
    } catch {
      var failure = error
      failure.status = .failed
      throw failure
    }
    return .done
  }

  private func perform(_ console: Console) async throws(CommandFailure) {
    switch action {
    case .initialize(let path):
      let root = try InputFile.read(path, limit: Limits().repository.rootSize)
      try Folder.make(folder)
      try await explaining { () throws(TUFError) in
        try TUFClient.initialize(try MetadataFolder(path: folder), root: root)
      }
      try console.print("\(folder): trusts \(path)")
    case .refresh(let address):
      let repository = try await refresh(address)
      try console.print("root \(repository.rootVersion), targets \(repository.targetsVersion)")
    case .download(let address, let targets, let names, let targetFolder):
      let fetcher = try Self.fetcher(targets, option: "--target-base-url")
      let repository = try await refresh(address)
      try Folder.make(targetFolder)
      try await download(names, of: repository, from: fetcher, to: targetFolder, console)
    }
  }

  private func refresh(_ address: String) async throws(CommandFailure) -> TUFRepository {
    let fetcher = try Self.fetcher(address, option: "--metadata-url")
    return try await explaining { () throws(TUFError) in
      let client = TUFClient(folder: try MetadataFolder(path: folder), fetcher: fetcher)
      return try await client.refresh(at: Int64(time(nil)))
    }
  }

  /// Fetches targets one after the other; stops at the first that fails.
  private func download(
    _ names: [String], of repository: TUFRepository, from fetcher: any TUFFetcher, to path: String,
    _ console: Console
  ) async throws(CommandFailure) {
    let folder = try await explaining { () throws(TUFError) in try TargetFolder(path: path) }
    for name in names {
      let line = try await explaining { () throws(TUFError) in
        let target = try await repository.target(at: name)
        let isNew = try await repository.download(target, from: fetcher, into: folder)
        return "\(try folder.path(of: target)): \(target.length) bytes\(isNew ? "" : ", was there")"
      }
      try console.print(line)
    }
  }

  private static func fetcher(_ address: String, option: String) throws(CommandFailure) -> TransportFetcher {
    // Slower than this, and somebody keeps the device busy for hours with one file.
    let configuration = HTTPTransport.Configuration(stallBytesPerSecond: 1000)
    return TransportFetcher(try transport(address, option: option, configuration), base: address)
  }

  /// A transport to an address that was given, which lives as long as the process.
  static func transport(
    _ address: String, option: String, _ configuration: HTTPTransport.Configuration
  ) throws(CommandFailure) -> HTTPTransport {
    do throws(TransportError) {
      let transport = try HTTPTransport(base: address, configuration: configuration)
      transports.withLock { $0.append(transport) }
      return transport
    } catch {
      throw CommandFailure(
        option, why: "'\(address)' is no address", remedy: "give an http or https address", code: error.code)
    }
  }

  /// Runs a part of the work, and puts its error into words.
  private func explaining<Value: Sendable>(
    _ body: () async throws(TUFError) -> Value
  ) async throws(CommandFailure) -> Value {
    do throws(TUFError) {
      return try await body()
    } catch {
      throw explained("tuf", error.description, code: error.code, status: .failed)
    }
  }
}
