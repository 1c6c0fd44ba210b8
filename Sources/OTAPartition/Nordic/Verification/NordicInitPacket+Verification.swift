public import OTACrypto

/// A backend that checks signatures of init packets with the one key that it trusts; packets do not name keys.
///
/// `OTANordicDFU` has one over libcrypto.
public protocol NordicSignatureVerifier: Sendable {
  /// Checks a signature of ECDSA on P-256 with SHA-256 and returns only if it is good.
  ///
  /// - Parameters:
  ///   - signature: r and s, 32 bytes each, most significant byte first: already turned around.
  ///   - message: what was signed.
  /// - Throws: `CryptoError.authenticationFailed` if it is not good; `CryptoError.unavailable` if the backend could not
  ///   start.
  func verify(signature: Span<UInt8>, of message: Span<UInt8>) throws(CryptoError)
}

extension NordicInitPacket {
  /// Checks the signature over the command, and then parses the very bytes that were signed.
  ///
  /// - Parameter verifier: checks the signature with the key that is trusted.
  /// - Returns: the proof, with the command.
  /// - Throws: ``NordicError/signatureMissing``, ``NordicError/unsupportedSignature``; ``NordicError/crypto(_:)``, with
  ///   `CryptoError.authenticationFailed` also for a signature of another length; then what
  ///   ``NordicInitCommand/init(parsing:)`` throws.
  public func verify(_ verifier: some NordicSignatureVerifier) throws(NordicError) -> VerifiedNordicCommand {
    guard let signatureType, let signature else { throw .signatureMissing }
    guard signatureType == .ecdsaP256SHA256 else { throw .unsupportedSignature }
    guard signature.span.count == 64 else { throw .crypto(.authenticationFailed) }
    let turned = signature.reversedHalves
    do throws(CryptoError) {
      try verifier.verify(signature: turned.span, of: commandBytes)
    } catch {
      throw .crypto(error)
    }
    return VerifiedNordicCommand(try NordicInitCommand(parsing: commandBytes))
  }
}

/// A command whose signature was checked, with a key that is trusted.
///
/// Made by ``NordicInitPacket/verify(_:)`` only. That the firmware is the one that it describes is for
/// ``NordicInitCommand/requireFirmware(size:digest:)`` to say.
public struct VerifiedNordicCommand: ~Copyable, Sendable {
  /// What was signed.
  public let command: NordicInitCommand

  init(_ command: NordicInitCommand) { self.command = command }
}
