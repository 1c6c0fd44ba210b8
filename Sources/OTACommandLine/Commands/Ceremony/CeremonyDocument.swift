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

  /// The envelope of a request, after the bytes to sign were computed from it again.
  ///
  /// - Returns: `nil` if the request is for bytes alone.
  static func signature(
    for request: SigningRequest, by key: PublicKey, path: String
  ) throws(CommandFailure) -> EnvelopeSignature? {
    guard request.kind == .suitManifest else { return nil }
    let signature: EnvelopeSignature
    do throws(ManifestError) {
      signature = try EnvelopeSignature(addingTo: request.document, for: key, limits: limits)
    } catch {
      throw CommandFailure(
        path, why: error.description, remedy: "ask for another request", code: error.code, status: .refused)
    }
    guard signature.signedBytes == request.message else { throw failure(path, .documentMismatch) }
    return signature
  }

  /// The lines that tell a person what an envelope says; `nil` if it says more than this program knows.
  static func summary(of envelope: [UInt8]) -> String? {
    do throws(ManifestError) {
      let parsed = try SUITEnvelope(parsing: envelope.span, limits: limits)
      let suit = try SUITManifest(parsed, of: envelope.span, limits: limits, hash: SodiumSHA256.self)
      return ManifestSummary(try Manifest(suit, limits: limits)).description
    } catch {
      return nil
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
