import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTAEspressif
import OTAPartition

/// `ota image sign-esp`: a signature under an image of ESP-IDF.
struct EspressifSign: Command {
  static let name = "image sign-esp"
  static let abstract = "sign an application of ESP-IDF"
  static let usage = """
    usage: ota image sign-esp IMAGE --key KEY.pem --out SIGNED [--keep] [--json]

    Signs IMAGE, an application of ESP-IDF, for secure boot v2, after its checksum was checked, and its SHA-256.
    What comes out is what espsecure makes. Up to three keys can sign one image. IMAGE may be '-' for standard
    input.

      --key FILE  the private key: RSA with 3072 bits, P-256 or P-384
      --out FILE  where the signed image goes
      --keep      keep the signatures that IMAGE has; without it they are replaced
      --json      the result as JSON
    """
  static let example = ["app.bin", "--key", "secure-boot.pem", "--out", "app.signed.bin"]

  private struct Result: Encodable {
    var image: String
    var size: Int
    var scheme: String
    var keyDigest: String
  }

  private let path: String
  private let keyPath: String
  private let outputPath: String
  private let keepsOthers: Bool
  private let isJSON: Bool

  init(arguments: inout ArgumentCursor) throws(UsageError) {
    isJSON = try arguments.flag("--json")
    keepsOthers = try arguments.flag("--keep")
    keyPath = try arguments.requiredOption("--key")
    outputPath = try arguments.requiredOption("--out")
    path = try arguments.positional("IMAGE")
    try arguments.finish()
  }

  func run(_ context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let key = try OpenSSLImageKey.privateKey(reading: keyPath)
    let file = try ImageFile(reading: path)
    guard case .espressif(let container, var flash) = file else {
      throw CommandFailure(
        path, why: "\(file.name), not an application of ESP-IDF",
        remedy: "name what elf2image makes; firmware for MCUboot is signed with: ota image sign",
        code: .unsupported)
    }
    let signer: OpenSSLEspressifSigner
    do throws(CryptoError) {
      signer = try OpenSSLEspressifSigner(key)
    } catch {
      throw espressifFailure(keyPath, .crypto(error))
    }
    var bytes = Array(flash.bytes.prefix(Int(container.size)))
    do throws(EspressifError) {
      bytes += try await container.signature(on: &flash, by: signer, keepsOthers: keepsOthers)
    } catch {
      throw espressifFailure(path, error)
    }
    try OutputFile.write(bytes.span, to: outputPath)
    let result = Result(
      image: outputPath, size: bytes.count, scheme: signer.publicKey.scheme.description,
      keyDigest: signer.publicKey.digest.description)
    if isJSON {
      try context.console.printJSON(result)
    } else {
      try context.console.print("image:       \(result.image)")
      try context.console.print("size:        \(result.size) bytes")
      try context.console.print("scheme:      \(result.scheme)")
      try context.console.print("key digest:  \(result.keyDigest)")
    }
    return .done
  }
}
