import OTACore
import OTACrypto
import OTACryptoOpenSSL
import OTACryptoSodium
import OTAManifest

/// What the commands for manifests share.
enum ManifestFile {
  /// What is accepted: payloads may travel in an envelope, so it may be large.
  static let limits = Limits(
    envelopeSize: 256 << 20, nestingDepth: 16, itemCount: 1 << 16, stringSize: 1 << 16, imageSize: .max,
    payloadSize: .max, decoderMemory: .max)

  /// The backends for signatures on manifests.
  typealias Verifier = VerifierPair<SodiumVerifier, VerifierPair<OpenSSLVerifier, HSSVerifier<SodiumSHA256>>>

  static var verifier: Verifier {
    VerifierPair(SodiumVerifier(), VerifierPair(OpenSSLVerifier(), HSSVerifier(SodiumSHA256.self)))
  }

  /// Reads an envelope.
  ///
  /// - Throws: what `InputFile` throws.
  static func read(_ path: String) throws(CommandFailure) -> [UInt8] {
    try InputFile.read(path, limit: limits.envelopeSize)
  }

  /// Decodes an envelope, whatever it says, and holds its digests against its parts.
  ///
  /// - Throws: status ``ExitStatus/failed`` if it is no envelope, ``ExitStatus/refused`` if a digest is wrong.
  static func decode(_ bytes: [UInt8], _ path: String) throws(CommandFailure) -> SUITDocument {
    do throws(ManifestError) {
      let document = try SUITDocument(decoding: bytes, limits: limits)
      try document.checkDigests()
      return document
    } catch {
      throw failure(path, error)
    }
  }

  /// What was checked and is wrong is a refusal; what cannot be read at all is a failure.
  static func failure(_ path: String, _ error: ManifestError) -> CommandFailure {
    let (status, remedy): (ExitStatus, String) =
      switch error {
      case .crypto(.unavailable): (.unavailable, "check that libsodium and libcrypto are intact")
      case .crypto, .thresholdNotMet, .digestMismatch: (.refused, "do not use it unless you know who made it")
      case .sequenceNumberReplayed: (.refused, "look for a newer one")
      case .limitExceeded: (.failed, "make it smaller")
      default: (.failed, "check that it is a SUIT envelope; see Docs/ManifestFormat.md")
      }
    return CommandFailure(path, why: error.description, remedy: remedy, code: error.code, status: status)
  }
}
