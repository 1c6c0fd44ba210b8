import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import OTAManifest

/// What the commands of a ceremony have in common.
enum CeremonyDocument {
  /// The files themselves are hexadecimal.
  static let fileLimit = 1 << 20

  /// The limits for envelopes that people look at: whatever a device would take.
  static let limits = Limits(imageSize: .max, payloadSize: .max, decoderMemory: .max)

  /// What checks signatures.
  static let verifier = CryptoBackends([.openSSL, .sodium])

  static func request(reading path: String) throws(CommandFailure) -> SigningRequest {
    let text = try InputFile.read(path, limit: fileLimit)
    do throws(CeremonyError) {
      let request = try SigningRequest(text: text)
      return request
    } catch {
      throw failure(path, error)
    }
  }

  static func failure(_ path: String, _ error: CeremonyError) -> CommandFailure {
    let (status, remedy): (ExitStatus, String) =
      switch error {
      case .malformed: (.failed, "see Docs/KeyCeremony.md for the form")
      case .otherKey: (.refused, "check which key it was made for")
      case .otherRequest: (.refused, "bring request and answer together that belong together")
      case .signatureRefused: (.refused, "do not use it; ask for another answer")
      case .documentMismatch: (.refused, "do not sign it; ask who made it")
      }
    return CommandFailure(path, why: error.description, remedy: remedy, code: error.code, status: status)
  }
}
