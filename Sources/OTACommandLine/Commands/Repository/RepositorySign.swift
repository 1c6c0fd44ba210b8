import OTATUF

/// `ota repository sign`: signatures, by keys that are here and by keys that are not.
struct RepositorySign: Command {
  static let name = "repository sign"
  static let abstract = "sign the drafts of a TUF repository"
  static let usage = """
    usage: ota repository sign DIR --key KEY.pem [--key KEY.pem...] [--role NAME] [--json]
           ota repository sign DIR --role NAME --export FILE [--json]
           ota repository sign DIR --role NAME --import FILE --key KEY.pub.pem [--json]

    Signs drafts with every key that signs for them. For a key that is kept elsewhere, --export writes the
    bytes to sign, and --import brings the signature, raw: Ed25519, ECDSA with SHA-256 in DER, or RSA-PSS with
    SHA-256 and a salt of 32 bytes.

      --role NAME    the only role to sign for
      --key FILE     a private key; with --import the public key whose signature it is; may be repeated
      --export FILE  where the bytes to sign go
      --import FILE  a signature
      --json         the state as JSON
    """
  static let example = ["releases", "--role", "root", "--key", "root.pem"]

  private let options: RepositoryOptions
  private let role: String?
  private let exported: String?
  private let imported: String?

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    var (role, exported, imported): (String?, String?, String?)
    options = try RepositoryOptions(arguments: &arguments, takesDays: false) {
      (arguments) throws(UsageError) in
      role = try arguments.option("--role")
      exported = try arguments.option("--export")
      imported = try arguments.option("--import")
    }
    (self.role, self.exported, self.imported) = (role, exported, imported)
    try arguments.finish()
    if exported != nil || imported != nil, role == nil { throw .missingOption("--role") }
    if let exported, imported != nil {
      throw .invalidValue(name: "--export", value: exported, expected: "given without --import")
    }
    if options.keyFiles.isEmpty, exported == nil { throw .missingOption("--key") }
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let named = try explaining(options.folder) { () throws(TUFWriterError) in
      try role.map { (name) throws(TUFWriterError) in try TUFRole(named: name) }
    }
    var writer: TUFRepositoryWriter
    if let exported, let named {
      writer = try options.open()
      let bytes = try explaining(options.folder) { () throws(TUFWriterError) in
        try writer.bytesToSign(for: named)
      }
      try OutputFile.write(bytes.span, to: exported)
    } else if let imported, let named {
      let key = try RepositoryKey.publicKey(reading: options.keyFiles[0])
      let signature = try InputFile.read(imported, limit: 1024)
      writer = try options.open()
      try explaining(imported) { () throws(TUFWriterError) in
        try writer.add(signature: signature, by: key, to: named)
      }
    } else {
      let signers = try options.signers()
      writer = try options.open()
      do throws(TUFWriterError) {
        guard try await !writer.sign(with: signers, only: named).isEmpty else {
          throw .nothingToSign(role: role ?? "these keys")
        }
      } catch {
        throw repositoryFailure(options.folder, error)
      }
    }
    try await options.finish(writer, signers: [], context.console)
    return .done
  }
}
